"""Time as an argument: hosts read a ``Clock``; everything below them is told ``now``."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    def monotonic_s(self) -> float:
        """Seconds that never go backwards, for deadlines and durations."""
        ...

    def wall_s(self) -> float:
        """Seconds since the Unix epoch, for the log and for people."""
        ...


class SystemClock:
    def monotonic_s(self) -> float:
        return time.monotonic()

    def wall_s(self) -> float:
        return time.time()
