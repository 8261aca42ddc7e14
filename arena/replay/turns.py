"""A recording as the turns that a reader goes through: one step a decision, and one for whatever happened in public by
itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from arena.games.core import visible
from arena.protocol.recording import RecordedDecision, RecordedMark, Recording


@dataclass(frozen=True, slots=True)
class ReplayTurn:
    """Events ``start`` to ``end`` (exclusive) come with it. ``decision`` is what brought them about, if anything."""

    start: int
    end: int
    decision: RecordedDecision | None


def seen_by(recording: Recording, eyes: int | None) -> tuple[int, ...]:
    """The numbers of the events that these eyes saw: a seat's, or all of them (None)."""
    if eyes is None:
        return tuple(range(len(recording.events)))
    return tuple(n for n, event in enumerate(recording.events) if visible((event.event,), eyes))


def public(recording: Recording) -> tuple[int, ...]:
    """The numbers of the events that everybody saw."""
    return tuple(n for n, event in enumerate(recording.events) if visible((event.event,), None))


def marks_for(recording: Recording, eyes: int | None) -> tuple[RecordedMark, ...]:
    """The marks that a seat could have set itself, its own lies among them; without eyes, everybody's."""
    seen = frozenset(public(recording) if eyes is None else seen_by(recording, eyes))
    return tuple(
        m for m in recording.marks if m.event in seen and (not m.secret or (eyes is not None and m.seat == eyes))
    )


def replay_turns(recording: Recording, eyes: int | None = None) -> tuple[ReplayTurn, ...]:
    """In order. A seat's eyes miss the turns of which it saw nothing, and of the others only know their own decisions.

    The events of a turn are those of the whole match; ``seen_by`` says which of them the eyes saw.
    """
    seen = frozenset(seen_by(recording, eyes))
    found: list[ReplayTurn] = []
    for turn in _turns(recording):
        told = any(n in seen and recording.events[n].line for n in range(turn.start, turn.end))
        mine = turn.decision is not None and eyes in (None, turn.decision.seat)
        if told or mine:
            found.append(turn if mine else ReplayTurn(turn.start, turn.end, None))
    return tuple(found)


def _turns(recording: Recording) -> list[ReplayTurn]:
    """What happens without a decision begins a turn where all see it. Where they do not (the cards that follow the
    opening, say) it belongs to the turn before, and where it has no line (a vote begins) to the one that comes."""
    found: list[ReplayTurn] = []
    events, start, at = recording.events, 0, 0
    for decision in (*recording.decisions, None):
        until = len(events) if decision is None else decision.seen
        for n in range(at, until):
            if events[n].audience is not None and found and start == n:
                found[-1] = replace(found[-1], end=n + 1)
                start = n + 1
            elif events[n].audience is None and events[n].line:
                found.append(ReplayTurn(start, n + 1, None))
                start = n + 1
        if decision is not None:
            at = decision.seen + decision.own
            found.append(ReplayTurn(start, at, decision))
            start = at
    if found and start < len(events):
        found[-1] = replace(found[-1], end=len(events))
    return found


def turn_of(turns: Sequence[ReplayTurn], event: int) -> int:
    """The turn with which this event came; where it is in none, the last one before it."""
    return max((n for n, turn in enumerate(turns) if turn.start <= event), default=0)


def phase_at(recording: Recording, seen: int) -> str:
    """Where the match stood when so many events had happened."""
    return next((p.name for p in reversed(recording.phases) if p.event < seen), "")
