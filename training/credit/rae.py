"""Role-conditioned advantages: a seat's result against what its role usually gets. No critic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from training.credit.base import Credit, Estimator, SeatEpisode, masked


@dataclass(slots=True)
class RoleBaseline(Estimator):
    """SPIRAL's estimator (Liu et al. 2025): R is the sum of the seat's rewards, b a running mean by game and role.

        A_i = R − b(game, role) for every token        then b ← α b + (1 − α) R

    b starts at 0. It is read for the whole batch before the batch changes it: a seat's own result, or that of its
    fellows in the same match, must not be in the baseline that it is measured against. Seats that never acted leave it
    alone. Value targets are the return from each token on, for a critic that learns beside it.

    Wrong to use where turns should be told apart: the best and the worst vote of a lost match get the same, and so does
    every turn of a seat that was fined for one. α = 0.95 averages about 20 seats; raise it for large batches.
    """

    name: ClassVar[str] = "rae"
    decay: float = 0.95
    baselines: dict[tuple[str, str], float] = field(default_factory=dict)

    def assign(self, episodes: Sequence[SeatEpisode]) -> list[Credit]:
        credits = [self._one(episode) for episode in episodes]
        for episode in episodes:
            if episode.turns:
                key = episode.game, episode.role
                before = self.baselines.get(key, 0.0)
                self.baselines[key] = self.decay * before + (1 - self.decay) * float(episode.rewards.sum())
        return credits

    def _one(self, episode: SeatEpisode) -> Credit:
        rewards = episode.rewards
        advantage = rewards.sum() - self.baselines.get((episode.game, episode.role), 0.0)
        return masked(episode, np.full(len(rewards), advantage), np.cumsum(rewards[::-1])[::-1])

    def state(self) -> dict[str, Any]:
        """The baselines as ``{game: {role: b}}``."""
        games: dict[str, Any] = {}
        for (game, role), baseline in self.baselines.items():
            games.setdefault(game, {})[role] = baseline
        return games

    def load(self, state: Mapping[str, Any]) -> None:
        self.baselines = {(game, role): float(b) for game, roles in state.items() for role, b in roles.items()}
