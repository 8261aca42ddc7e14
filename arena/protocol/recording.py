"""A finished match as one value: what happened, who decided how, what was believed. The wire, the command line's JSON
and the replay's screens all have it from here.

It tells every secret of the match, thoughts included, and nothing of the people beyond what the table saw: no handles,
no tokens, no times. Numbers of events count from 0, and an event's place in ``events`` is its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from arena.games.core import EVERYONE, Event, only

PORTION_BYTES: Final = 128 * 1024
"""About how much of a recording goes into one message."""


class Recorded(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class RecordedSeat(Recorded):
    name: str
    mind: str
    """``person``, ``model``, ``script`` or ``remote``, as the match began."""


class RecordedEvent(Recorded):
    """``audience`` None: everybody; else these seats, nobody for what only the server knew."""

    kind: str
    data: dict[str, Any]
    audience: tuple[int, ...] | None
    line: str

    @property
    def event(self) -> Event:
        return Event(self.kind, self.data, EVERYONE if self.audience is None else only(*self.audience))


class RecordedOption(Recorded):
    """``probability`` is None where the log has none: people and scripts decide without."""

    choice: str
    probability: float | None = None


class RecordedDecision(Recorded):
    """One answered turn. It was made when the first ``seen`` events had happened; the ``own`` events that follow are
    what it came to by itself."""

    seen: int
    own: int
    seat: int
    turn: str
    kind: str
    question: str
    by: str
    """What kind of mind decided: ``model``, ``person``, ``script``, ``remote`` or ``nobody``."""
    mind: str
    fallback: str | None = None
    thought: str | None = None
    text: str = ""
    choice: str | None = None
    options: tuple[RecordedOption, ...] = ()


class RecordedBelief(Recorded):
    """What a seat believed when the first ``seen`` events had happened: a probability for each that it may name.
    ``true`` are the right ones."""

    seen: int
    seat: int
    of: dict[str, float]
    true: tuple[str, ...]


class RecordedMark(Recorded):
    """A place to jump to; see ``arena.games.core.Mark``."""

    event: int
    kind: str
    says: str
    seat: int | None = None
    secret: bool = False


class RecordedPhase(Recorded):
    """From event number ``event`` on the match stood here, in the game's own public words."""

    event: int
    name: str


class RecordedOutcome(Recorded):
    winner: str
    reason: str
    sides: tuple[str, ...]
    returns: tuple[float, ...]


class RecordingHead(Recorded):
    """``outcome`` is None for a match that was given up. ``believed`` is the question that the beliefs answer."""

    id: str
    game: str
    options: dict[str, Any]
    seats: tuple[RecordedSeat, ...]
    outcome: RecordedOutcome | None
    believed: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(seat.name for seat in self.seats)


class RecordingPortion(Recorded):
    """Some entries of a recording's lists, those that follow on the ones of the portion before."""

    events: tuple[RecordedEvent, ...] = ()
    decisions: tuple[RecordedDecision, ...] = ()
    marks: tuple[RecordedMark, ...] = ()
    phases: tuple[RecordedPhase, ...] = ()
    beliefs: tuple[RecordedBelief, ...] = ()


class Recording(RecordingHead, RecordingPortion):
    """All of it."""

    @property
    def head(self) -> RecordingHead:
        return RecordingHead(**{name: getattr(self, name) for name in RecordingHead.model_fields})

    def portions(self, limit: int = PORTION_BYTES) -> Iterator[RecordingPortion]:
        """The lists cut up, so that no portion has more than about ``limit`` bytes of JSON, or one entry."""
        taken: dict[str, list[Recorded]] = {}
        size = 0
        for name in RecordingPortion.model_fields:
            for entry in getattr(self, name):
                more = len(entry.model_dump_json().encode())
                if size and size + more > limit:
                    yield _portion(taken)
                    taken, size = {}, 0
                taken.setdefault(name, []).append(entry)
                size += more
        if taken:
            yield _portion(taken)


def _portion(taken: Mapping[str, Sequence[Recorded]]) -> RecordingPortion:
    lists: dict[str, Any] = {name: tuple(entries) for name, entries in taken.items()}
    return RecordingPortion.model_construct(**lists)


def joined(head: RecordingHead, portions: Iterable[RecordingPortion]) -> Recording:
    """The recording that was cut up like this."""
    lists: dict[str, Any] = dict.fromkeys(RecordingPortion.model_fields, ())
    for portion in portions:
        lists = {name: (*entries, *getattr(portion, name)) for name, entries in lists.items()}
    return Recording.model_construct(**{n: getattr(head, n) for n in RecordingHead.model_fields}, **lists)
