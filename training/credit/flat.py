"""Token-level GAE: every sampled token is a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from training.credit.base import Credit, Estimator, SeatEpisode, masked
from training.credit.gae import gae


@dataclass(frozen=True, slots=True)
class Flat(Estimator):
    """All the seat's sampled tokens as one sequence; what others said in between is no step.

        δ_i = r_i + γ V_{i+1} − V_i        A_i = δ_i + γ λ A_{i+1}        over i = 1..N, across turns

    The reward of a turn lies on its last token. Value targets are A_i + V_i.

    Wrong to use with γ or λ below 1 when turns are long: the end of the match then fades with every token, so an early
    turn's credit depends on how wordy the later ones were, and a single vote's worth drowns in the tokens of talk.
    """

    name: ClassVar[str] = "flat"
    gamma: float = 1.0
    lambda_: float = 0.95

    def assign(self, episodes: Sequence[SeatEpisode]) -> list[Credit]:
        return [self._one(episode) for episode in episodes]

    def _one(self, episode: SeatEpisode) -> Credit:
        advantages = gae(episode.rewards, episode.values, self.gamma, self.lambda_)
        return masked(episode, advantages, advantages + episode.values)
