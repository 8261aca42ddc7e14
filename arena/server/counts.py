"""What a running server counts about itself, for its status line and for ``/healthz``."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW_S = 10.0


@dataclass(frozen=True, slots=True)
class Status:
    """``decisions_per_s`` is over the last ten seconds."""

    rooms: int
    people: int
    games_finished: int
    decisions: int
    decisions_per_s: float
    live_checkpoint: str | None


class Counts:
    def __init__(self) -> None:
        self.games_finished = 0
        self.decisions = 0
        self._recent: deque[tuple[float, int]] = deque()

    def decided(self, n: int, now: float) -> None:
        self.decisions += n
        if self._recent and now - self._recent[-1][0] < 0.25:  # a handful of entries, however fast the games
            at, before = self._recent.pop()
            self._recent.append((at, before + n))
        else:
            self._recent.append((now, n))
        self._forget(now)

    def per_s(self, now: float) -> float:
        self._forget(now)
        if not self._recent:
            return 0.0
        return sum(n for _, n in self._recent) / max(1.0, min(WINDOW_S, now - self._recent[0][0] + 0.25))

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] < now - WINDOW_S:
            self._recent.popleft()
