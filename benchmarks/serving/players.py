"""Seven sockets a room, which play a known match at a given pace and keep account of every message.

``Table`` is one room: what its seats have been sent so far, and how long after its cause. ``play`` is one round: one
match in every room.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.serving.known import SEATS, Key, KnownMatch, answer, known_match
from benchmarks.serving.sockets import Socket

_SEQ: Final = re.compile(rb'"seq":(\d+)')
_TICK_S: Final = 0.001
_PATIENCE_S: Final = 60.0
"""What has not come by so long after the last act is lost."""


class Client:
    """One socket. ``ask`` says something and waits for the answer of a given type; events and turns go to its table."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._reply: tuple[bytes, asyncio.Future[dict[str, Any]]] | None = None
        self.seat: tuple[Table, int] | None = None
        socket.on_message = self._hear

    @property
    def received_bytes(self) -> int:
        return self._socket.received_bytes

    async def ask(self, kind: str, **message: Any) -> dict[str, Any]:
        self._reply = (b'{"type":"%s"' % kind.encode(), asyncio.get_running_loop().create_future())
        self.say(**message)
        return await self._reply[1]

    def say(self, **message: Any) -> None:
        self._socket.send(json.dumps(message).encode())

    async def close(self) -> None:
        await self._socket.close()

    def _hear(self, message: bytes) -> None:
        if self.seat is not None:
            table, seat = self.seat
            if message.startswith(b'{"type":"event_happened"'):
                found = _SEQ.search(message)
                assert found is not None
                table.event(seat, int(found[1]))
                return
            if message.startswith(b'{"type":"turn_opened"'):
                table.turn(seat, json.loads(message))
                return
            if message.startswith(b'{"type":"act_accepted"'):
                table.accepted(json.loads(message)["act_id"])
                return
        if message.startswith(b'{"type":"refused"'):
            raise RuntimeError(message.decode())
        if self._reply is not None and message.startswith(self._reply[0]) and not self._reply[1].done():
            self._reply[1].set_result(json.loads(message))


class Table:
    """One room and its match. ``on_turn`` is told when somebody may act, ``on_change`` when the match has ``begun`` and
    when it is ``done``."""

    def __init__(
        self,
        room: str,
        seed: int,
        clients: Sequence[Client],
        on_turn: Callable[[Table, int, dict[str, Any]], None] = lambda *_: None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.room = room
        self.match: KnownMatch = known_match(seed)
        self.clients = clients
        self.ack_s: dict[str, float] = {}
        self.delay_s: dict[Key, float] = {}
        """From an act to the last receipt of an event that it caused."""
        self.acks: Counter[str] = Counter()
        self.seen = [Counter[int]() for _ in range(SEATS)]
        self._on_turn = on_turn
        self._on_change = on_change
        self._missing_opening = sum(not why for causes in self.match.causes for why in causes)
        self._missing_events = sum(map(len, self.match.causes))
        self._missing_acks = len(self.match.steps)
        self._sent_at: dict[Key, float] = {}
        for seat, client in enumerate(clients):
            client.seat = (self, seat)

    @property
    def begun(self) -> bool:
        """Whether every seat has its opening."""
        return not self._missing_opening

    @property
    def done(self) -> bool:
        return not self._missing_events and not self._missing_acks

    @property
    def lost(self) -> int:
        """Events and acknowledgements that never came."""
        return self._missing_events + self._missing_acks

    @property
    def doubled(self) -> int:
        """What came more than once, or was never to come."""
        events = sum(sum(seen.values()) for seen in self.seen)
        expected = sum(map(len, self.match.causes)) - self._missing_events
        return events - expected + sum(self.acks.values()) - len(self.acks)

    def act(self, seat: int, turn_id: str, choices: Sequence[str]) -> None:
        text, choice = answer(turn_id, seat, choices)
        act_id = f"{seat}/{turn_id}"
        self._sent_at[seat, turn_id] = time.perf_counter()
        self.clients[seat].say(
            type="take_turn", room=self.room, turn_id=turn_id, act_id=act_id, text=text, choice=choice
        )

    # -- what its clients hear -----------------------------------------------------------------------------------

    def event(self, seat: int, seq: int) -> None:
        self.seen[seat][seq] += 1
        if self.seen[seat][seq] > 1 or seq >= len(self.match.causes[seat]):
            return
        self._missing_events -= 1
        if why := self.match.causes[seat][seq]:
            last = max(why, key=lambda key: self._sent_at.get(key, 0.0))
            took = time.perf_counter() - self._sent_at.get(last, time.perf_counter())
            if took > self.delay_s.get(last, 0.0):
                self.delay_s[last] = took
        else:
            self._missing_opening -= 1
            if self.begun:
                self._on_change()
        if self.done:
            self._on_change()

    def turn(self, seat: int, opened: dict[str, Any]) -> None:
        self._on_turn(self, seat, opened)

    def accepted(self, act_id: str) -> None:
        self.acks[act_id] += 1
        if self.acks[act_id] > 1:
            return
        self._missing_acks -= 1
        seat, turn_id = act_id.split("/", 1)
        self.ack_s[act_id] = time.perf_counter() - self._sent_at[int(seat), turn_id]
        if self.done:
            self._on_change()


Seating = Callable[[Sequence[Client], int, int], Awaitable[tuple[str, Callable[[], None]]]]
"""From seven clients, the room's number and its seed: the room's id, and what lets its match begin."""


@dataclass(slots=True)
class Round:
    """What one round came to. ``cpu_s`` is the server's, from the first act to the last delivery."""

    acts: int = 0
    deliveries: int = 0
    cpu_s: float = 0.0
    received_bytes: int = 0
    lost: int = 0
    doubled: int = 0
    acts_per_s: float = 0.0
    """While at least half of the matches were going on."""
    deliveries_per_s: float = 0.0
    delays_s: list[float] = field(default_factory=list)
    acks_s: list[float] = field(default_factory=list)


class Players:
    """All clients of one server."""

    def __init__(self, clients: Sequence[Client], seating: Seating, cpu_s: Callable[[], float]) -> None:
        self._clients = clients
        self._seating = seating
        self._cpu_s = cpu_s
        self._rooms = 0
        self._turns: deque[tuple[Table, int, dict[str, Any]]] = deque()
        self._changed = asyncio.Event()

    async def seat(self, tables: int, seeds: int) -> list[Table]:
        """``tables`` matches with everybody seated, begun, and waiting for their first acts."""
        groups = [self._clients[n * SEATS : (n + 1) * SEATS] for n in range(tables)]
        numbers = range(self._rooms, self._rooms + tables)
        self._rooms += tables
        self._turns.clear()
        seated = await asyncio.gather(
            *(self._seating(group, n, n % seeds) for group, n in zip(groups, numbers, strict=True))
        )
        made = [
            Table(room, n % seeds, group, lambda *turn: self._turns.append(turn), self._changed.set)
            for (room, _), n, group in zip(seated, numbers, groups, strict=True)
        ]
        for _, begin in seated:
            begin()
        async with asyncio.timeout(_PATIENCE_S):
            while not all(table.begun for table in made):
                self._changed.clear()
                await self._changed.wait()
        return made

    async def play(self, tables: Sequence[Table], acts_per_s: float) -> Round:
        """Play all these matches to their ends."""
        heard = sum(c.received_bytes for c in self._clients)
        cpu = self._cpu_s()
        pace = asyncio.create_task(self._pace(acts_per_s))
        began = time.perf_counter()
        half: tuple[float, int, int] | None = None
        try:
            async with asyncio.timeout(_PATIENCE_S + sum(len(t.match.steps) for t in tables) / acts_per_s):
                while left := sum(not t.done for t in tables):
                    if half is None and left <= len(tables) / 2:
                        half = (time.perf_counter() - began, sum(len(t.acks) for t in tables), _delivered(tables))
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass  # counted as lost
        finally:
            pace.cancel()
        cpu = self._cpu_s() - cpu
        await asyncio.sleep(0.2)  # time for what should not come
        took, acts, deliveries = half or (time.perf_counter() - began, 0, 0)
        return Round(
            acts=sum(len(t.match.steps) for t in tables),
            deliveries=sum(t.match.deliveries for t in tables),
            cpu_s=cpu,
            received_bytes=sum(c.received_bytes for c in self._clients) - heard,
            lost=sum(t.lost for t in tables),
            doubled=sum(t.doubled for t in tables),
            acts_per_s=acts / took,
            deliveries_per_s=deliveries / took,
            delays_s=sorted(s for t in tables for s in t.delay_s.values()),
            acks_s=sorted(s for t in tables for s in t.ack_s.values()),
        )

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients))

    async def _pace(self, acts_per_s: float) -> None:
        """Answer open turns in their order, so many in a second; what was missed is not made up for."""
        owed, last = 0.0, time.perf_counter()
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.perf_counter()
            owed, last = min(owed + (now - last) * acts_per_s, max(1.0, acts_per_s * 0.02)), now
            while owed >= 1.0 and self._turns:
                owed -= 1.0
                table, seat, turn = self._turns.popleft()
                table.act(seat, turn["turn_id"], turn["choices"])


def _delivered(tables: Sequence[Table]) -> int:
    """Events because of acts that have come so far."""
    opening = sum(sum(not why for why in causes) for t in tables for causes in t.match.causes)
    return sum(len(seen) for t in tables for seen in t.seen) - opening
