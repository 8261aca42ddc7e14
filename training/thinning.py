"""Learning from the decisions that have something to teach: most advantages of a match are near nothing.

A decision is kept with a probability that grows with its advantage, and weighs the inverse of it, so the expected
gradient stays what it was, for a fraction of the work (importance sampling of the training examples, after
Katharopoulos and Fleuret 2018, with the advantage in place of the gradient's norm).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from training.assign import Assigned
from training.credit.base import Floats
from training.episodes import Episode
from training.packing import TokenGame

FLOOR: Final = 0.1
"""The least probability, so that no decision weighs more than ten others: distance and entropy count in all of them."""


def thin(
    episodes: Sequence[Episode], assigned: Sequence[Assigned], share: float, order: random.Random
) -> tuple[list[Episode], list[Assigned]]:
    """About ``share`` of the trainable decisions, with their credit and their weights; episodes without any are left
    out. Trunks end behind the last decision that is kept."""
    turns = [_magnitudes(e, a) for e, a in zip(episodes, assigned, strict=True)]
    odds = iter(probabilities(np.array([m for of in turns for m in of.values()]), share).tolist())
    kept_episodes: list[Episode] = []
    kept_assigned: list[Assigned] = []
    for episode, given, of in zip(episodes, assigned, turns, strict=True):
        weights: dict[int, float] = {}
        for n, p in zip(of, odds):  # noqa: B905 - the odds of all episodes, one after the other
            if order.random() < p:
                weights[n] = 1.0 / p
        if weights:
            small, credit = _only(episode, given, weights)
            kept_episodes.append(small)
            kept_assigned.append(credit)
    return kept_episodes, kept_assigned


def probabilities(magnitudes: Floats, share: float) -> Floats:
    """(K,) probabilities in [``FLOOR``, 1], in proportion to the magnitudes between the two, with ``share`` as mean (or
    ``FLOOR`` where that is more)."""
    if not len(magnitudes):
        return magnitudes
    low, high = 0.0, 1.0 / max(float(magnitudes.min(initial=1.0, where=magnitudes > 0)), 1e-9)
    for _ in range(60):  # the mean grows with the factor
        factor = (low + high) / 2
        if np.clip(factor * magnitudes, FLOOR, 1.0).mean() < share:
            low = factor
        else:
            high = factor
    return np.clip(high * magnitudes, FLOOR, 1.0)


def _magnitudes(episode: Episode, assigned: Assigned) -> dict[int, float]:
    """The mean size of the advantage of each trainable decision; a thought and its answer are one."""
    tokens: dict[int, list[Floats]] = {}
    for n, free, advantages in zip(episode.which, episode.trainable, assigned.advantages, strict=True):
        if free:
            tokens.setdefault(n, []).append(np.abs(advantages))
    return {n: float(np.concatenate(of).mean()) for n, of in tokens.items()}


def _only(episode: Episode, assigned: Assigned, weights: dict[int, float]) -> tuple[Episode, Assigned]:
    kept = [i for i, n in enumerate(episode.which) if episode.trainable[i] and n in weights]
    wanted = set(kept)
    rows: list[TokenGame] = []
    first = 0
    for row in episode.rows:
        branches = tuple(b for i, b in enumerate(row.branches, first) if i in wanted)
        first += len(row.branches)
        if branches:
            rows.append(TokenGame(row.trunk[: max(b.offset for b in branches)], branches))
    small = replace(
        episode,
        rows=tuple(rows),
        which=tuple(episode.which[i] for i in kept),
        trainable=(True,) * len(kept),
        thoughts=tuple(episode.thoughts[i] for i in kept),
    )
    credit = Assigned(
        tuple(assigned.advantages[i] for i in kept),
        tuple(assigned.targets[i] for i in kept),
        tuple(weights[episode.which[i]] for i in kept),
        tuple(assigned.options[i] for i in kept) if assigned.options else (),
    )
    return small, credit
