"""Two players, every deal played both ways round: A on the first side against B, and B on the first side against A."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from agents.players import Player
from agents.runner import Log, Played, no_log
from arena.games.core import Game
from arena.rating.ladder import Result, fit_ladder
from arena.rating.wilson import wilson
from training.deals import A_FIRST, B_FIRST, both_ways, play_deals, two_sides


@dataclass(frozen=True, slots=True)
class Rate:
    """How often the player on the first side won. ``low`` to ``high`` is the 95 % interval (Wilson)."""

    wins: int
    games: int
    rate: float
    low: float
    high: float

    @classmethod
    def of(cls, wins: int, games: int) -> Rate:
        return cls(wins, games, wins / games, *wilson(wins, games))


@dataclass(frozen=True, slots=True)
class Return:
    """A player's mean return a match. ``low`` to ``high`` is the 95 % interval (normal)."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, returns: Sequence[float]) -> Return:
        mean = statistics.fmean(returns)
        half = 1.96 * statistics.pstdev(returns) / len(returns) ** 0.5
        return cls(mean, mean - half, mean + half)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``sides`` are the game's two, alphabetically. ``a_return`` is A's over both directions: in a game for more or
    less, such as poker, it says what wins do not. ``elo`` is A's over B's, from both directions, 95 % interval."""

    game: str
    a: str
    b: str
    sides: tuple[str, str]
    games: int
    seed: int | str
    rated: bool
    a_first: Rate
    """A on the first side against B on the second."""
    b_first: Rate
    """B on the first side against A on the second."""
    a_return: Return
    elo: float
    elo_low: float
    elo_high: float
    decisions: int
    fallbacks: int
    seconds: float


async def evaluate(
    game: Game[Any, Any],
    a: Player,
    b: Player,
    *,
    games: int,
    seed: int | str,
    options: Any = None,
    log: Log = no_log,
    at_once: int = 64,
    on_match: Callable[[Played], Any] | None = None,
) -> Evaluation:
    """Play ``games`` matches in each direction. They are rated unless A and B are the same player.

    Args:
        options: the game's own, as ``game.options(raw)`` gives them; its defaults where None.
        log: gets all rows, under the purpose "evaluation".
        on_match: is called after each match, and awaited if it gives an awaitable.
    """
    assert games >= 1, "at least one match in each direction"
    options = game.options({}) if options is None else options
    began = time.perf_counter()
    sides: tuple[str, str] | None = None
    results: list[Result] = []
    won = {A_FIRST: 0, B_FIRST: 0}
    returns: list[float] = []
    decisions = fallbacks = 0
    deals = list(both_ways(game, options, a.id, b.id, games, seed))
    playing = play_deals(game, options, deals, (a, b), log, at_once=at_once, on_match=on_match)
    async with aclosing(playing) as dealt:
        async for matches in dealt:
            for label, match in matches.items():
                sides = two_sides(match.outcome.sides)
                winner = match.outcome.winner
                won[label] += winner == sides[0]
                score = 0.5 if winner not in sides else float(winner == sides[0])
                own = sides[0] if label == A_FIRST else sides[1]
                returns.append(match.outcome.returns[match.outcome.sides.index(own)])
                decisions += len(match.decisions)
                fallbacks += match.fallbacks
                pair = (("a",), ("b",)) if label == A_FIRST else (("b",), ("a",))
                results.append(Result(game.name, sides, pair, score))
    assert sides is not None
    ladder = fit_ladder(results)
    mine = ladder.players["a"]  # two players centred on their mean: the one is minus the other
    return Evaluation(
        game=game.name,
        a=a.id,
        b=b.id,
        sides=sides,
        games=games,
        seed=seed,
        rated=a.id != b.id,
        a_first=Rate.of(won[A_FIRST], games),
        b_first=Rate.of(won[B_FIRST], games),
        a_return=Return.of(returns),
        elo=2 * mine.elo,
        elo_low=2 * mine.low,
        elo_high=2 * mine.high,
        decisions=decisions,
        fallbacks=fallbacks,
        seconds=time.perf_counter() - began,
    )
