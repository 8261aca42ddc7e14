"""A TCP proxy on this machine that does to connections what bad networks do, by a plan that a seed draws.

Each direction of each connection has its own plan: what happens at which byte. The plan does not depend on how the
bytes happen to be grouped, so a seed gives the same faults at the same places of the same traffic.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from enum import StrEnum


class Fault(StrEnum):
    DELAY = "delay"
    """Some milliseconds."""
    SLICE = "slice"
    """The next bytes arrive one by one."""
    STALL = "stall"
    """Longer than a turn may take."""
    CUT = "cut"
    """Both sides see an orderly end, somewhere within a message."""
    RESET = "reset"
    """Both sides see a reset."""


SLICED_BYTES = 24
RARELY_CUT: Mapping[Fault, float] = {
    Fault.DELAY: 10.0,
    Fault.SLICE: 10.0,
    Fault.STALL: 1.0,
    Fault.CUT: 1.0,
    Fault.RESET: 1.0,
}


def planned(seed: str, weights: Mapping[Fault, float], gap_bytes: float) -> Iterator[tuple[int, Fault]]:
    """At which byte what happens, without end; ``gap_bytes`` lie between two faults on average."""
    chance = random.Random(seed)
    at = 0
    while True:
        at += 1 + int(chance.expovariate(1 / gap_bytes))
        yield at, chance.choices(list(weights), list(weights.values()))[0]


class _Ended(Exception):
    pass


class Proxy:
    """``port`` is where it listens; ``done`` counts the faults that happened."""

    def __init__(
        self, target: tuple[str, int], seed: str, weights: Mapping[Fault, float], gap_bytes: float, stall_s: float
    ) -> None:
        self.done: Counter[Fault] = Counter()
        self.port = 0
        self.connections = 0
        self._target = target
        self._seed = seed
        self._weights = weights
        self._gap_bytes = gap_bytes
        self._stall_s = stall_s
        self._running: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        n, self.connections = self.connections, self.connections + 1
        try:
            their_reader, their_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        both = (writer, their_writer)
        ways = ((reader, their_writer, "up"), (their_reader, writer, "down"))
        passing = [asyncio.create_task(self._pass_on(r, w, f"{self._seed}/{n}/{way}", both)) for r, w, way in ways]
        try:
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in passing:
                one.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
            for each in both:
                each.close()
            self._running.discard(task)

    async def stop(self) -> None:
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        seed: str,
        both: tuple[asyncio.StreamWriter, ...],
    ) -> None:
        plan = planned(seed, self._weights, self._gap_bytes)
        (due, fault), at, sliced = next(plan), 0, 0
        with suppress(OSError, _Ended):
            while data := await reader.read(65_536):
                while data:
                    size = min(len(data), due - at, 1 if sliced else len(data))
                    writer.write(data[:size])
                    await writer.drain()
                    data, at = data[size:], at + size
                    if sliced:
                        sliced -= 1
                        await asyncio.sleep(0)
                    if at == due:
                        self.done[fault] += 1
                        if fault is Fault.SLICE:
                            sliced = SLICED_BYTES
                        await self._do(fault, random.Random(f"{seed}/{at}"), both)
                        due, fault = next(plan)

    async def _do(self, fault: Fault, chance: random.Random, both: tuple[asyncio.StreamWriter, ...]) -> None:
        match fault:
            case Fault.DELAY:
                await asyncio.sleep(chance.uniform(0.001, 0.02))
            case Fault.STALL:
                await asyncio.sleep(self._stall_s)
            case Fault.CUT:
                raise _Ended
            case Fault.RESET:
                for writer in both:
                    at_once = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                    writer.transport.abort()
                raise _Ended
            case Fault.SLICE:
                pass


@asynccontextmanager
async def proxied(
    url: str,
    seed: str,
    weights: Mapping[Fault, float] = RARELY_CUT,
    gap_bytes: float = 1_500.0,
    stall_s: float = 1.2,
) -> AsyncIterator[tuple[str, Proxy]]:
    """A proxy before the server at ``url``: its own URL, and itself."""
    host, port = url.removeprefix("ws://").split(":")
    proxy = Proxy((host, int(port)), seed, weights, gap_bytes, stall_s)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{proxy.port}", proxy
    finally:
        server.close()
        await proxy.stop()
        await server.wait_closed()
