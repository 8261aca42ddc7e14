"""How what the seats believe went up and down, and which message moved it most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from arena.protocol.recording import RecordedBelief, Recording


@dataclass(frozen=True, slots=True)
class Shift:
    """One seat's probability of one answer, before and after."""

    seat: int
    of: str
    before: float
    after: float

    @property
    def size(self) -> float:
        return abs(self.after - self.before)


@dataclass(frozen=True, slots=True)
class Movement:
    """What the event of this number did to the beliefs: ``total`` is the sum over the seats of how much probability
    went elsewhere (half the absolute differences; 1 where a seat changed its mind altogether)."""

    event: int
    total: float
    most: Shift


def beliefs_at(recording: Recording, seen: int) -> dict[int, RecordedBelief]:
    """By seat, what was believed last when so many events had happened. Only seats that were asked then."""
    last = max((b.seen for b in recording.beliefs if b.seen <= seen), default=None)
    return {b.seat: b for b in recording.beliefs if b.seen == last}


def movements(recording: Recording, eyes: int | None = None) -> tuple[Movement, ...]:
    """One for each event after which beliefs could be compared with those before it, in order.

    Where somebody can no longer be named (a death) the comparison is left out: that moves beliefs without anybody's
    words.

    Args:
        eyes: only this seat's beliefs; None: all seats'.
    """
    return tuple(_movements(recording, eyes))


def _movements(recording: Recording, eyes: int | None) -> Iterator[Movement]:
    held: dict[int, RecordedBelief] = {}
    by_moment: dict[int, list[RecordedBelief]] = {}
    for belief in recording.beliefs:
        if eyes in (None, belief.seat):
            by_moment.setdefault(belief.seen, []).append(belief)
    for seen, beliefs in sorted(by_moment.items()):
        shifts = [
            Shift(b.seat, name, held[b.seat].of[name], now)
            for b in beliefs
            if b.seat in held and held[b.seat].of.keys() == b.of.keys()
            for name, now in b.of.items()
        ]
        held |= {b.seat: b for b in beliefs}
        if shifts:
            yield Movement(seen - 1, sum(s.size for s in shifts) / 2, max(shifts, key=lambda s: s.size))


def moved_most(recording: Recording, eyes: int | None = None) -> Movement | None:
    """The message, of all that everybody heard, that moved beliefs most."""
    spoken = (m for m in movements(recording, eyes) if _is_message(recording, m.event))
    return max(spoken, key=lambda m: m.total, default=None)


def _is_message(recording: Recording, number: int) -> bool:
    event = recording.events[number]
    return event.audience is None and "text" in event.data and "seat" in event.data
