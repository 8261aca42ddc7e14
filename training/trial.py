"""A new checkpoint goes live only when games say that it is no worse than the one that is: a sequential test.

Each deal is played both ways round (where every seat has a goal of its own: with the live one in all seats, and with
the new one in each of them), until the log-likelihood ratio of two guesses about the mean score of a deal leaves its
bounds (Wald 1945; for scores of unknown variance as chess engines are tested, Van den Bergh 2017): that the new one is
as good, and that it is worse by ``margin``. A clear case takes few games. The chance to call a checkpoint good that is
worse by the margin, or one worse that is as good, is about ``error``.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Engine as Database

from agents.models import promote
from agents.players import Player, open_players
from agents.runner import Log, Played, no_log
from arena.errors import UnknownName
from arena.games.core import Game
from training.deals import A_FIRST, ALL_B, both_ways, play_deals, seat_by_seat, two_sides

_FEWEST: Final = 10
"""Deals before a verdict: the variance has to be known a little."""


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """``margin`` is in Elo, ``deals`` the most that are played."""

    margin: float = 50.0
    error: float = 0.05
    deals: int = 300
    at_once: int = 64


class Verdict(StrEnum):
    NO_WORSE = "no worse"
    WORSE = "worse"
    OPEN = "not decided"
    NO_RIVAL = "not tried, for the live model plays other games"


@dataclass(frozen=True, slots=True)
class Trial:
    """``score`` is the candidate's share of the points over ``deals``, 1 a win and one half a draw. Where seats are
    scored it is one half more than what it was paid beyond the champion in the same seats."""

    candidate: str
    champion: str
    deals: int
    score: float
    verdict: Verdict

    def __str__(self) -> str:
        if self.verdict is Verdict.NO_RIVAL:
            return str(self.verdict)
        return f"{self.verdict}, against {self.champion}: {self.score:.0%} of the points over {self.deals} deals"


@dataclass(slots=True)
class Sequential:
    """Takes the scores of deals, each from 0 to 1, and says when they are enough."""

    plan: TrialPlan
    deals: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, score: float) -> None:
        self.deals += 1
        self.total += score
        self.squares += score * score

    @property
    def mean(self) -> float:
        return self.total / max(1, self.deals)

    @property
    def ratio(self) -> float:
        """The log-likelihood ratio of "as good" over "worse by the margin", n (s₁ − s₀) (2 x̄ − s₀ − s₁) / 2 σ²."""
        worse, level = 1 / (1 + 10 ** (self.plan.margin / 400)), 0.5
        variance = max(self.squares / max(1, self.deals) - self.mean**2, 1e-3)
        return self.deals * (level - worse) * (2 * self.mean - worse - level) / (2 * variance)

    @property
    def verdict(self) -> Verdict:
        bound = math.log((1 - self.plan.error) / self.plan.error)
        if self.deals < _FEWEST or abs(self.ratio) < bound:
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
    on_deal: Callable[[int], None] = lambda deals: None,
) -> Trial:
    """Play until the test decides, or ``plan.deals`` are played. ``on_deal`` is told how many are."""
    options = game.options({}) if options is None else options
    test = Sequential(plan)
    dealt = list(
        (seat_by_seat if game.scored else both_ways)(game, options, candidate.id, champion.id, plan.deals, seed)
    )
    playing = play_deals(game, options, dealt, (candidate, champion), log, at_once=plan.at_once)
    async with aclosing(playing) as played:
        async for matches in played:
            test.add(_paid(matches) if game.scored else statistics.fmean(map(_won, matches.values())))
            on_deal(test.deals)
            if test.verdict is not Verdict.OPEN:
                break
    return Trial(candidate.id, champion.id, test.deals, test.mean, test.verdict)


def _won(match: Played) -> float:
    """The candidate's score of a match: it was A."""
    first, second = two_sides(match.outcome.sides)
    mine = first if match.lineup.label == A_FIRST else second
    return 0.5 if match.outcome.winner not in (first, second) else float(match.outcome.winner == mine)


def _paid(matches: Mapping[str, Played]) -> float:
    """The candidate's score of a deal, within bounds: one half more than each seat was paid on average with it in that
    seat, beyond what the seat was paid with the champion in all."""
    usual = matches[ALL_B].outcome.returns
    gain = statistics.fmean(matches[str(seat)].outcome.returns[seat] - of for seat, of in enumerate(usual))
    return min(1.0, max(0.0, 0.5 + gain))


async def promote_if_no_worse(
    database: Database,
    game: Game[Any, Any],
    checkpoint: str,
    plan: TrialPlan,
    *,
    seed: int | str,
    options: Any = None,
    on_deal: Callable[[int], None] = lambda deals: None,
) -> Trial:
    """Try a registered checkpoint against the live one, and make it live where the test says so. Where the live one
    plays other games, it stays: whoever serves it would lose those."""
    try:
        async with open_players((checkpoint, "live"), database, game.name, seed=seed) as (candidate, champion):
            found = await trial(game, candidate, champion, plan, seed=seed, options=options, on_deal=on_deal)
    except UnknownName:
        return Trial(checkpoint, "live", 0, 0.0, Verdict.NO_RIVAL)
    if found.verdict is Verdict.NO_WORSE:
        promote(database, checkpoint, time.time())
    return found
