"""The ladder: strengths of players that do not drift (checkpoints, scripts), fitted to all their matches at once.

The first side of a match wins with the probability

    p = 1 / (1 + exp(−(mean strength of side A − mean strength of side B + bias of the setup)))

Means, not sums: three equal players against two are as strong as two against two, and what the numbers of the sides are
worth is learned as the setup's bias. Every strength and bias has the prior Normal(0, ``prior_sd``), about as much
evidence as one match, so that an unbeaten player stays finite.

Intervals come from resampling whole matches, and each resample also draws the centres of the priors from the priors
(Lyddon, Walker, Holmes 2018): what the matches say nothing about, such as two groups that never met, gets the whole
width of the prior instead of none.

Figures are Elo (400 · log10 of the odds), centred on the mean of the players. The same fit with one strength per player
and side gives the figures per side, each side centred by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log
from typing import Final

import numpy as np

from arena.rating.logistic import Floats, most_likely

ELO: Final = 400 / log(10)
"""Elo points per logit."""
PRIOR_SD_ELO: Final = 350.0


@dataclass(frozen=True, slots=True)
class Result:
    """One finished match between two sides.

    ``setup`` names the game and its options: matches of one setup share a bias. ``players`` has one player id a seat,
    for each of the two ``sides``. ``score`` is that of the first side: 1 won, 0 lost, 0.5 drawn.
    """

    setup: str
    sides: tuple[str, str]
    players: tuple[tuple[str, ...], tuple[str, ...]]
    score: float

    def __post_init__(self) -> None:
        assert self.sides[0] != self.sides[1], "two different sides"
        assert all(self.players), "somebody on each side"
        assert 0 <= self.score <= 1, "a score is a share of a win"

    @property
    def is_self_play(self) -> bool:
        """One player on all seats: says nothing about strength."""
        return len({*self.players[0], *self.players[1]}) == 1


@dataclass(frozen=True, slots=True)
class Rating:
    """Elo, with the ends of its interval."""

    elo: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ladder:
    """What the matches say. ``biases`` are the advantages of the first side (in alphabetical order) by setup.

    ``by_side`` holds the pairs of player and side that occurred: compare its figures within a side only.
    """

    players: Mapping[str, Rating] = field(default_factory=dict)
    by_side: Mapping[tuple[str, str], Rating] = field(default_factory=dict)
    biases: Mapping[str, Rating] = field(default_factory=dict)
    games: int = 0

    def chance(self, setup: str, first: Sequence[str], second: Sequence[str]) -> float:
        """The probability that ``first`` (on the alphabetically first side) beats ``second``. New names count as 0."""
        bias = self.biases[setup].elo if setup in self.biases else 0.0
        return 1 / (1 + exp(-(self._mean(first) - self._mean(second) + bias) / ELO))

    def _mean(self, players: Sequence[str]) -> float:
        return sum(self.players[p].elo if p in self.players else 0.0 for p in players) / len(players)


def fit_ladder(
    results: Iterable[Result],
    *,
    prior_sd_elo: float = PRIOR_SD_ELO,
    resamples: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> Ladder:
    """Fit all matches but those of self-play, in any order. ``seed`` fixes the resampling; at least one resample."""
    rated = Counter(ordered(r) for r in results if not r.is_self_play)
    if not rated:
        return Ladder()
    counted = sorted(rated.items(), key=lambda item: (item[0].setup, item[0].sides, item[0].players, item[0].score))
    overall, biases = _strengths(counted, False, prior_sd_elo / ELO, resamples, level, seed)
    by_side, _ = _strengths(counted, True, prior_sd_elo / ELO, resamples, level, seed)
    return Ladder({player: rating for (player, _), rating in overall.items()}, by_side, biases, rated.total())


def ordered(result: Result) -> Result:
    """The same match with its sides, and the players of each side, in alphabetical order."""
    (a, b), (first, second) = result.sides, (tuple(sorted(p)) for p in result.players)
    if a < b:
        return Result(result.setup, (a, b), (first, second), result.score)
    return Result(result.setup, (b, a), (second, first), 1 - result.score)


def _strengths(
    counted: Sequence[tuple[Result, int]], by_side: bool, prior_sd: float, resamples: int, level: float, seed: int
) -> tuple[dict[tuple[str, str], Rating], dict[str, Rating]]:
    """Ratings by (player, group), each group centred by itself, and by setup. A group is a side, or "" for all."""

    def column(player: str, side: str) -> tuple[str, str]:
        return player, side if by_side else ""

    keys = sorted({column(p, s) for r, _ in counted for s, ps in zip(r.sides, r.players, strict=True) for p in ps})
    setups = sorted({r.setup for r, _ in counted})
    place = {key: d for d, key in enumerate(keys)}
    bias_place = {setup: len(keys) + d for d, setup in enumerate(setups)}

    rows = np.zeros((len(counted), len(keys) + len(setups)))
    for row, (result, _) in zip(rows, counted, strict=True):
        row[bias_place[result.setup]] = 1.0
        for sign, side, players in zip((1, -1), result.sides, result.players, strict=True):
            for player in players:
                row[place[column(player, side)]] += sign / len(players)
    scores = np.array([r.score for r, _ in counted])
    counts = np.array([n for _, n in counted], dtype=np.float64)
    groups = [[place[key] for key in keys if key[1] == group] for group in sorted({key[1] for key in keys})]

    def centred(w: Floats) -> Floats:
        w = w * ELO
        for group in groups:
            w[group] -= w[group].mean()
        return w

    best = most_likely(rows, scores, counts, np.zeros(rows.shape[1]), prior_sd)
    rng = np.random.default_rng(seed)
    total = int(counts.sum())
    drawn = np.array([
        centred(most_likely(rows, scores, again, rng.normal(0.0, prior_sd, len(best)), prior_sd, best))
        for again in rng.multinomial(total, counts / total, size=resamples).astype(np.float64)
    ])  # fmt: skip
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    ratings = [Rating(*map(float, figures)) for figures in zip(centred(best), low, high, strict=True)]
    return dict(zip(keys, ratings, strict=False)), dict(zip(setups, ratings[len(keys) :], strict=True))
