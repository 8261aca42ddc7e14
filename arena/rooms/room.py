"""One running match, sans-IO: acts and the time go in, effects come out.

The contract, for a server and for a headless runner alike::

    effects = room.start(now)                 or, after a restart: Room.restored(rows); effects = room.go_on(now, wall)
    perform effects: log ``Append``, show ``Tell``, answer every ``Ask`` with ``room.act(...)`` (or
    ``room.pass_turn(...)``) until ``Ended``; with deadlines, call ``room.tick(now)`` at ``room.next_deadline()``

``now`` is in seconds on any clock that never goes backwards. The room keeps every secret of the match: nobody is shown
an event whose audience does not hold them, and the seed goes nowhere but into the ``MatchStarted`` row.

An act climbs a ladder of guards, each with its own code, and a refused one changes nothing::

    act/not_seated    a person acts for a seat that a mind plays, or a mind for a person's
    act/id_reused     this seat has used the act id for another act
    act/handed_over   a stand-in plays the seat until its person comes back
    act/unknown_turn  this seat never had such a turn
    act/stale_turn    the turn is over
    …                 the codes of ``arena.games.core.checked``

A person's seat changes hands: to the stand-in when the connection has been gone for the grace time, or after some
missed turns; and back whenever they return. Each change is logged, and so is what kind of mind made each act.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from arena.decision import Decision, MindKind, TokenRecord
from arena.errors import IllegalAct
from arena.games.chance import Chance
from arena.games.core import PASS, Act, Event, Game, Outcome, Rest, Turn, applied, begin, checked, fold, only, settled
from arena.journal import DecisionLogged, EventLogged, LogRow, MatchEnded, MatchStarted, Purpose, SeatFilled
from arena.protocol import codes
from arena.protocol.text import clean_text
from arena.rooms.acts import DEAD_TALK, AcceptedActs
from arena.rooms.clocks import Clocks, Key
from arena.rooms.effects import (
    Accepted,
    Append,
    Ask,
    CloseReason,
    CloseTurn,
    Effect,
    Effects,
    Ended,
    HandOver,
    OpenTurn,
    Tell,
    WarnTurn,
)
from arena.rooms.history import History
from arena.rooms.minds import Request
from arena.rooms.past import Past, past_of
from arena.rooms.presence import Presence
from arena.rooms.seats import SeatSpec
from arena.rooms.terms import Terms

DEADLINE = "deadline"
"""The fallback of a turn whose time was up."""
DEAD_TALK_CHARACTERS = 280
RESUMED_TURN_S = 15.0
"""A person who comes back to an open turn has at least this long, or the turn's whole time where that is less. Who
comes and goes gets it once a turn, or they could hold up the match for ever."""

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
        terms: Terms | None = None,
        mind_deadlines: bool = False,
        opening: Sequence[Event] | None = None,
    ) -> None:
        """
        Args:
            options: the game's own, as ``game.options(raw)`` gives them.
            terms: of a room that a server hosts, and goes on with after a crash.
            mind_deadlines: whether the turns of seats that minds play have a deadline as well.
            opening: dealt instead of a drawn one (tests).
        """
        assert len(seats) == game.seat_count(options), "one SeatSpec a seat"
        self.match_id = match_id
        self.game = game
        self.options = options
        self.purpose: Purpose = purpose
        self.rated = rated
        self.terms = terms or Terms()
        self._presence = Presence(match_id, seats, self.terms)
        self.history = History(len(seats))
        self.names: tuple[str, ...] = ()
        self.outcome: Outcome | None = None
        self._hosted = terms is not None
        self._seed = str(seed)
        self._chance = Chance(seed)
        self._mind_deadlines = mind_deadlines
        self._opening = opening
        self._state: Any = None
        self._open: dict[Key, Turn] = {}
        self._opened_at: dict[Key, float] = {}
        self._extended: set[Key] = set()
        self._deadlines: Clocks[Key] = Clocks()
        self._warnings: Clocks[Key] = Clocks()
        self._acts = AcceptedActs()
        self._decisions = 0
        self._wall_offset = 0.0
        self._public_at = 0.0
        self._rests_until: float | None = None
        self._past: Past | None = None

    @classmethod
    def restored(cls, rows: Sequence[LogRow]) -> Room:
        """The room that logged these rows, where it was stopped. ``go_on`` sets it going.

        Raises:
            UnknownName, OptionError: this program does not know the game or an option of it.
        """
        past = past_of(rows)
        started = past.started
        room = cls(
            past.match_id, past.game, past.options, past.seed, past.seats, started.purpose, started.rated,
            terms=past.terms,
        )  # fmt: skip
        for at, event in past.events:
            room.history.append(event, at)
        room.names = past.game.seat_names(past.state)
        room.outcome = past.outcome
        room._state = past.state
        room._acts = AcceptedActs(dict(past.accepted))
        room._decisions = past.decisions
        room._presence = Presence(past.match_id, past.seats, room.terms, past.handovers)
        room._past = past
        return room

    @property
    def seats(self) -> list[SeatSpec]:
        """What each seat is now. Not to be changed from outside."""
        return self._presence.seats

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
        return self._deadlines.due((turn.seat, turn.id))

    def next_deadline(self) -> float | None:
        """When ``tick`` must be called, if nothing happens before."""
        dues = (self._deadlines.next_due(), self._warnings.next_due(), self._presence.next_due(), self._rests_until)
        return min((due for due in dues if due is not None), default=None)

    def wall(self, now: float) -> float:
        """``now`` in seconds since the Unix epoch, as the log has it."""
        return now + self._wall_offset

    def request(self, turn: Turn) -> Request:
        """What the mind of the turn's seat is asked with: nothing but what that seat may see."""
        return Request(self.match_id, self.game, turn.seat, turn, self.history.stream(turn.seat))

    def told(self, seat: int | None, since: int = 0) -> Iterator[Tell]:
        """A seat's (or a spectator's) stream from number ``since`` to now, as it was or would have been told: made one
        by one as they are taken, whatever happens meanwhile."""
        stream = self.history.stream(seat)
        return (Tell(seat, n, stream[n], self.game.line(self.names, stream[n])) for n in range(since, len(stream)))

    # -- beginning -----------------------------------------------------------------------------------------------

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
                terms=self.terms.to_json() if self._hosted else None,
            ),
            *(
                SeatFilled(self.match_id, seat, s.person, s.train, s.fill, s.token_hash)
                for seat, s in enumerate(self.seats)
            ),
        ]
        self._state, events = begin(self.game, self.options, self._chance, self._opening, self._rest(now))
        self.names = self.game.seat_names(self._state)
        return self._effects(rows, events, now)

    def go_on(self, now: float, wall: float) -> Effects:
        """Open the turns again that were open when the server stopped. All people are away from the connection now,
        so their seats wait for the grace time; the time that no server ran is nobody's loss."""
        past = self._past
        assert past is not None, "only a restored room goes on"
        self._past = None
        self._wall_offset = wall - now
        self._opened_at = {key: now - max(0.0, past.last_at - at) for key, at in past.opened.items()}
        shown = (at for at, event in past.events if event.audience.is_public)
        self._public_at = now - max(0.0, past.last_at - max(shown, default=past.last_at))
        if self.outcome is not None:
            return ()
        effects: list[Effect] = []
        for turn in self.game.turns(self._state):
            key = (turn.seat, turn.id)
            self._open[key] = turn
            effects.append(self._given(key, turn, now))
        effects.extend(self._wake(now))
        for seat in range(len(self.seats)):
            self._presence.gone(seat, now)
        return tuple(effects)

    # -- acts ----------------------------------------------------------------------------------------------------

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
        act = _cleaned(act)
        if self._repeats(seat, kind, act_id, turn_id, act):
            assert act_id is not None
            return (Accepted(seat, turn_id, act_id),)
        turn = self._open.get((seat, turn_id))
        if turn is None:
            if (seat, turn_id) in self._opened_at:
                raise IllegalAct("That turn is over.", code=codes.STALE_TURN)
            raise IllegalAct("You have no such turn.", code=codes.UNKNOWN_TURN)
        fitting = checked(turn, act)
        if act_id is not None:
            self._acts.add(seat, act_id, turn_id, act)
        if kind in _PEOPLE:
            self._presence.acted(seat)
        taken = now - self._opened_at[seat, turn_id] if latency_s is None else latency_s
        decision = Decision(seat, turn_id, turn.kind, kind, mind, fitting, taken, fallback, tokens)
        return self._decide(turn, decision, "acted", now, act_id=act_id)

    def talk_among_dead(self, seat: int, text: str, act_id: str, now: float) -> Effects:
        """A person who is out of the match says something that only the others who are out can see.

        Raises:
            IllegalAct: the room does not allow it, or they are not out (``act/not_among_the_dead``), or the id was
                used for another act; nothing changed.
        """
        act = _cleaned(Act(text))
        if self._repeats(seat, MindKind.PERSON, act_id, DEAD_TALK, act):
            return (Accepted(seat, DEAD_TALK, act_id),)
        out = self.game.out(self._state)
        if not self.terms.dead_talk or seat not in out or self.outcome is not None:
            raise IllegalAct("You cannot talk to the dead here.", code=codes.NOT_DEAD)
        if not act.text:
            raise IllegalAct("Say something.", code="act/text_missing")
        if len(act.text) > DEAD_TALK_CHARACTERS:
            raise IllegalAct(f"At most {DEAD_TALK_CHARACTERS} characters are allowed.", code="act/text_too_long")
        self._acts.add(seat, act_id, DEAD_TALK, act)
        event = Event("dead_said", {"seat": seat, "text": act.text}, only(*out))
        self._state = fold(self.game, (event,), self._state)
        decision = Decision(seat, DEAD_TALK, DEAD_TALK, MindKind.PERSON, "person", act, 0.0)
        return self._effects(
            [self._logged(decision, now, act_id)], (event,), now, accepted=Accepted(seat, DEAD_TALK, act_id)
        )

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
        return self._decide(turn, decision, "timed_out", now)

    # -- time and people -----------------------------------------------------------------------------------------

    def tick(self, now: float) -> Effects:
        """Warn, pass every turn whose time is up, and hand over the seats whose people do not come back."""
        effects: list[Effect] = []
        for key in self._deadlines.expired(now):
            if (turn := self._open.get(key)) is None:
                continue  # an earlier pass has closed it
            effects.extend(self.pass_turn(*key, DEADLINE, now))
            if turn.kind not in self.game.secret_turns:
                self._presence.missed(turn.seat)
        for key in self._warnings.expired(now):
            self._warnings.stop(key)
            turn, deadline = self._open[key], self._deadlines.due(key)
            assert deadline is not None
            effects.append(WarnTurn(turn, deadline))
        if self._rests_until is not None and now >= self._rests_until:
            effects.extend(self._wake(now))
        if self.outcome is not None:
            return tuple(effects)
        for seat, reason in self._presence.lost(now):
            effects.extend(self._hand_over(seat, now, reason))
        return tuple(effects)

    def dropped(self, seat: int, now: float) -> None:
        """The connection of the person in this seat broke: the seat waits for the grace time."""
        if self.outcome is None:
            self._presence.gone(seat, now)

    def returned(self, seat: int, now: float) -> Effects:
        """The person of this seat is here (again): where a stand-in played, they take the seat back."""
        spec = self.seats[seat]
        assert spec.person is not None, "nobody returns to a mind's seat"
        self._presence.here(seat)
        if not spec.away or self.outcome is not None:
            return ()
        return self._hand_over(seat, now, "back")

    def left(self, seat: int, now: float) -> Effects:
        """The person gives this seat up for good: its mind plays on, and is asked for the turns that are open."""
        if self.seats[seat].person is None or self.outcome is not None:
            return ()
        return self._hand_over(seat, now, "left")

    def _hand_over(self, seat: int, now: float, reason: str) -> Effects:
        before = self.seats[seat].by_person
        change = self._presence.change(seat, reason, self.wall(now))
        effects: list[Effect] = [Append((change,)), HandOver(seat)]
        for key, turn in self._open.items():
            if turn.seat == seat and before != self.seats[seat].by_person:
                self._deadlines.stop(key)
                self._warnings.stop(key)
                effects.append(CloseTurn(*key, "handed_over"))
                effects.append(self._given(key, turn, now))
        return tuple(effects)

    # -- inside --------------------------------------------------------------------------------------------------

    def _repeats(self, seat: int, kind: MindKind, act_id: str | None, turn_id: str, act: Act) -> bool:
        """Whether this act was taken before.

        Raises:
            IllegalAct: this kind of mind does not act for the seat, or the id was used for another act.
        """
        assert self.started, "the room has not started"
        by_people = kind in _PEOPLE
        if not 0 <= seat < len(self.seats):
            raise IllegalAct("There is no such seat.", code=codes.NOT_SEATED)
        spec = self.seats[seat]
        if (by_people and spec.person is None) or (not by_people and spec.by_person):
            raise IllegalAct("That seat is played by somebody else.", code=codes.NOT_SEATED)
        if act_id is not None and self._acts.repeats(seat, act_id, turn_id, act):
            return True
        if by_people and spec.away:
            raise IllegalAct("A stand-in plays for you. Take your seat back first.", code=codes.HANDED_OVER)
        return False

    def _decide(
        self,
        turn: Turn,
        decision: Decision,
        reason: CloseReason,
        now: float,
        *,
        act_id: str | None = None,
    ) -> Effects:
        """Apply an act that fits a turn that is open; a pass always does."""
        self._state, events = applied(self.game, self._state, turn, decision.act, self._chance, self._rest(now))
        accepted = None if act_id is None else Accepted(turn.seat, turn.id, act_id)
        rows = [self._logged(decision, now, act_id)]
        return self._effects(rows, events, now, closed=(turn.seat, turn.id), reason=reason, accepted=accepted)

    def _wake(self, now: float) -> Effects:
        """What a match that rested, if it did, goes on with."""
        self._state, events = settled(self.game, self._state, self._chance, self._rest(now))
        return self._effects([], events, now) if events else ()

    def _rest(self, now: float) -> Rest | None:
        """Keeps a moment that hides something from ending in public before ``night_s`` have passed since everybody last
        saw something happen. That depends on nobody's secret act, and a restart finds it in the log. Where one person
        plays among minds there is nobody whom it could tell anything."""
        self._rests_until = None
        people = sum(spec.person is not None for spec in self.seats)
        if not self.terms.night_s or (people < 2 and not self.terms.blind):
            return None

        def rests(state: Any, before: Sequence[Event], more: Sequence[Event]) -> bool:
            if not self.game.hides(state) or not _public(more):
                return False
            until = self.terms.night_s + (now if _public(before) else self._public_at)
            if now < until:
                self._rests_until = until
            return now < until

        return rests

    def _logged(self, decision: Decision, now: float, act_id: str | None) -> LogRow:
        row = DecisionLogged(self.match_id, self._decisions, self.wall(now), decision, act_id)
        self._decisions += 1
        return row

    def _effects(
        self,
        rows: list[LogRow],
        events: Sequence[Event],
        now: float,
        *,
        closed: Key | None = None,
        reason: CloseReason = "acted",
        accepted: Accepted | None = None,
    ) -> Effects:
        """Log and show ``events``, then close and open turns as the new state wants."""
        at = self.wall(now)
        tells: list[Tell] = []
        for event in events:
            rows.append(EventLogged(self.match_id, len(self.history.events), at, event))
            self.history.append(event, at)
            self._tell(event, tells)
        if _public(events):
            self._public_at = now
        self.outcome = self.game.outcome(self._state)
        turns = {(t.seat, t.id): t for t in self.game.turns(self._state)}
        changes: list[Effect] = []
        for key in [k for k in self._open if k not in turns]:
            del self._open[key]
            self._deadlines.stop(key)
            self._warnings.stop(key)
            changes.append(CloseTurn(*key, reason if key == closed else "ended"))
        for key, turn in turns.items():
            if key not in self._open:
                assert key not in self._opened_at, f"turn {turn.id} of seat {turn.seat} was opened twice"
                self._open[key] = turn
                self._opened_at[key] = now
                changes.append(self._given(key, turn, now))
        if self.outcome is not None:
            assert not turns, "a match that is over has no turns"
            self._presence.nobody_waits()
            rows.append(MatchEnded(self.match_id, self.outcome, at))
            changes.append(Ended(self.outcome))
        said_yes = () if accepted is None else (accepted,)
        return (Append(tuple(rows)), *said_yes, *tells, *changes)

    def _tell(self, event: Event, tells: list[Tell]) -> None:
        people = [s for s, spec in enumerate(self.seats) if spec.person is not None and s in event.audience]
        watchers: list[int | None] = [None] if event.audience.is_public else []
        if not people and not watchers:
            return
        line = self.game.line(self.names, event)
        tells.extend(Tell(s, len(self.history.stream(s)) - 1, event, line) for s in (*people, *watchers))

    def _given(self, key: Key, turn: Turn, now: float) -> Effect:
        """The turn in the hands of whoever plays the seat now. A turn that was open before keeps its time, as far as
        there is some left, and once a little more."""
        by_person = self.seats[turn.seat].by_person
        if by_person or self._mind_deadlines:
            left = max(0.0, turn.budget_s - (now - self._opened_at[key]))
            least = min(RESUMED_TURN_S, turn.budget_s)
            if left < least and key not in self._extended:
                self._extended.add(key)
                left = least
            self._deadlines.start(key, now + left)
            if by_person and left > 2 * self.terms.warning_s:
                self._warnings.start(key, now + left - self.terms.warning_s)
        return OpenTurn(turn, self._deadlines.due(key)) if by_person else Ask(turn)


def _public(events: Sequence[Event]) -> bool:
    return any(event.audience.is_public for event in events)


def _cleaned(act: Act) -> Act:
    """The same act with everything removed that must not reach a terminal, a prompt or a database."""
    thought = None if act.thought is None else clean_text(act.thought)
    return Act(clean_text(act.text), act.choice, thought)
