"""One running match, sans-IO: acts and the time go in, effects come out.

The contract, for a server and for a headless runner alike::

    effects = room.start(now)
    perform effects: log ``Append``, show ``Tell``, answer every ``Ask`` with ``room.act(...)`` (or
    ``room.pass_turn(...)``) until ``Ended``; with deadlines, call ``room.tick(now)`` at ``room.next_deadline()``

``now`` is in seconds on any clock that never goes backwards. The room keeps every secret of the match: nobody is shown
an event whose audience does not hold them, and the seed goes nowhere but into the ``MatchStarted`` row.

An act climbs a ladder of guards, each with its own code, and a refused one changes nothing::

    act/not_seated    a person acts for a seat that a mind plays, or a mind for a person's
    act/id_reused     this seat has used the act id for another act
    act/unknown_turn  this seat never had such a turn
    act/stale_turn    the turn is over
    …                 the codes of ``arena.games.core.checked``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from arena.decision import Decision, MindKind, TokenRecord
from arena.errors import IllegalAct
from arena.games.chance import Chance
from arena.games.core import PASS, Act, Event, Game, Outcome, Turn, begin, checked, step
from arena.journal import DecisionLogged, EventLogged, LogRow, MatchEnded, MatchStarted, Purpose, SeatFilled
from arena.protocol import codes
from arena.protocol.text import clean_text
from arena.rooms.clocks import Clocks, Key
from arena.rooms.effects import Accepted, Append, Ask, CloseReason, CloseTurn, Effect, Effects, Ended, OpenTurn, Tell
from arena.rooms.history import History
from arena.rooms.minds import Request
from arena.rooms.seats import SeatSpec

DEADLINE = "deadline"
"""The fallback of a turn whose time was up."""

_PEOPLE = (MindKind.PERSON, MindKind.REMOTE)


class Room:
    """Owns one match from its first event to its outcome."""

    def __init__(
        self,
        match_id: str,
        game: Game[Any, Any],
        options: Any,
        seed: int | str,
        seats: Sequence[SeatSpec],
        purpose: Purpose = "room",
        rated: bool = False,
        *,
        mind_deadlines: bool = False,
        opening: Sequence[Event] | None = None,
    ) -> None:
        """
        Args:
            options: the game's own, as ``game.options(raw)`` gives them.
            mind_deadlines: whether the turns of seats that minds play have a deadline as well.
            opening: dealt instead of a drawn one (tests).
        """
        assert len(seats) == game.seat_count(options), "one SeatSpec a seat"
        self.match_id = match_id
        self.game = game
        self.options = options
        self.seats = list(seats)
        self.purpose: Purpose = purpose
        self.rated = rated
        self.history = History(len(seats))
        self.names: tuple[str, ...] = ()
        self.outcome: Outcome | None = None
        self._seed = str(seed)
        self._chance = Chance(seed)
        self._mind_deadlines = mind_deadlines
        self._opening = opening
        self._state: Any = None
        self._open: dict[Key, Turn] = {}
        self._opened_at: dict[Key, float] = {}
        self._clocks = Clocks()
        self._accepted: dict[tuple[int, str], tuple[str, Act]] = {}
        self._decisions = 0
        self._wall_offset = 0.0

    # -- what a shell asks ---------------------------------------------------------------------------------------

    @property
    def started(self) -> bool:
        return self._state is not None

    @property
    def phase(self) -> str:
        """Where the match stands, in the game's own public words; empty before it starts."""
        return self.game.phase(self._state) if self.started else ""

    @property
    def open_turns(self) -> tuple[Turn, ...]:
        return tuple(self._open.values())

    def deadline(self, turn: Turn) -> float | None:
        return self._clocks.deadline((turn.seat, turn.id))

    def next_deadline(self) -> float | None:
        """When ``tick`` must be called, if nothing happens before."""
        return self._clocks.next_deadline()

    def wall(self, now: float) -> float:
        """``now`` in seconds since the Unix epoch, as the log has it."""
        return now + self._wall_offset

    def request(self, turn: Turn) -> Request:
        """What the mind of the turn's seat is asked with: nothing but what that seat may see."""
        return Request(self.match_id, self.game, turn.seat, turn, self.history.stream(turn.seat))

    def told(self, seat: int | None, since: int = 0) -> tuple[Tell, ...]:
        """A seat's (or a spectator's) stream from number ``since`` on, as it was or would have been told."""
        stream = self.history.stream(seat)
        return tuple(Tell(seat, n, stream[n], self.game.line(self.names, stream[n])) for n in range(since, len(stream)))

    # -- what happens --------------------------------------------------------------------------------------------

    def start(self, now: float, wall: float | None = None) -> Effects:
        """Deal and open the first turns. ``wall`` is ``now`` in seconds since the Unix epoch, by default the same."""
        assert not self.started, "a room starts once"
        self._wall_offset = 0.0 if wall is None else wall - now
        at = self.wall(now)
        rows: list[LogRow] = [
            MatchStarted(
                match_id=self.match_id,
                game=self.game.name,
                options=self.game.options_json(self.options),
                seed=self._seed,
                purpose=self.purpose,
                rated=self.rated,
                minds=tuple(s.mind for s in self.seats),
                at=at,
            ),
            *(SeatFilled(self.match_id, seat, s.person, s.train) for seat, s in enumerate(self.seats)),
        ]
        self._state, events = begin(self.game, self.options, self._chance, self._opening)
        self.names = self.game.seat_names(self._state)
        return self._effects(rows, events, now)

    def act(
        self,
        seat: int,
        turn_id: str,
        act: Act,
        kind: MindKind,
        mind: str,
        now: float,
        *,
        act_id: str | None = None,
        tokens: TokenRecord | None = None,
        fallback: str | None = None,
        latency_s: float | None = None,
    ) -> Effects:
        """Apply a seat's answer to one of its turns.

        Args:
            mind: what acted, as ``Decision.mind`` names it.
            act_id: the sender's own id of this act: sent again with the same content, it is only answered again.
            fallback: why this is a default act, where the mind itself had to give one.
            latency_s: how long the mind took; by default the time since the turn was opened.

        Raises:
            IllegalAct: one of the guards refused it; nothing changed.
        """
        assert self.started, "the room has not started"
        if not 0 <= seat < len(self.seats) or (self.seats[seat].person is not None) != (kind in _PEOPLE):
            raise IllegalAct("That seat is played by somebody else.", code=codes.NOT_SEATED)
        act = _cleaned(act)
        if act_id is not None and (before := self._accepted.get((seat, act_id))) is not None:
            if before != (turn_id, replace(act, thought=None)):
                raise IllegalAct("That act id was used for another act.", code=codes.ACT_ID_REUSED)
            return (Accepted(seat, turn_id, act_id),)
        turn = self._open.get((seat, turn_id))
        if turn is None:
            if (seat, turn_id) in self._opened_at:
                raise IllegalAct("That turn is over.", code=codes.STALE_TURN)
            raise IllegalAct("You have no such turn.", code=codes.UNKNOWN_TURN)
        fitting = checked(turn, act)
        if act_id is not None:
            self._accepted[seat, act_id] = (turn_id, replace(act, thought=None))
        taken = now - self._opened_at[seat, turn_id] if latency_s is None else latency_s
        decision = Decision(seat, turn_id, turn.kind, kind, mind, fitting, taken, fallback, tokens)
        effects = self._decide(turn, decision, "acted", now, act_id=act_id)
        if act_id is None:
            return effects
        return (effects[0], Accepted(seat, turn_id, act_id), *effects[1:])

    def pass_turn(
        self,
        seat: int,
        turn_id: str,
        reason: str,
        now: float,
        *,
        kind: MindKind = MindKind.NOBODY,
        mind: str = "nobody",
    ) -> Effects:
        """Let an open turn pass unanswered: the mind failed, say. ``reason`` is logged as the decision's fallback.

        Raises:
            IllegalAct: the turn is not open (``act/stale_turn``); nothing changed.
        """
        turn = self._open.get((seat, turn_id))
        if turn is None:
            raise IllegalAct("That turn is over.", code=codes.STALE_TURN)
        taken = now - self._opened_at[seat, turn_id]
        decision = Decision(seat, turn_id, turn.kind, kind, mind, PASS, taken, clean_text(reason, 200))
        return self._decide(turn, decision, "timed_out", now, force_pass=True)

    def tick(self, now: float) -> Effects:
        """Pass every turn whose time is up."""
        effects: list[Effect] = []
        for key in self._clocks.expired(now):
            if key in self._open:  # an earlier pass may have closed it
                effects.extend(self.pass_turn(*key, DEADLINE, now))
        return tuple(effects)

    def vacate(self, seat: int, now: float) -> Effects:
        """The person leaves this seat for good: its mind plays on, and is asked for the turns that are open."""
        spec = self.seats[seat]
        if spec.person is None:
            return ()
        self.seats[seat] = replace(spec, person=None)
        effects: list[Effect] = []
        for key, turn in self._open.items():
            if turn.seat == seat:
                if not self._mind_deadlines:
                    self._clocks.stop(key)
                effects.append(Ask(turn))
        return tuple(effects)

    # -- inside --------------------------------------------------------------------------------------------------

    def _decide(
        self,
        turn: Turn,
        decision: Decision,
        reason: CloseReason,
        now: float,
        *,
        act_id: str | None = None,
        force_pass: bool = False,
    ) -> Effects:
        state, events = step(self.game, self._state, turn, decision.act, self._chance, force_pass=force_pass)
        self._state = state
        rows: list[LogRow] = [DecisionLogged(self.match_id, self._decisions, self.wall(now), decision, act_id)]
        self._decisions += 1
        return self._effects(rows, events, now, closed=(turn.seat, turn.id), reason=reason)

    def _effects(
        self,
        rows: list[LogRow],
        events: Sequence[Event],
        now: float,
        *,
        closed: Key | None = None,
        reason: CloseReason = "acted",
    ) -> Effects:
        """Log and show ``events``, then close and open turns as the new state wants."""
        at = self.wall(now)
        tells: list[Tell] = []
        for event in events:
            rows.append(EventLogged(self.match_id, len(self.history.events), at, event))
            self.history.append(event)
            self._tell(event, tells)
        self.outcome = self.game.outcome(self._state)
        turns = {(t.seat, t.id): t for t in self.game.turns(self._state)}
        changes: list[Effect] = []
        for key in [k for k in self._open if k not in turns]:
            del self._open[key]
            self._clocks.stop(key)
            changes.append(CloseTurn(*key, reason if key == closed else "ended"))
        for key, turn in turns.items():
            if key not in self._open:
                changes.append(self._opened(key, turn, now))
        if self.outcome is not None:
            assert not turns, "a match that is over has no turns"
            rows.append(MatchEnded(self.match_id, self.outcome, at))
            changes.append(Ended(self.outcome))
        return (Append(tuple(rows)), *tells, *changes)

    def _tell(self, event: Event, tells: list[Tell]) -> None:
        people = [s for s, spec in enumerate(self.seats) if spec.person is not None and s in event.audience]
        watchers: list[int | None] = [None] if event.audience.is_public else []
        if not people and not watchers:
            return
        line = self.game.line(self.names, event)
        tells.extend(Tell(s, len(self.history.stream(s)) - 1, event, line) for s in (*people, *watchers))

    def _opened(self, key: Key, turn: Turn, now: float) -> Effect:
        assert key not in self._opened_at, f"turn {turn.id} of seat {turn.seat} was opened twice"
        self._open[key] = turn
        self._opened_at[key] = now
        by_person = self.seats[turn.seat].person is not None
        if by_person or self._mind_deadlines:
            self._clocks.start(key, now + turn.budget_s)
        return OpenTurn(turn, self._clocks.deadline(key)) if by_person else Ask(turn)


def _cleaned(act: Act) -> Act:
    """The same act with everything removed that must not reach a terminal, a prompt or a database."""
    thought = None if act.thought is None else clean_text(act.thought)
    return Act(clean_text(act.text), act.choice, thought)
