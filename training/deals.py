"""One deal played several times, by the same two players in other seats: luck with roles, names and cards falls out of
what is compared.

Sides are dealt by the seed: each match is dealt here once to see which seats to give to whom, and the room deals it
again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Final, TypeAlias

from agents.players import Player
from agents.runner import Lineup, Log, Played, play_matches
from arena.games.chance import Chance
from arena.games.core import Game, fold

A_FIRST: Final = "a first"
B_FIRST: Final = "b first"
ALL_B: Final = "b"

Deal: TypeAlias = tuple[Lineup, ...]
"""The matches of one deal. They have one seed, and a label each."""


def both_ways(game: Game[Any, Any], options: Any, a: str, b: str, count: int, seed: int | str) -> Iterator[Deal]:
    """Each deal twice: once with A on the first side, once with B. Rated unless they are the same player."""
    for n in range(count):
        deal = f"evaluate/{seed}/{n}"
        dealt = game.sides(fold(game, game.opening(options, Chance(deal))))
        first, _ = two_sides(dealt)
        yield tuple(
            Lineup(deal, tuple(one if side == first else other for side in dealt), rated=a != b, label=label)
            for label, one, other in ((A_FIRST, a, b), (B_FIRST, b, a))
        )


def seat_by_seat(game: Game[Any, Any], options: Any, a: str, b: str, count: int, seed: int | str) -> Iterator[Deal]:
    """Each deal once with B in all seats, and once for each seat with A in it; the seat is then the label."""
    seats = range(game.seat_count(options))
    for n in range(count):
        deal = f"compare/{seed}/{n}"
        alone = (Lineup(deal, tuple(a if s == own else b for s in seats), label=str(own)) for own in seats)
        yield (Lineup(deal, (b,) * len(seats), label=ALL_B), *alone)


def two_sides(sides: Sequence[str]) -> tuple[str, str]:
    """The two sides of a deal, alphabetically."""
    first, second = sorted(set(sides))
    return first, second


async def play_deals(
    game: Game[Any, Any],
    options: Any,
    deals: Sequence[Deal],
    players: Sequence[Player],
    log: Log,
    *,
    at_once: int,
    on_match: Callable[[Played], Any] | None = None,
) -> AsyncGenerator[dict[str, Played]]:
    """The matches of each deal by label, in the order of the deals: short ones end first, and whoever stops early by
    what came out must not favour them. Close the iterator (``contextlib.aclosing``) where it is left early.

    Args:
        log: gets all rows, under the purpose "evaluation".
        on_match: is called after each match, and awaited if it gives an awaitable.
    """
    waiting = deque(deals)
    over: dict[tuple[str, str], Played] = {}
    minds = {player.id: player.mind for player in players}
    lineups = (lineup for deal in deals for lineup in deal)
    playing = play_matches(game, options, lineups, minds, log, purpose="evaluation", at_once=at_once)
    async with aclosing(playing) as matches:
        async for match in matches:
            if on_match is not None and (answer := on_match(match)) is not None:
                await answer
            over[_key(match.lineup)] = match
            while waiting and all(_key(lineup) in over for lineup in waiting[0]):
                yield {lineup.label: over.pop(_key(lineup)) for lineup in waiting.popleft()}


def _key(lineup: Lineup) -> tuple[str, str]:
    return str(lineup.seed), lineup.label
