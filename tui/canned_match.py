"""A canned match, as a server would tell it to one seat: for screenshots and tests.

It is made from the real rules with drawn acts, so it can never show what the rules do not allow.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

from arena.games.chance import Chance
from arena.games.core import Act, Event, Game, Turn, begin, step
from arena.protocol.server_messages import (
    AnyServerMessage,
    EventHappened,
    MatchEnded,
    RoomInfo,
    RoomJoined,
    SeatInfo,
    TurnClosed,
    TurnOpened,
)

ROOM: Final = "village-1"
CODE: Final = "KRTWN"
Player = Callable[[Turn], Act | None]
"""Answers my own turns; None leaves the turn open and stops the game there."""
Options = TypeVar("Options")
State = TypeVar("State")


class CannedMatch(ABC, Generic[Options, State]):
    """A running match; ``me`` is the seat that it is told to (None: a spectator)."""

    def __init__(
        self,
        game: Game[Options, State],
        me: int | None,
        seed: int,
        options: Mapping[str, Any] | None = None,
        *,
        mind: str = "model",
        dead_talk: bool = False,
    ) -> None:
        self.game, self.me, self.seed, self.mind, self.dead_talk = game, me, seed, mind, dead_talk
        self.options = game.options(options or {})
        self.chance = Chance(seed)
        self.state, events = begin(game, self.options, self.chance, self.opening())
        self.happened: list[Event] = list(events)
        self.acts: list[tuple[Turn, Act]] = []
        self.seq = 0
        self.opened: Turn | None = None
        self.pending: list[AnyServerMessage] = [self.joined(), *self._tell(events)]

    def opening(self) -> tuple[Event, ...]:
        return self.game.opening(self.options, self.chance)

    def phase(self) -> str:
        return self.game.phase(self.state)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.game.seat_names(self.state))

    @property
    def over(self) -> bool:
        return self.game.outcome(self.state) is not None

    @abstractmethod
    def drawn(self, turn: Turn) -> Act:
        """What another seat does."""

    @abstractmethod
    def another(self, me: int | None, seed: int) -> CannedMatch[Options, State]:
        """A fresh match of the kind."""

    def info(self, status: str = "playing") -> RoomInfo:
        seats = [
            SeatInfo(seat=s, name=n, mind="person" if s == self.me else self.mind) for s, n in enumerate(self.names)
        ]
        return RoomInfo.model_validate(
            {
                "room": ROOM,
                "game": self.game.name,
                "status": status,
                "seats": [s.model_dump() for s in seats],
                "options": self.game.options_json(self.options),
                "phase": self.phase(),
                "age_s": 95.0,
                "code": CODE,
                "dead_talk": self.dead_talk,
            }
        )

    def joined(self) -> RoomJoined:
        return RoomJoined(room=self.info(), seat=self.me, resume_token=None)

    def run(self, until_me: bool = True) -> Iterator[AnyServerMessage]:
        """The messages up to my next turn (or to the end of the match)."""
        yield from self.pending
        self.pending = []
        while turns := self.game.turns(self.state):
            mine = next((t for t in turns if t.seat == self.me), None)
            others = [t for t in turns if t.seat != self.me]
            if mine is not None and mine != self.opened:
                self.opened = mine
                yield self._open(mine)
            if not others:
                return
            turn = others[0]
            yield from self._step(turn, self.drawn(turn))
        yield self._ended()

    def act(self, act: Act) -> Iterator[AnyServerMessage]:
        """My answer to my open turn.

        Raises:
            IllegalAct: the rules refuse it.
        """
        assert self.opened is not None, "no turn of mine is open"
        turn = next((t for t in self.game.turns(self.state) if t.id == self.opened.id and t.seat == self.me), None)
        assert turn is not None, "my turn is over"
        messages = list(self._step(turn, act))
        self.opened = None
        yield TurnClosed(room=ROOM, turn_id=turn.id, reason="acted")
        yield from messages

    def play(self, player: Player) -> Iterator[AnyServerMessage]:
        """The whole match, or as far as ``player`` answers."""
        while True:
            yield from self.run()
            if self.opened is None or (act := player(self.opened)) is None:
                return
            yield from self.act(act)

    # -- inside -------------------------------------------------------------------------------------------------

    def _step(self, turn: Turn, act: Act) -> Iterator[AnyServerMessage]:
        self.state, events = step(self.game, self.state, turn, act, self.chance)
        self.happened += events
        self.acts.append((turn, act))
        yield from self._tell(events)

    def _tell(self, events: tuple[Event, ...]) -> Iterator[AnyServerMessage]:
        for event in events:
            if not (event.audience.is_public or (self.me is not None and self.me in event.audience)):
                continue
            yield EventHappened(
                room=ROOM,
                seq=self.seq,
                kind=event.kind,
                data=dict(event.data),
                public=event.audience.is_public,
                line=self.game.line(self.names, event),
            )
            self.seq += 1

    def _open(self, turn: Turn) -> TurnOpened:
        return TurnOpened(
            room=ROOM,
            turn_id=turn.id,
            kind=turn.kind,
            question=turn.question,
            choices=list(turn.choices),
            text_limit=turn.text_limit,
            may_pass=turn.may_pass,
            deadline_s=None,
            remaining_s=turn.budget_s,
        )

    def _ended(self) -> MatchEnded:
        outcome = self.game.outcome(self.state)
        assert outcome is not None, "a match without turns has an outcome"
        return MatchEnded(
            room=ROOM,
            winner=outcome.winner,
            reason=outcome.reason,
            sides=list(outcome.sides),
            returns=list(outcome.returns),
        )
