"""The ladder as rows to show: best first, with each player's figures per side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from arena.rating.ladder import Ladder, Result
from arena.rating.wilson import wilson


@dataclass(frozen=True, slots=True)
class SideFigures:
    """A player on one side. ``rating`` compares within the side; ``won`` of ``games`` is the plain count (a draw is
    half a win), and ``rate_low`` to ``rate_high`` the Wilson interval of that rate, whoever the others were.
    """

    side: str
    rating: float
    low: float
    high: float
    games: int
    won: float
    rate_low: float
    rate_high: float


@dataclass(frozen=True, slots=True)
class LadderRow:
    """One player. ``rank`` counts from 1; ``games`` are the rated ones, each once however many seats the player had."""

    rank: int
    player: str
    rating: float
    low: float
    high: float
    games: int
    sides: tuple[SideFigures, ...]

    def to_json(self) -> dict[str, Any]:
        row = asdict(self)
        row["sides"] = list(row["sides"])
        return row


def ladder_table(results: Sequence[Result], ladder: Ladder) -> tuple[LadderRow, ...]:
    """The rows of a ladder that was fitted to ``results``; equal ratings stand in alphabetical order."""
    games: Counter[str] = Counter()
    side_games: Counter[tuple[str, str]] = Counter()
    side_won: dict[tuple[str, str], float] = {}
    for result in results:
        if result.is_self_play:
            continue
        games.update({*result.players[0], *result.players[1]})
        for side, players, score in zip(result.sides, result.players, (result.score, 1 - result.score), strict=True):
            for key in {(player, side) for player in players}:
                side_games[key] += 1
                side_won[key] = side_won.get(key, 0.0) + score

    def figures(player: str, side: str) -> SideFigures:
        rating = ladder.by_side[player, side]
        played, won = side_games[player, side], side_won[player, side]
        return SideFigures(side, rating.elo, rating.low, rating.high, played, won, *wilson(won, played))

    best_first = sorted(ladder.players.items(), key=lambda item: (-item[1].elo, item[0]))
    return tuple(
        LadderRow(
            rank, player, rating.elo, rating.low, rating.high, games[player],
            tuple(figures(p, side) for p, side in sorted(ladder.by_side) if p == player),
        )
        for rank, (player, rating) in enumerate(best_first, start=1)
    )  # fmt: skip
