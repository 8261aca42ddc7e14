"""Plays matches between minds without sockets: the server's rooms and log, as fast as minds answer."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from arena.decision import Decision, TrunkRecord
from arena.errors import ArenaError
from arena.games.core import Event, Game, Outcome, Turn
from arena.journal import Batch, DecisionLogged, LogRow, MatchAbandoned, Purpose, TrunkLogged
from arena.rooms.effects import Append, Ask, Effects, Ended
from arena.rooms.minds import Answer, Mind
from arena.rooms.room import Room
from arena.rooms.seats import SeatSpec


@dataclass(frozen=True, slots=True)
class Lineup:
    """One match to play: the filling of each seat and the seed. ``rated`` matches count for the ladder.

    ``label`` is the caller's own mark; it comes back with the match and is stored nowhere.
    """

    seed: int | str
    fills: tuple[str, ...]
    rated: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """A finished match."""

    match_id: str
    game: Game[Any, Any]
    lineup: Lineup
    outcome: Outcome
    events: tuple[Event, ...]
    decisions: tuple[Decision, ...]
    trunks: tuple[TrunkRecord, ...] = field(repr=False)

    @property
    def tokens(self) -> int:
        """How many tokens were sampled, those of thoughts too."""
        records = [d.tokens for d in self.decisions if d.tokens]
        return sum(len(r.sampled) + (len(r.thought.sampled) if r.thought else 0) for r in records)

    @property
    def fallbacks(self) -> int:
        return sum(d.fallback is not None for d in self.decisions)


Log = Callable[[Batch], None]
"""Takes rows to be stored; must not block."""


class MatchRunner:
    """Runs one room with its minds to the end."""

    def __init__(
        self, room: Room, lineup: Lineup, minds: Mapping[str, Mind], log: Log, clock: Callable[[], float]
    ) -> None:
        self._room = room
        self._lineup = lineup
        self._minds = minds
        self._log = log
        self._clock = clock
        self._tasks: dict[asyncio.Task[Answer], tuple[Turn, float]] = {}
        self._decisions: list[Decision] = []
        self._trunks: list[TrunkRecord] = []

    async def run(self) -> Played:
        self._perform(self._room.start(self._clock(), time.time()))
        try:
            while self._room.outcome is None:
                done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    turn, asked = self._tasks.pop(task)
                    self._perform(self._answered(task, turn, asked))
        except asyncio.CancelledError:
            if self._room.outcome is None:
                self._log((MatchAbandoned(self._room.match_id, "stopped", time.time()), *self._finish()))
            raise
        finally:
            for task in self._tasks:
                task.cancel()
        return Played(
            match_id=self._room.match_id,
            game=self._room.game,
            lineup=self._lineup,
            outcome=self._room.outcome,
            events=tuple(self._room.history.events),
            decisions=tuple(self._decisions),
            trunks=tuple(self._trunks),
        )

    def _answered(self, task: asyncio.Task[Answer], turn: Turn, asked: float) -> Effects:
        now = self._clock()
        try:
            answer = task.result()
            return self._room.act(
                turn.seat,
                turn.id,
                answer.act,
                answer.kind,
                answer.mind,
                now,
                tokens=answer.tokens,
                fallback=answer.fallback,
                latency_s=now - asked,
            )
        except ArenaError as error:  # the mind failed, or the rules refuse what it said: the game goes on
            return self._room.pass_turn(turn.seat, turn.id, error.code, now, mind=self._lineup.fills[turn.seat])

    def _perform(self, effects: Effects) -> None:
        ended = any(isinstance(e, Ended) for e in effects)
        for effect in effects:
            match effect:
                case Append(rows):
                    self._decisions.extend(r.decision for r in rows if isinstance(r, DecisionLogged))
                    self._log((*rows, *self._finish()) if ended else rows)
                case Ask(turn):
                    mind = self._minds[self._lineup.fills[turn.seat]]
                    task = asyncio.ensure_future(mind.decide(self._room.request(turn)))
                    self._tasks[task] = (turn, self._clock())
                case _:
                    pass

    def _finish(self) -> tuple[LogRow, ...]:
        match_id = self._room.match_id
        trunks: dict[tuple[str, str], TrunkRecord] = {}
        for fill in dict.fromkeys(self._lineup.fills):
            trunk = self._minds[fill].finish(match_id)
            if trunk is None:
                continue
            key = trunk.tokenizer, trunk.prompt_version
            trunks[key] = trunk if key not in trunks else trunks[key].with_rows_of(trunk)
        self._trunks.extend(trunks.values())
        return tuple(TrunkLogged(match_id, t) for t in trunks.values())


async def play_matches(
    game: Game[Any, Any],
    options: Any,
    lineups: Iterable[Lineup],
    minds: Mapping[str, Mind],
    log: Log,
    *,
    purpose: Purpose,
    at_once: int = 64,
) -> AsyncGenerator[Played, None]:
    """Play all lineups, ``at_once`` of them at a time, and give each match as it ends.

    ``minds`` holds a mind for every filling that the lineups name. While the caller is busy with a match no new one is
    started. Close the iterator (``contextlib.aclosing``) where it is left early: it stops what still runs.
    """
    waiting = iter(lineups)
    running: set[asyncio.Task[Played]] = set()

    def start_next() -> bool:
        lineup = next(waiting, None)
        if lineup is None:
            return False
        room = Room(
            uuid.uuid4().hex,
            game,
            options,
            lineup.seed,
            [SeatSpec(fill) for fill in lineup.fills],
            purpose,
            lineup.rated,
        )
        running.add(asyncio.create_task(MatchRunner(room, lineup, minds, log, time.monotonic).run()))
        return True

    try:
        while len(running) < at_once and start_next():
            pass
        while running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                start_next()
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def no_log(rows: Sequence[LogRow]) -> None:
    """For matches that nobody keeps."""
