"""Who is there to play the seats that people took: since when somebody is gone, how many turns they missed in a row,
and each change of hands."""

from __future__ import annotations

from collections.abc import Sequence

from arena.journal import HandedOver
from arena.rooms.clocks import Clocks
from arena.rooms.past import handed_over
from arena.rooms.seats import SeatSpec
from arena.rooms.terms import Terms


class Presence:
    """Owns ``seats``, the list of what each seat is now. Times are in seconds on the room's clock."""

    def __init__(self, match_id: str, seats: Sequence[SeatSpec], terms: Terms, changes: int = 0) -> None:
        """``changes`` counts those that the log has already."""
        self.seats = list(seats)
        self._match_id = match_id
        self._terms = terms
        self._changes = changes
        self._graces: Clocks[int] = Clocks()
        self._missed = [0] * len(seats)

    def gone(self, seat: int, now: float) -> None:
        """The connection of whoever plays here broke: the seat waits for the grace time."""
        if self.seats[seat].by_person:
            self._graces.start(seat, now + self._terms.grace_s)

    def here(self, seat: int) -> None:
        self._graces.stop(seat)

    def acted(self, seat: int) -> None:
        self._missed[seat] = 0

    def missed(self, seat: int) -> None:
        """One more turn that everybody knows of was missed."""
        self._missed[seat] += self.seats[seat].by_person

    def next_due(self) -> float | None:
        """When the next grace time ends."""
        return self._graces.next_due()

    def lost(self, now: float) -> list[tuple[int, str]]:
        """The seats that a stand-in has to take over now, with the reason."""
        dropped = self._graces.expired(now)
        stalled = [
            seat
            for seat, missed in enumerate(self._missed)
            if missed >= self._terms.missed_turns and self.seats[seat].by_person and seat not in dropped
        ]
        return [*((seat, "dropped") for seat in dropped), *((seat, "stalled") for seat in stalled)]

    def change(self, seat: int, reason: str, at: float) -> HandedOver:
        """Hand the seat over; ``at`` is in seconds since the Unix epoch."""
        spec = self.seats[seat]
        person = None if reason == "left" else spec.person
        mind = "person" if reason == "back" else spec.fill
        change = HandedOver(self._match_id, self._changes, at, seat, person, mind, reason)
        self._changes += 1
        self.here(seat)
        self.acted(seat)
        self.seats[seat] = handed_over(spec, change)
        return change

    def nobody_waits(self) -> None:
        """The match is over."""
        self._graces = Clocks()
