"""The events of one match, and for every seat the growing list of those that it may see.

The lists hold exactly what ``arena.games.core.visible`` gives, kept up as the match goes: an event's place in a seat's
list is its number in that seat's stream.
"""

from __future__ import annotations

from arena.games.core import Event


class History:
    """Only ``append`` changes it. The lists are handed out themselves, not copies: readers must not change them.

    ``times`` holds when each event happened, in seconds since the Unix epoch.
    """

    __slots__ = ("_public", "_streams", "events", "times")

    def __init__(self, seats: int) -> None:
        self.events: list[Event] = []
        self.times: list[float] = []
        self._streams: tuple[list[Event], ...] = tuple([] for _ in range(seats))
        self._public: list[Event] = []

    def append(self, event: Event, at: float) -> None:
        self.events.append(event)
        self.times.append(at)
        if event.audience.is_public:
            self._public.append(event)
            for stream in self._streams:
                stream.append(event)
        else:
            for seat, stream in enumerate(self._streams):
                if seat in event.audience:
                    stream.append(event)

    def stream(self, seat: int | None) -> list[Event]:
        """What this seat may see (a spectator for None), the same list each time."""
        return self._public if seat is None else self._streams[seat]
