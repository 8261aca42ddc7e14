"""Two-level GAE: first the turns of a match share its result, then the tokens of a turn share the turn's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from training.credit.base import Credit, Estimator, SeatEpisode, masked
from training.credit.gae import gae


@dataclass(frozen=True, slots=True)
class Hierarchical(Estimator):
    """Turn k has the tokens s_k..e_k, the reward r_k and the value V_k = V(e_k); V_{K+1} = A_{K+1} = 0.

        turns     δ_k = r_k + γ_H V_{k+1} − V_k            A_k = δ_k + γ_H λ_H A_{k+1}
        tokens    A_k + V_k is paid at e_k, and within the turn
                  δ_i = r_i + γ_T V_{i+1} − V_i            A_i = δ_i + γ_T λ_T A_{i+1}

    so A at e_k is A_k. Value targets are A_i + V_i. With all four at 1 this is ``Flat`` with γ = λ = 1.

    Where tokens have rewards of their own, that of e_k counts with r_k, and those of turn k+1 before e_{k+1}, which
    V_{k+1} no longer holds, are added to it: γ_H (V_{k+1} + their sum). Else A_k would forget what is paid there.

    Wrong to use with a critic that explains nothing: then λ_H below 1 only replaces the result by noise, and ``rae`` is
    simpler and better. λ_H about 0.7 wants a critic that sees the roles; with a weaker one start at 0.95.
    """

    name: ClassVar[str] = "hierarchical"
    gamma_turn: float = 1.0
    lambda_turn: float = 0.7
    gamma_token: float = 1.0
    lambda_token: float = 1.0

    def assign(self, episodes: Sequence[SeatEpisode]) -> list[Credit]:
        return [self._one(episode) for episode in episodes]

    def _one(self, episode: SeatEpisode) -> Credit:
        lasts, values = episode.lasts, episode.values
        inner = episode.token_rewards.astype(np.float64)
        inner[lasts] = 0.0
        by_turn = episode.turn_rewards + episode.token_rewards[lasts]
        by_turn[:-1] += self.gamma_turn * np.array([inner[start:end].sum() for start, end in episode.turns[1:]])
        of_turns = gae(by_turn, values[lasts], self.gamma_turn, self.lambda_turn)

        paid = inner
        paid[lasts] = of_turns + values[lasts]
        advantages = np.zeros(len(values))
        for start, end in episode.turns:
            advantages[start:end] = gae(paid[start:end], values[start:end], self.gamma_token, self.lambda_token)
        return masked(episode, advantages, advantages + values)
