"""What a situation is worth to a side: the critics, whose values credit assignment works with.

``central`` sees the roles while training (after Lowe et al. 2017, MADDPG) and is no part of the policy: a table over
``Game.standing``, which takes most of the luck of a hidden-role game out of the advantages, and where seats decide one
at a time ``training.onward``, which leaves none but which standings were met. ``seat`` (``SeatCritic``) reads the
policy's own hidden states and knows what the seat knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from torch import Tensor, nn

from training.episodes import Episode
from training.onward import Onward
from training.standings import Moment

_PRIOR: Final = 8.0
"""How many visits the side's mean return counts for in the value of a standing."""


@dataclass(slots=True)
class CentralTable:
    """The value of each standing to each side: the mean return of recent matches, or ``onward``'s where that knows
    better.

    Older batches fade by ``decay``. A match's own result is taken out of the values that it is judged by: else every
    rare standing would explain its own outcome.
    """

    decay: float = 0.7
    sums: dict[tuple[str, str], float] = field(default_factory=dict)
    visits: dict[tuple[str, str], float] = field(default_factory=dict)
    onward: Onward = field(default_factory=Onward)

    def learn(self, episodes: Sequence[Episode], moments: Sequence[Sequence[Moment]]) -> None:
        """Fade what is known and add these matches: each standing counts once a match and side."""
        for table in (self.sums, self.visits):
            for key in table:
                table[key] *= self.decay
        worked_out = self.onward.learn(episodes, moments)
        for episode, of_match, elsewhere in zip(episodes, moments, worked_out, strict=True):
            for side, result in _results(episode).items():
                for standing in ({m.standing for m in of_match} - elsewhere) | {""}:
                    key = (standing, side)
                    self.sums[key] = self.sums.get(key, 0.0) + result
                    self.visits[key] = self.visits.get(key, 0.0) + 1.0
        self.onward.settle(sorted({side for _, side in self.sums}), self._sampled)

    def value(self, standing: str, side: str, own: float | None = None) -> float:
        """The value for a side; ``own`` is the return of the match that asks, if it was learnt and visited this
        standing."""
        known = self.onward.worth.get((standing, side))
        return self._sampled(standing, side, own) if known is None else known

    def _sampled(self, standing: str, side: str, own: float | None = None) -> float:
        mean = self._mean(("", side), own, 0.0, 1e-6)
        return self._mean((standing, side), own, mean, _PRIOR)

    def _mean(self, key: tuple[str, str], own: float | None, prior: float, weight: float) -> float:
        total, visits = self.sums.get(key, 0.0), self.visits.get(key, 0.0)
        if own is not None and visits >= 1.0:
            total, visits = total - own, visits - 1.0
        return (total + weight * prior) / (visits + weight)

    def state(self) -> dict[str, Any]:
        rows = [[*k, self.sums[k], self.visits[k]] for k in self.sums]
        return {"rows": rows, "onward": self.onward.state()}

    def load(self, state: Mapping[str, Any]) -> None:
        self.sums = {(a, b): s for a, b, s, _ in state["rows"]}
        self.visits = {(a, b): v for a, b, _, v in state["rows"]}
        if "onward" in state:  # a run of an earlier version has none
            self.onward.load(state["onward"])


class SeatCritic(nn.Module):
    """Values from the policy's hidden states, (…, width) → (…,). They are detached: the gradient of a critic wrecks the
    talk of a small policy that shares its trunk (docs/experiments.md)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 64), nn.GELU(), nn.Linear(64, 1))

    def forward(self, hidden: Tensor) -> Tensor:
        return self.layers(hidden.detach()).squeeze(-1)


def _results(episode: Episode) -> dict[str, float]:
    return dict(zip(episode.outcome.sides, episode.outcome.returns, strict=True))


def explained_variance(values: Tensor, targets: Tensor) -> float:
    """1 − Var(target − value) / Var(target): 1 is perfect, 0 no better than a constant."""
    return float(1 - (targets - values).var() / targets.var().clamp_min(1e-9))
