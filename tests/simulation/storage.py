"""The log's place in memory: a ``Disk`` that survives the servers, and a ``DiskWriter`` a server in place of
``arena.db.writer.LogWriter``.

A commit takes its drawn time and stores all that was waiting when it began, in order. A crash loses what is not
committed; sometimes the commit succeeded and only the answer did not come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from random import Random
from typing import Final

from arena.db.writer import QUEUE_FULL
from arena.errors import StorageError
from arena.games.core import Event
from arena.games.registry import game_by_name
from arena.journal import (
    Batch,
    DecisionLogged,
    EventLogged,
    HandedOver,
    LogRow,
    MatchAbandoned,
    MatchEnded,
    MatchStarted,
    RoomGone,
    RoomWaiting,
    SeatFilled,
    TrunkLogged,
)
from arena.rooms.acts import DEAD_TALK
from tests.simulation.virtual_time import VirtualLoop

EVERYTHING: Final = "everything"


@dataclass(slots=True)
class StoredMatch:
    """One match as it is stored, with what makes checking it quick: everything carries the number of the commit that
    made it durable."""

    started: MatchStarted
    seats: list[SeatFilled] = field(default_factory=list)
    handovers: list[HandedOver] = field(default_factory=list)
    events: list[EventLogged] = field(default_factory=list)
    decisions: list[DecisionLogged] = field(default_factory=list)
    trunks: list[TrunkLogged] = field(default_factory=list)
    ended: MatchEnded | None = None
    ended_in: int = 0
    abandoned: MatchAbandoned | None = None
    streams: dict[int | str | None, list[tuple[int, Event]]] = field(default_factory=dict)
    """By seat, for spectators (None), and for those who see everything (``EVERYTHING``)."""
    acts: dict[tuple[int, str], tuple[int, DecisionLogged]] = field(default_factory=dict)
    decided: set[tuple[int, str]] = field(default_factory=set)
    phases: dict[str, int] = field(default_factory=dict)
    state: object = None

    def rows(self) -> tuple[LogRow, ...]:
        """In the order in which ``arena.db.open_matches`` gives them."""
        ended = () if self.ended is None else (self.ended,)
        return (self.started, *self.seats, *self.handovers, *self.events, *self.decisions, *ended)

    def add(self, row: LogRow, commit: int) -> None:
        assert self.abandoned is None, "a match was given up, and goes on"
        assert self.ended is None or isinstance(row, HandedOver | TrunkLogged), "a match is over, and goes on"
        match row:
            case SeatFilled():
                self.seats.append(row)
            case HandedOver():
                assert row.n == len(self.handovers), "handovers have a hole"
                self.handovers.append(row)
            case EventLogged():
                self._event(row, commit)
            case DecisionLogged():
                self._decision(row, commit)
            case TrunkLogged():
                self.trunks.append(row)
            case MatchEnded():
                self.ended, self.ended_in = row, commit
            case MatchAbandoned():
                self.abandoned = row
            case MatchStarted():
                raise AssertionError("a match began twice")
            case RoomWaiting() | RoomGone():
                raise AssertionError("a room waits whose match has begun")

    def _event(self, row: EventLogged, commit: int) -> None:
        assert row.seq == len(self.events), "events have a hole"
        self.events.append(row)
        game = game_by_name(self.started.game)
        self.state = game.apply(game.blank() if self.state is None else self.state, row.event)
        self.phases.setdefault(game.phase(self.state), commit)
        audience = row.event.audience
        self.streams.setdefault(EVERYTHING, []).append((commit, row.event))
        if audience.is_public:
            self.streams.setdefault(None, []).append((commit, row.event))
        for seat in range(len(self.seats)):
            if seat in audience:
                self.streams.setdefault(seat, []).append((commit, row.event))

    def _decision(self, row: DecisionLogged, commit: int) -> None:
        made = row.decision
        assert row.n == len(self.decisions), "decisions have a hole"
        self.decisions.append(row)
        if made.turn_id != DEAD_TALK:
            assert (made.seat, made.turn_id) not in self.decided, f"{made.turn_id} of seat {made.seat} decided twice"
            self.decided.add((made.seat, made.turn_id))
        if row.act_id is not None:
            assert (made.seat, row.act_id) not in self.acts, f"act {row.act_id} applied twice"
            self.acts[made.seat, row.act_id] = (commit, row)


class Disk:
    """What is durable. ``commits`` counts; ``written`` is called with it after each.

    ``promised`` holds the commits that first made a waiting room durable (seat None), and a person's seat in it (by the
    hash of their secret).
    """

    def __init__(self, written: Callable[[int], None] = lambda _: None) -> None:
        self.matches: dict[str, StoredMatch] = {}
        self.waiting: dict[str, RoomWaiting] = {}
        self.promised: dict[tuple[str, int | None, str], int] = {}
        self.commits = 0
        self._written = written

    def commit(self, batches: Sequence[Batch]) -> None:
        self.commits += 1
        for batch in batches:
            for row in batch:
                match row:
                    case MatchStarted():
                        assert row.match_id not in self.matches, "a match began twice"
                        self.matches[row.match_id] = StoredMatch(row)
                        self._began(row)
                    case RoomWaiting() if row.match_id not in self.matches:
                        self._waits(row)
                    case RoomGone() if row.match_id not in self.matches:
                        assert self.waiting.pop(row.match_id, None) is not None, "a room is gone that did not wait"
                    case _:
                        self.matches[row.match_id].add(row, self.commits)
        self._written(self.commits)

    def _began(self, row: MatchStarted) -> None:
        waited = self.waiting.pop(row.match_id, None)
        assert (waited is not None) == (row.purpose == "room"), "a room was never seen to wait"
        if waited is not None:
            same = (waited.game, waited.options, waited.seed, waited.terms) == (
                row.game,
                row.options,
                row.seed,
                row.terms,
            )
            assert same, "another match began than the one that was waited for"

    def _waits(self, row: RoomWaiting) -> None:
        self.waiting[row.match_id] = row
        self.promised.setdefault((row.match_id, None, ""), self.commits)
        for seat in row.seats:
            self.promised.setdefault((row.match_id, seat.seat, seat.token_hash), self.commits)

    def waiting_rooms(self) -> list[RoomWaiting]:
        """As ``arena.db.open_matches`` gives them."""
        return sorted(self.waiting.values(), key=lambda row: (row.opened_at, row.match_id))

    def open_matches(self, ended_after: float) -> Iterator[tuple[LogRow, ...]]:
        """As ``arena.db.open_matches`` gives them."""
        for match in sorted(self.matches.values(), key=lambda m: m.started.at):
            wanted = match.ended is None or match.ended.at > ended_after
            if match.started.terms is not None and match.abandoned is None and wanted:
                yield match.rows()


@dataclass(frozen=True, slots=True)
class Pace:
    """``usual_s`` is a commit's mean time. ``outage`` is the chance of a commit to take up to ``outage_s`` longer;
    ``limit_rows`` bounds the queue."""

    usual_s: float = 0.004
    outage: float = 0.0
    outage_s: float = 30.0
    limit_rows: int = 50_000


class DiskWriter:
    """One server's writer. After ``crash`` it does nothing more, whoever still calls it."""

    def __init__(self, disk: Disk, loop: VirtualLoop, random: Random, pace: Pace) -> None:
        self._disk = disk
        self._loop = loop
        self._random = random
        self._pace = pace
        self._queue: deque[tuple[Batch, Future[None]]] = deque()
        self._group: list[tuple[Batch, Future[None]]] = []
        self._room: list[asyncio.Future[None]] = []
        self._gone = False
        self.outages = 0
        self.lost = 0
        self.unanswered = 0

    @property
    def queued_rows(self) -> int:
        return sum(len(batch) for batch, _ in self._queue)

    def append(self, rows: Sequence[LogRow]) -> Future[None]:
        if self._gone:
            raise StorageError("The log is closed.")
        if self._queue and self.queued_rows + len(rows) > self._pace.limit_rows:
            raise StorageError("The disk cannot keep up with the log.", code=QUEUE_FULL)
        stored: Future[None] = Future()
        self._queue.append((tuple(rows), stored))
        if not self._group:
            self._loop.call_soon(self._begin)
        return stored

    def append_here(self, rows: Sequence[LogRow]) -> asyncio.Future[None]:
        return self._mine(self.append(rows))

    async def append_async(self, rows: Sequence[LogRow]) -> asyncio.Future[None]:
        while True:
            try:
                return self.append_here(rows)
            except StorageError as error:
                if error.code != QUEUE_FULL:
                    raise
                room: asyncio.Future[None] = self._loop.create_future()
                self._room.append(room)
                await room

    def _mine(self, stored: Future[None]) -> asyncio.Future[None]:
        mine: asyncio.Future[None] = self._loop.create_future()
        stored.add_done_callback(lambda _: None if mine.done() else mine.set_result(None))
        return mine

    def crash(self) -> None:
        """The process is gone. With some luck the commit under way had succeeded."""
        self._gone = True
        if self._group and not self._group[0][0]:
            self.unanswered += 1
        elif self._group and self._random.random() < 0.4:
            self.unanswered += 1
            self._disk.commit([batch for batch, _ in self._group])
        else:
            self.lost += len(self._group)
        self.lost += len(self._queue)

    def close(self) -> None:
        """Store what is left."""
        while self._group or self._queue:
            if not self._group:
                self._take()
            self._disk.commit([batch for batch, _ in self._group])
            self._answer()
        self._gone = True

    def _begin(self) -> None:
        if self._gone or self._group or not self._queue:
            return
        self._take()
        delay = self._random.expovariate(1.0) * self._pace.usual_s
        if self._pace.outage and self._random.random() < self._pace.outage:
            self.outages += 1
            delay += self._random.uniform(0.0, self._pace.outage_s)
        self._loop.call_later(delay, self._commit)

    def _take(self) -> None:
        self._group = list(self._queue)
        self._queue.clear()
        waiting, self._room = self._room, []
        for room in waiting:
            if not room.done():
                room.set_result(None)

    def _commit(self) -> None:
        if self._gone:
            return
        self._disk.commit([batch for batch, _ in self._group])
        self._group = [((), stored) for _, stored in self._group]
        self._loop.call_later(self._random.uniform(0.0, 0.001), self._answer)

    def _answer(self) -> None:
        if self._gone:
            return
        group, self._group = self._group, []
        for _, stored in group:
            stored.set_result(None)
        if self._queue:
            self._begin()
