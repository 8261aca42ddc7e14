"""What a player is worth among others, by a game's own scores: A in one seat among Bs, beside B in all seats.

Every deal is played once with B everywhere and once for each seat with A in it. What a seat scores as A is compared
with what the same seat of the same deal scored as B, so luck with deals falls out. A deal gives one number a score, its
mean over the seats, so the intervals are over independent deals.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from agents.players import Player
from agents.runner import Log, Played, no_log
from arena.games.core import Game, fold
from training.deals import ALL_B, play_deals, seat_by_seat

Z: Final = 1.96


@dataclass(frozen=True, slots=True)
class Difference:
    """Means of one score as ``a`` and as ``b``, and A − B with its 95 % interval (normal, over ``deals``)."""

    a: float
    b: float
    difference: float
    low: float
    high: float
    deals: int

    @classmethod
    def of(cls, a: Sequence[float], b: Sequence[float]) -> Difference:
        """``a`` and ``b`` by deal."""
        gains = [x - y for x, y in zip(a, b, strict=True)]
        mean = statistics.fmean(gains)
        half = Z * statistics.stdev(gains) / len(gains) ** 0.5 if len(gains) > 1 else float("inf")
        return cls(statistics.fmean(a), statistics.fmean(b), mean, mean - half, mean + half, len(gains))


@dataclass(frozen=True, slots=True)
class Comparison:
    """``scores`` by name; ``kinds`` gives the same by kind of deal (a scenario's family), where deals have kinds."""

    a: str
    b: str
    deals: int
    scores: Mapping[str, Difference]
    kinds: Mapping[str, Mapping[str, Difference]]
    decisions: int
    fallbacks: int


async def compare(
    game: Game[Any, Any],
    a: Player,
    b: Player,
    *,
    deals: int,
    seed: int | str,
    options: Any = None,
    log: Log = no_log,
    at_once: int = 64,
    on_match: Callable[[Played], Any] | None = None,
) -> Comparison:
    """Play ``deals`` deals, 1 + S matches each.

    Args:
        log: gets all rows, under the purpose "evaluation"; the matches are not rated.
        on_match: is called after each match, and awaited if it gives an awaitable.
    """
    options = game.options({}) if options is None else options
    assert game.scored, f"{game.name} knows only winners"
    pairs: list[dict[str, tuple[float, float]]] = []
    kinds: list[str] = []
    decisions = fallbacks = 0
    dealt = list(seat_by_seat(game, options, a.id, b.id, deals, seed))
    playing = play_deals(game, options, dealt, (a, b), log, at_once=at_once, on_match=on_match)
    async with aclosing(playing) as played:
        async for matches in played:
            pairs.append(_pairs({label: game.scores(fold(game, m.events)) for label, m in matches.items()}))
            kinds.append(str(matches[ALL_B].events[0].data.get("family", "")))
            decisions += sum(len(m.decisions) for m in matches.values())
            fallbacks += sum(m.fallbacks for m in matches.values())
    names = sorted(set(kinds) - {""})
    return Comparison(
        a.id,
        b.id,
        deals,
        _differences(pairs),
        {name: _differences([p for p, kind in zip(pairs, kinds, strict=True) if kind == name]) for name in names},
        decisions,
        fallbacks,
    )


def _pairs(by_label: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, tuple[float, float]]:
    """Of one deal: each score as A and as B, the mean over the seats that have it in both."""
    as_b = by_label[ALL_B]
    as_a = [by_label[str(seat)][seat] for seat in range(len(as_b))]
    names = dict.fromkeys(name for of_seat in (*as_a, *as_b) for name in of_seat)
    out: dict[str, tuple[float, float]] = {}
    for name in names:
        both = [(x[name], y[name]) for x, y in zip(as_a, as_b, strict=True) if name in x and name in y]
        if both:
            out[name] = statistics.fmean(x for x, _ in both), statistics.fmean(y for _, y in both)
    return out


def _differences(deals: Sequence[Mapping[str, tuple[float, float]]]) -> dict[str, Difference]:
    names = dict.fromkeys(name for deal in deals for name in deal)
    out: dict[str, Difference] = {}
    for name in names:
        have = [deal[name] for deal in deals if name in deal]
        out[name] = Difference.of([x for x, _ in have], [y for _, y in have])
    return out
