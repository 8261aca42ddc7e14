"""Where a replay stands, as a frozen value: whose eyes, which turn, what is shown. Every step is a pure function.

What a recording says passes ``clean_text`` in ``opened``, once, so that no widget can forget it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from arena.errors import UserError
from arena.protocol.recording import RecordedDecision, RecordedMark, Recording
from arena.protocol.text import clean_text
from arena.replay.suspicion import Movement, moved_most, movements
from arena.replay.turns import ReplayTurn, marks_for, phase_at, replay_turns, turn_of
from tui.faces.face import Face
from tui.faces.registry import face_of
from tui.store import NAME_LIMIT, TEXT_LIMIT, cleaned

CHOICE_LIMIT: Final = 80


@dataclass(frozen=True, slots=True)
class Replay:
    """``eyes`` is a seat, or None for who sees everything. ``turns``, ``marks``, ``moved`` and ``most`` are what these
    eyes have of them; ``at`` counts in ``turns``."""

    recording: Recording
    turns: tuple[ReplayTurn, ...]
    marks: tuple[RecordedMark, ...]
    moved: tuple[Movement, ...] = ()
    most: Movement | None = None
    eyes: int | None = None
    at: int = 0
    shows_map: bool = False

    @property
    def face(self) -> Face:
        return face_of(self.recording.game)

    @property
    def turn(self) -> ReplayTurn:
        return self.turns[self.at]

    @property
    def seen(self) -> int:
        """How many events of the match have happened."""
        return self.turn.end

    @property
    def decision(self) -> RecordedDecision | None:
        return self.turn.decision

    @property
    def phase(self) -> str:
        return phase_at(self.recording, self.turn.start + 1)

    @property
    def position(self) -> str:
        """Such as "Turn 17 of 64 · Day 2, vote"."""
        phase = f" · {self.phase}" if self.phase else ""
        return f"{self.face.step} {self.at + 1} of {len(self.turns)}{phase}"

    def marks_here(self) -> tuple[RecordedMark, ...]:
        return tuple(m for m in self.marks if self.turn.start <= m.event < self.turn.end)

    def movement_here(self) -> Movement | None:
        return next((m for m in self.moved if self.turn.start <= m.event < self.turn.end), None)


def opened(recording: Recording, eyes: int | None = None) -> Replay:
    """At the first turn.

    Raises:
        UserError: the recording does not fit together, or there is nothing in it.
    """
    check(recording)
    return _through(Replay(_clean(recording), (), ()), eyes)


def moved(replay: Replay, by: int) -> Replay:
    """So many turns on, or back where it is negative; never beyond the ends."""
    return to(replay, replay.at + by)


def to(replay: Replay, at: int) -> Replay:
    return replace(replay, at=min(max(at, 0), len(replay.turns) - 1))


def to_event(replay: Replay, event: int) -> Replay:
    """The turn with which the event of this number came."""
    return to(replay, turn_of(replay.turns, event))


def to_phase(replay: Replay, by: int) -> Replay:
    """The beginning of the next phase, or of this one, and from there of the one before."""
    starts = sorted({turn_of(replay.turns, phase.event) for phase in replay.recording.phases} | {0})
    if by > 0:
        return to(replay, next((n for n in starts if n > replay.at), len(replay.turns) - 1))
    return to(replay, next((n for n in reversed(starts) if n < replay.at), 0))


def to_mark(replay: Replay, kind: str, by: int) -> Replay:
    """The next mark of this kind, or the one before; where there is none, nothing changes."""
    places = [turn_of(replay.turns, mark.event) for mark in replay.marks if mark.kind == kind]
    there = [n for n in places if (n > replay.at if by > 0 else n < replay.at)]
    if not there:
        return replay
    return to(replay, min(there) if by > 0 else max(there))


def to_most(replay: Replay) -> Replay:
    """The message that moved beliefs most."""
    return replay if replay.most is None else to_event(replay, replay.most.event)


def through(replay: Replay, eyes: int | None) -> Replay:
    """With other eyes, at the same moment or the last one before it that they know of."""
    if eyes == replay.eyes or not (eyes is None or 0 <= eyes < len(replay.recording.seats)):
        return replay
    return _through(replay, eyes)


def with_map(replay: Replay, shown: bool) -> Replay:
    """With or without the map of who suspects whom."""
    return replace(replay, shows_map=shown)


def through_next(replay: Replay, by: int = 1) -> Replay:
    """Everybody's eyes in turn, and none."""
    seats = len(replay.recording.seats)
    at = 0 if replay.eyes is None else replay.eyes + 1
    at = (at + by) % (seats + 1)
    return through(replay, None if at == 0 else at - 1)


def _through(replay: Replay, eyes: int | None) -> Replay:
    recording = replay.recording
    turns = replay_turns(recording, eyes)
    if not turns:
        raise UserError("Nothing happened in this match.")
    at = turn_of(turns, replay.turn.start) if replay.turns else 0
    return replace(
        replay,
        turns=turns,
        marks=recording.marks if eyes is None else marks_for(recording, eyes),
        moved=movements(recording, eyes),
        most=moved_most(recording, eyes),
        eyes=eyes,
        at=at,
    )


# -- the door ----------------------------------------------------------------------------------------------------------


def check(recording: Recording) -> None:
    """
    Raises:
        UserError: a number in it points nowhere.
    """
    seats, events = range(len(recording.seats)), len(recording.events)
    named = (*recording.decisions, *recording.beliefs)
    at = 0
    fits = bool(seats) and bool(events)
    fits = (
        fits and all(d.seat in seats for d in named) and all(m.seat is None or m.seat in seats for m in recording.marks)
    )
    fits = fits and all(0 <= m.event < events for m in (*recording.marks, *recording.phases))
    fits = fits and all(0 < b.seen <= events for b in recording.beliefs)
    fits = fits and all(s in seats for e in recording.events for s in e.audience or ())
    for decision in recording.decisions:
        fits = fits and at <= decision.seen and decision.own >= 0 and decision.seen + decision.own <= events
        at = decision.seen + decision.own
    if not fits:
        raise UserError("This recording does not fit together.")


def _clean(recording: Recording) -> Recording:
    def of(entry: Any, **changed: Any) -> Any:
        return entry.model_copy(update=changed)

    return of(
        recording,
        game=clean_text(recording.game, 20),
        seats=tuple(of(s, name=clean_text(s.name, NAME_LIMIT), mind=clean_text(s.mind, 20)) for s in recording.seats),
        events=tuple(of(e, data=cleaned(e.data), line=clean_text(e.line, TEXT_LIMIT)) for e in recording.events),
        decisions=tuple(
            of(
                d,
                kind=clean_text(d.kind, 20),
                question=clean_text(d.question, 200),
                by=clean_text(d.by, 20),
                mind=clean_text(d.mind, 80),
                fallback=None if d.fallback is None else clean_text(d.fallback, 80),
                thought=None if d.thought is None else clean_text(d.thought, TEXT_LIMIT),
                text=clean_text(d.text, TEXT_LIMIT),
                choice=None if d.choice is None else clean_text(d.choice, CHOICE_LIMIT),
                options=tuple(of(o, choice=clean_text(o.choice, CHOICE_LIMIT)) for o in d.options),
            )
            for d in recording.decisions
        ),
        marks=tuple(of(m, says=clean_text(m.says, TEXT_LIMIT)) for m in recording.marks),
        phases=tuple(of(p, name=clean_text(p.name, 40)) for p in recording.phases),
        believed=clean_text(recording.believed, 40),
        beliefs=tuple(
            of(
                b,
                of={clean_text(name, CHOICE_LIMIT): p for name, p in b.of.items()},
                true=tuple(clean_text(name, CHOICE_LIMIT) for name in b.true),
            )
            for b in recording.beliefs
        ),
    )
