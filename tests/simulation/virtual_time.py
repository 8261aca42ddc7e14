"""An event loop whose clock jumps to the next timer when nothing is left to do, and the clocks that servers read on it.

There are no threads, no sockets and no waiting: hours pass in milliseconds, and the same program gives the same order
of events each time. (``looptime`` does this for tests in pytest, which it hooks into; a seed must replay without.)
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections.abc import Callable
from typing import Any, Final

EPOCH_S: Final = 1_800_000_000.0
"""The wall clock's reading when a simulation begins."""

_TURNS_AT_ONCE: Final = 100_000


class Standstill(Exception):
    """Nothing is left that could ever happen, or something happens for ever without any time passing."""


class _Skipping(selectors.SelectSelector):
    """Where a real selector would wait for the network, this one lets the time pass at once."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._at_once = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Standstill("everybody waits, and nothing will happen")
        if timeout > 0:
            self._loop.now += timeout
            self._at_once = 0
        else:
            self._at_once += 1
            if self._at_once > _TURNS_AT_ONCE:
                raise Standstill(f"no time passes any more at {self._loop.now:.6f}")
        return []


class _Timer(asyncio.TimerHandle):
    """Of those that are due together, the one that was set first comes first."""

    def __init__(self, n: int, *args: Any) -> None:
        super().__init__(*args)
        self._n = n

    def __lt__(self, other: Any) -> bool:
        return (self._when, self._n) < (other._when, other._n)


class VirtualLoop(asyncio.SelectorEventLoop):
    """``now`` is in seconds since the simulation began."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers = 0
        super().__init__(_Skipping(self))

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Any = None) -> _Timer:
        self._check_closed()
        self._timers += 1
        timer = _Timer(self._timers, when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer


class VirtualClock:
    """What one server reads. ``zero_s`` is what its monotonic clock showed when the simulation began; ``skew_s`` is how
    far its wall clock goes wrong. Both are others after a restart."""

    def __init__(self, loop: VirtualLoop, zero_s: float, skew_s: float) -> None:
        self._loop = loop
        self._zero_s = zero_s
        self._skew_s = skew_s

    def monotonic_s(self) -> float:
        return self._zero_s + self._loop.now

    def wall_s(self) -> float:
        return EPOCH_S + self._skew_s + self._loop.now
