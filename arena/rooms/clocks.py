"""Times at which something falls due, in seconds on the room's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = tuple[int, str]
"""Seat and turn id."""

K = TypeVar("K", Key, int)


@dataclass(slots=True)
class Clocks(Generic[K]):
    """A handful of them run at once, so a plain dict does."""

    _due: dict[K, float] = field(default_factory=dict)

    def start(self, key: K, due: float) -> None:
        self._due[key] = due

    def stop(self, key: K) -> None:
        self._due.pop(key, None)

    def due(self, key: K) -> float | None:
        return self._due.get(key)

    def next_due(self) -> float | None:
        return min(self._due.values(), default=None)

    def expired(self, now: float) -> tuple[K, ...]:
        """Those whose time has come, the one that has waited longest first."""
        return tuple(sorted((k for k, due in self._due.items() if due <= now), key=lambda k: (self._due[k], k)))
