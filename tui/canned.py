"""A canned game of Werewolf, as a server would tell it to one seat: for screenshots and tests.

It is made from the real rules with drawn acts, so it can never show what the rules do not allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from arena.games.chance import Chance
from arena.games.core import Act, Event, Turn, begin, step
from arena.games.werewolf import Werewolf
from arena.games.werewolf.rules import deal
from arena.games.werewolf.types import Role, State
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
NAMES: Final = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia")
ROLES: Final = (
    Role.SEER,
    Role.VILLAGER,
    Role.WEREWOLF,
    Role.DOCTOR,
    Role.VILLAGER,
    Role.WEREWOLF,
    Role.VILLAGER,
)
TALK: Final = (
    "Nothing about this night surprises me. Somebody here is enjoying it, and I would like to hear {a} first.",
    "{a} was quick to accuse. Quick people are often afraid of being asked.",
    "I have no proof, so I listen: {a} and {b} defend each other a little too well.",
    "Let us not vote at random. If nobody has a reason, I go with {a}.",
    "I am a plain villager and I say so. {a}, what did you do last night?",
    "You all look at {a}. Look at {b} instead, who has not said one useful thing.",
    "I agree with that.",
    "The loudest of us is never the wolf; the one who repeats what was said is. That is {b}.",
    "I trust {a} more than yesterday. Please do not split the vote.",
)
PACK: Final = (
    "Let us take {a}: nobody would suspect me of that.",
    "Fine. By day I accuse you a little, so that we look like strangers. Do not overdo it.",
)


Player = Callable[[Turn], Act | None]
"""Answers my own turns; None leaves the turn open and stops the game there."""


class CannedGame:
    """A running match, of a fixed deal in the classic cast; ``me`` is the seat that it is told to (None: a spectator),
    spared if so wished."""

    def __init__(
        self,
        me: int | None = 0,
        seed: int = 7,
        options: Mapping[str, Any] | None = None,
        mind: str = "model",
        spare_me: bool = True,
        dead_talk: bool = False,
    ) -> None:
        self.dead_talk = dead_talk
        self.me, self.seed, self.mind, self.spare_me = me, seed, mind, spare_me
        self.game = Werewolf()
        self.options = self.game.options(options or {})
        self.chance = Chance(seed)
        opening = self.game.opening(self.options, self.chance)
        if self.options.seats == len(NAMES) and self.options.cast is None:
            started = Event("started", {**opening[0].data, "names": list(NAMES)})
            opening = (started, *deal(ROLES))
        self.state, events = begin(self.game, self.options, self.chance, opening)
        self.seq = 0
        self.spoken = 0
        self.opened: Turn | None = None
        self.pending: list[AnyServerMessage] = [self.joined(), *self._tell(events)]

    def info(self, status: str = "playing") -> RoomInfo:
        seats = [
            SeatInfo(seat=s, name=n, mind="person" if s == self.me else self.mind)
            for s, n in enumerate(self.state.names)
        ]
        return RoomInfo.model_validate(
            {
                "room": ROOM,
                "game": "werewolf",
                "status": status,
                "seats": [s.model_dump() for s in seats],
                "options": self.game.options_json(self.options),
                "phase": f"{'Night' if self.state.phase == 'night' else 'Day'} {self.state.day}",
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
            yield from self._step(turn, self._drawn(turn))
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
                line=self.game.line(self.state.names, event),
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

    def _drawn(self, turn: Turn) -> Act:
        key = f"{turn.id}/{turn.seat}"
        if turn.choices:
            return Act(choice=self._choice(turn, key))
        others = [n for s, n in enumerate(self.state.names) if self.state.alive[s] and s != turn.seat]
        a, b = self.chance.shuffled(f"named/{key}", others)[:2]
        if turn.kind == "pack_talk":
            text = PACK[self.state.pack_heard % len(PACK)]
        else:
            text = TALK[self.spoken % len(TALK)]
            self.spoken += 1
        return Act(text=text.format(a=a, b=b)[: turn.text_limit])

    def _choice(self, turn: Turn, key: str) -> str:
        """A drawn choice, but never me at night, and never a werewolf by a werewolf: a picture needs both alive."""
        choices: list[str] = list(turn.choices)
        state: State = self.state
        names = state.names
        if turn.kind == "kill" and self.me is not None and self.spare_me and len(choices) > 1:
            choices = [c for c in choices if c != names[self.me]]
        if turn.kind == "vote" and state.roles[turn.seat] is Role.WEREWOLF:
            choices = [c for c in choices if state.roles[names.index(c)] is not Role.WEREWOLF] or choices
        if turn.kind == "vote" and self.me is not None and len(choices) > 1:
            choices = [c for c in choices if c != names[self.me]]
        return self.chance.pick(f"choice/{key}", choices[:3] if turn.kind == "vote" else choices)
