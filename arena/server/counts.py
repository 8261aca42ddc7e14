"""What a running server counts about itself, for its status line, ``/healthz`` and ``/metrics``.

What a match did is published when it is over. A number that moved while a night goes on would tell how many seats have
something to do in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from arena.decision import Decision, MindKind, quality
from arena.protocol import codes

WINDOW_S = 10.0

LATENCY_BUCKETS_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

_REASONS: Final = {
    "deadline": "deadline",
    "mind/timeout": "timeout",
    "engine/context_full": "context_full",
    "engine/budget": "budget",
    "engine/unreadable": "unreadable",
    "engine/declined": "declined",
    "talk/empty": "empty",
    "talk/cut": "cut",
    "talk/echo": "echo",
    "talk/again": "asked_again",
}
_FAMILIES: Final = {"act": "illegal", "engine": "engine", "checkpoint": "engine"}


def reason_class(fallback: str) -> str:
    """One of few words for why a default act was used: never anything that a player or a model wrote."""
    code = fallback.split(":", 1)[0]
    return _REASONS.get(code) or _FAMILIES.get(code.split("/", 1)[0], "other")


@dataclass(frozen=True, slots=True)
class Status:
    """``decisions_per_s`` is over the last ten seconds."""

    rooms: int
    people: int
    games_finished: int
    decisions: int
    decisions_per_s: float
    live_checkpoint: str | None


@dataclass(slots=True)
class Latencies:
    """A histogram: ``buckets[n]`` counts what took at most ``LATENCY_BUCKETS_S[n]``, the last one all the rest."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BUCKETS_S) + 1))
    total_s: float = 0.0

    def add(self, latency_s: float) -> None:
        self.buckets[bisect_left(LATENCY_BUCKETS_S, latency_s)] += 1
        self.total_s += latency_s


class Counts:
    """``games_finished`` and what follows it is for everybody; ``decisions`` and ``per_s`` are for whoever runs the
    server, as they move while matches go on."""

    def __init__(self) -> None:
        self.decisions = 0
        self.games_finished = 0
        self.games_given_up = 0
        self.latencies: dict[str, Latencies] = {}
        """By kind of mind."""
        self.fallbacks: Counter[str] = Counter()
        """Decisions with a default act, by class of reason."""
        self.answers: Counter[str] = Counter()
        """Decisions of models, by ``arena.decision.Quality``."""
        self.dropped = 0
        """Answers of minds that came when their turn was over."""
        self.refusals: Counter[str] = Counter()
        """By code."""
        self.closes: Counter[str] = Counter()
        """Connections that the server closed, by the name of the close code."""
        self._recent: deque[tuple[float, int]] = deque()
        self._pending: dict[str, list[tuple[str, float, str | None]]] = {}

    # -- what rooms say ------------------------------------------------------------------------------------------

    def decided(self, match_id: str, decisions: Sequence[Decision], now: float) -> None:
        """These decisions of a match are on their way to the log."""
        n = len(decisions)
        self.decisions += n
        pending = self._pending.setdefault(match_id, [])
        for decision in decisions:
            pending.append((str(decision.kind), decision.latency_s, decision.fallback))
        if self._recent and now - self._recent[-1][0] < 0.25:  # a handful of entries, however fast the games
            at, before = self._recent.pop()
            self._recent.append((at, before + n))
        else:
            self._recent.append((now, n))
        self._forget(now)

    def came_late(self) -> None:
        """A mind answered a turn that was over."""
        self.dropped += 1

    def finished(self, match_id: str) -> None:
        """The match is over and stored."""
        self.games_finished += 1
        self._publish(match_id)

    def given_up(self, match_id: str) -> None:
        """The match will not be played on here. Nothing for one that is finished already."""
        if match_id in self._pending:
            self.games_given_up += 1
            self._publish(match_id)

    def _publish(self, match_id: str) -> None:
        for kind, latency_s, fallback in self._pending.pop(match_id, ()):
            self.latencies.setdefault(kind, Latencies()).add(latency_s)
            if kind == MindKind.MODEL:
                self.answers[str(quality(fallback))] += 1
            if fallback is not None:
                self.fallbacks[reason_class(fallback)] += 1

    # -- what connections say ------------------------------------------------------------------------------------

    def refused(self, code: str) -> None:
        self.refusals[code if code in codes.REFUSALS else "other"] += 1

    def closed(self, close_code: int) -> None:
        self.closes[codes.CLOSES.get(close_code, "other")] += 1

    # -- what is asked -------------------------------------------------------------------------------------------

    @property
    def decisions_published(self) -> int:
        return sum(sum(latencies.buckets) for latencies in self.latencies.values())

    def per_s(self, now: float) -> float:
        self._forget(now)
        if not self._recent:
            return 0.0
        return sum(n for _, n in self._recent) / max(1.0, min(WINDOW_S, now - self._recent[0][0] + 0.25))

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] < now - WINDOW_S:
            self._recent.popleft()
