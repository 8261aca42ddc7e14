"""Advantages among matches of one deal: a seat's result against what the same seat got in the others. No critic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from training.credit.base import Credit, Estimator, SeatEpisode, masked


@dataclass(frozen=True, slots=True)
class Group(Estimator):
    """The same deal is played several times (``arena train --deal-again``), so roles and names are equal and what
    differs is what was said and done: GRPO's groups (Shao et al. 2024), seat by seat. R is the sum of a seat's rewards,
    G the matches of its deal.

        A_i = R − mean of R over the G − 1 others        for every token of the seat

    The mean leaves the seat's own match out, so it is a baseline that its own acts cannot move (Ahmadian et al. 2024,
    RLOO); there is no division by the deviation, which would weigh deals by how even they are. A seat without others is
    told nothing: A = 0. Value targets are the return from each token on, for a critic that learns beside it.

    Wrong to use where a match is short of luck but long: every turn of a seat gets the same.
    """

    name: ClassVar[str] = "group"

    def assign(self, episodes: Sequence[SeatEpisode]) -> list[Credit]:
        results: dict[str, list[float]] = {}
        for episode in episodes:
            results.setdefault(episode.deal, []).append(float(episode.rewards.sum()))
        return [self._one(episode, results[episode.deal]) for episode in episodes]

    def _one(self, episode: SeatEpisode, results: Sequence[float]) -> Credit:
        rewards, others = episode.rewards, len(results) - 1
        mine = float(rewards.sum())
        advantage = mine - (sum(results) - mine) / others if others and episode.deal else 0.0
        return masked(episode, np.full(len(rewards), advantage), np.cumsum(rewards[::-1])[::-1])
