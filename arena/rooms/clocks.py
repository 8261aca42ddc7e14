"""The deadlines of open turns, in seconds on the room's clock."""

from __future__ import annotations

from dataclasses import dataclass, field

Key = tuple[int, str]
"""Seat and turn id."""


@dataclass(slots=True)
class Clocks:
    """A handful of turns are open at once, so a plain dict does."""

    _due: dict[Key, float] = field(default_factory=dict)

    def start(self, key: Key, deadline: float) -> None:
        self._due[key] = deadline

    def stop(self, key: Key) -> None:
        self._due.pop(key, None)

    def deadline(self, key: Key) -> float | None:
        return self._due.get(key)

    def next_deadline(self) -> float | None:
        return min(self._due.values(), default=None)

    def expired(self, now: float) -> tuple[Key, ...]:
        """The turns whose time is up, the one that has waited longest first."""
        return tuple(sorted((k for k, due in self._due.items() if due <= now), key=lambda k: (self._due[k], k)))
