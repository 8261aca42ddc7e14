"""A new checkpoint goes live only when games say that it is no worse than the one that is: a sequential test.

Matches are played in pairs, one deal both ways round (where every seat has a goal of its own: the new one in every
other seat, then in the others), until the log-likelihood ratio of two guesses about the mean
score of a pair leaves its bounds (Wald 1945; for scores of unknown variance as chess engines are tested, Van den Bergh
2017): that the new one is as good, and that it is worse by ``margin``. A clear case takes few games. The chance to call
a checkpoint good that is worse by the margin, or one worse that is as good, is about ``error``.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Engine as Database

from agents.models import promote
from agents.players import Player, open_players
from agents.runner import Lineup, Log, Played, no_log, play_matches
from arena.errors import UnknownName
from arena.games.core import Game
from training.evaluate import A_FIRST, B_FIRST, lineups, two_sides

_FEWEST: Final = 10
"""Pairs before a verdict: the variance has to be known a little."""


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """``margin`` is in Elo, ``pairs`` the most that are played: two matches each."""

    margin: float = 50.0
    error: float = 0.05
    pairs: int = 300
    at_once: int = 64


class Verdict(StrEnum):
    NO_WORSE = "no worse"
    WORSE = "worse"
    OPEN = "not decided"
    NO_RIVAL = "not tried, for the live model plays other games"


@dataclass(frozen=True, slots=True)
class Trial:
    """``score`` is the candidate's share of the points, 1 a win and one half a draw."""

    candidate: str
    champion: str
    pairs: int
    score: float
    verdict: Verdict

    def __str__(self) -> str:
        if self.verdict is Verdict.NO_RIVAL:
            return str(self.verdict)
        return f"{self.verdict}, against {self.champion}: {self.score:.0%} of the points over {2 * self.pairs} matches"


@dataclass(slots=True)
class Sequential:
    """Takes the scores of pairs, each from 0 to 1, and says when they are enough."""

    plan: TrialPlan
    pairs: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, score: float) -> None:
        self.pairs += 1
        self.total += score
        self.squares += score * score

    @property
    def mean(self) -> float:
        return self.total / max(1, self.pairs)

    @property
    def ratio(self) -> float:
        """The log-likelihood ratio of "as good" over "worse by the margin", n (s₁ − s₀) (2 x̄ − s₀ − s₁) / 2 σ²."""
        worse, level = 1 / (1 + 10 ** (self.plan.margin / 400)), 0.5
        variance = max(self.squares / max(1, self.pairs) - self.mean**2, 1e-3)
        return self.pairs * (level - worse) * (2 * self.mean - worse - level) / (2 * variance)

    @property
    def verdict(self) -> Verdict:
        bound = math.log((1 - self.plan.error) / self.plan.error)
        if self.pairs < _FEWEST or abs(self.ratio) < bound:
            return Verdict.OPEN
        return Verdict.NO_WORSE if self.ratio > 0 else Verdict.WORSE


async def trial(
    game: Game[Any, Any],
    candidate: Player,
    champion: Player,
    plan: TrialPlan,
    *,
    seed: int | str,
    options: Any = None,
    log: Log = no_log,
    on_pair: Callable[[int], None] = lambda pairs: None,
) -> Trial:
    """Play until the test decides, or ``plan.pairs`` are played. ``on_pair`` is told how many are."""
    options = game.options({}) if options is None else options
    test = Sequential(plan)
    deal_out = _every_other_seat if game.scored else lineups
    deals = list(deal_out(game, options, candidate.id, champion.id, plan.pairs, seed))
    scores: dict[tuple[str, str], float] = {}
    playing = play_matches(
        game,
        options,
        deals,
        {candidate.id: candidate.mind, champion.id: champion.mind},
        log,
        purpose="evaluation",
        at_once=plan.at_once,
    )
    async with aclosing(playing) as matches:
        async for match in matches:
            scores[str(match.lineup.seed), match.lineup.label] = _score(match)
            while test.pairs < plan.pairs and test.verdict is Verdict.OPEN:
                pair = [(str(x.seed), x.label) for x in deals[2 * test.pairs : 2 * test.pairs + 2]]
                if not all(half in scores for half in pair):  # in the order of the deals: short matches end first
                    break
                test.add(sum(scores[half] for half in pair) / 2)
                on_pair(test.pairs)
            if test.verdict is not Verdict.OPEN:
                break
    return Trial(candidate.id, champion.id, test.pairs, test.mean, test.verdict)


def _every_other_seat(
    game: Game[Any, Any], options: Any, a: str, b: str, games: int, seed: int | str
) -> Iterator[Lineup]:
    """Each deal twice: once with A in the even seats, once in the odd ones."""
    seats = range(game.seat_count(options))
    for n in range(games):
        for label, first, second in ((A_FIRST, a, b), (B_FIRST, b, a)):
            fills = tuple(second if s % 2 else first for s in seats)
            yield Lineup(f"trial/{seed}/{n}", fills, label=label)


def _score(match: Played) -> float:
    """The candidate's: it was A. Of scored games one half more than the champion was paid on average, within bounds: a
    pair's score is then about two returns of each."""
    if match.game.scored:
        returns = match.outcome.returns
        even, odd = statistics.fmean(returns[::2]), statistics.fmean(returns[1::2])
        return min(1.0, max(0.0, 0.5 + (even - odd if match.lineup.label == A_FIRST else odd - even)))
    first, second = two_sides(match.outcome.sides)
    mine = first if match.lineup.label == A_FIRST else second
    return 0.5 if match.outcome.winner not in (first, second) else float(match.outcome.winner == mine)


async def promote_if_no_worse(
    database: Database,
    game: Game[Any, Any],
    checkpoint: str,
    plan: TrialPlan,
    *,
    seed: int | str,
    options: Any = None,
    on_pair: Callable[[int], None] = lambda pairs: None,
) -> Trial:
    """Try a registered checkpoint against the live one, and make it live where the test says so. Where the live one
    plays other games, it stays: whoever serves it would lose those."""
    try:
        async with open_players((checkpoint, "live"), database, game.name, seed=seed) as (candidate, champion):
            found = await trial(game, candidate, champion, plan, seed=seed, options=options, on_pair=on_pair)
    except UnknownName:
        return Trial(checkpoint, "live", 0, 0.0, Verdict.NO_RIVAL)
    if found.verdict is Verdict.NO_WORSE:
        promote(database, checkpoint, time.time())
    return found
