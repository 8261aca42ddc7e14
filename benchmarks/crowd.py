"""Everybody comes back at once: thousands of people at tables whose connections all break in one moment.

Each holds one seat of a Werewolf match that is under way, over a socket of their own. After the break everybody
connects, says hello and resumes with the token and the number of the first event that is missing. ``resume_s`` is from
the first of these connections to the answer of the last, the clients' own work included, for they share the machine;
``bare_s`` is what the same clients take to connect and say hello to the bare ``websockets`` library. Before they sit
down, ``kib_per_idle_connection`` is what the server holds for each.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.report import arguments, report
from benchmarks.serving.bare import bare
from benchmarks.serving.known import GAME, SEATS
from benchmarks.serving.ours import ours
from benchmarks.serving.process import ServerProcess
from benchmarks.serving.sockets import Socket, open_socket

_AT_ONCE: Final = 100
"""Connections under way together: what a listening socket queues."""
_BREATH_S: Final = 2.0
"""Time for a server to see that everybody has gone."""


@dataclass(frozen=True, slots=True)
class Size:
    people: int = 5_000
    rounds: int = 3


QUICK = Size(people=350, rounds=1)


class Person:
    """One socket at a time, and what is needed to come back: room, token, and how many events were heard."""

    def __init__(self) -> None:
        self.room = self.token = ""
        self.heard = 0
        self._socket: Socket
        self._wanted = b""
        self._answer: asyncio.Future[dict[str, Any]]

    async def connect(self, url: str) -> None:
        self._socket = await open_socket(url)
        self._socket.on_message = self._hear
        await self.ask("welcomed", type="hello", name="player")

    async def sit(self, room: str, seat: int) -> None:
        joined = await self.ask("room_joined", type="join_room", room=room, seat=seat)
        self.room, self.token = room, joined["resume_token"]

    async def resume(self, url: str) -> None:
        await self.connect(url)
        since = self.heard
        joined = await self.ask("room_joined", type="resume_seat", room=self.room, token=self.token, since=since)
        assert joined["since"] == since, "no event is sent again"

    async def ask(self, kind: str, **message: Any) -> dict[str, Any]:
        self._wanted = b'{"type":"%s"' % kind.encode()
        self._answer = asyncio.get_running_loop().create_future()
        self._socket.send(json.dumps(message).encode())
        return await self._answer

    def break_off(self) -> None:
        self._socket.abort()

    def _hear(self, message: bytes) -> None:
        if message.startswith(b'{"type":"event_happened"'):
            self.heard += 1
        elif message.startswith(b'{"type":"refused"'):
            self._answer.set_exception(RuntimeError(message.decode()))
        elif message.startswith(self._wanted) and not self._answer.done():
            self._answer.set_result(json.loads(message))


async def measure(size: Size, folder: Path) -> dict[str, Any]:
    """``folder`` is an empty one, for the database."""
    people = [Person() for _ in range(size.people // SEATS * SEATS)]
    server, other = ServerProcess(partial(ours, folder)), ServerProcess(bare)
    try:
        empty = server.resident_bytes()
        await _all(people, lambda person: person.connect(server.url))
        idle = server.resident_bytes()
        for first in range(0, len(people), SEATS):
            await _sit(people[first : first + SEATS])
        times: list[float] = []
        bare_times: list[float] = []
        cpu: list[float] = []
        for _ in range(size.rounds):
            await _break(people)
            bare_times.append(await _all(people, lambda person: person.connect(other.url)))
            await _break(people)
            before = server.cpu_s()
            times.append(await _all(people, lambda person: person.resume(server.url)))
            cpu.append(server.cpu_s() - before)
        await _break(people)
    finally:
        server.stop()
        other.stop()
    return {
        "people": len(people),
        "kib_per_idle_connection": round((idle - empty) / 1024 / len(people), 1),
        "resume_s": round(statistics.median(times), 2),
        "resume_server_cpu_s": round(statistics.median(cpu), 2),
        "bare_s": round(statistics.median(bare_times), 2),
    }


async def _all(people: Sequence[Person], does: Callable[[Person], Any]) -> float:
    """Seconds until everybody has done it."""
    began = time.perf_counter()
    turnstile = asyncio.Semaphore(_AT_ONCE)

    async def one(person: Person) -> None:
        async with turnstile:
            await does(person)

    await asyncio.gather(*map(one, people))
    return time.perf_counter() - began


async def _break(people: Sequence[Person]) -> None:
    for person in people:
        person.break_off()
    await asyncio.sleep(_BREATH_S)


async def _sit(people: Sequence[Person]) -> None:
    made = await people[0].ask("room_created", type="create_room", game=GAME, fills=["open"] * SEATS)
    for seat, person in enumerate(people):
        await person.sit(made["room"]["room"], seat)


def main() -> None:
    wanted = arguments(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        report(asyncio.run(measure(QUICK if wanted.quick else Size(), Path(folder))), wanted.json)


if __name__ == "__main__":
    main()
