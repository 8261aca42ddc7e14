"""Turn-level GAE: a turn is one step, and all its tokens get the same advantage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from training.credit.base import Credit, Estimator, SeatEpisode, masked
from training.credit.gae import gae


@dataclass(frozen=True, slots=True)
class Turn(Estimator):
    """A whole answer is one action, judged by the value before its first token, V(s_k).

        δ_k = r_k + γ V(s_{k+1}) − V(s_k)        A_k = δ_k + γ λ A_{k+1}        A_i = A_k for s_k ≤ i ≤ e_k

    r_k includes the turn's token rewards. The target of each of the turn's tokens is A_k + V(s_k). V(s_k) and not
    V(e_k): a baseline that has read part of the answer would take away that part's credit.

    Wrong to use when one answer mixes good and bad parts, such as a long thought before a short choice: they all get
    the same. Right for answers of a few tokens, where it has less variance than judging each token by a noisy critic.
    """

    name: ClassVar[str] = "turn"
    gamma: float = 1.0
    lambda_: float = 0.7

    def assign(self, episodes: Sequence[SeatEpisode]) -> list[Credit]:
        return [self._one(episode) for episode in episodes]

    def _one(self, episode: SeatEpisode) -> Credit:
        rewards = np.array([episode.rewards[start:end].sum() for start, end in episode.turns])
        values = episode.values[episode.firsts]
        of_turns = gae(rewards, values, self.gamma, self.lambda_)
        return masked(episode, episode.per_token(of_turns), episode.per_token(of_turns + values))
