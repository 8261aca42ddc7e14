"""Who has met whom: the plain count of games and points between each pair of players."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from arena.rating.ladder import Result


@dataclass(frozen=True, slots=True)
class Meeting:
    """``player`` got ``points`` in ``games`` against ``other``: a win is 1, a draw one half, whichever side it was."""

    player: str
    other: str
    games: int
    points: float


def head_to_head(results: Iterable[Result], players: Iterable[str]) -> tuple[Meeting, ...]:
    """One meeting for each pair that has met, in the order of ``players``; whoever is not among them is left out.

    A match counts once between two players, however many seats they had. Where both sat on both sides, it is a draw
    between them; players of one side have not met.
    """
    games: dict[tuple[str, str], int] = {}
    points: dict[tuple[str, str], float] = {}
    for result in results:
        first, second = map(frozenset, result.players)
        scores: dict[tuple[str, str], list[float]] = {}
        for a in first:
            for b in second - {a}:
                pair, score = ((a, b), result.score) if a < b else ((b, a), 1 - result.score)
                scores.setdefault(pair, []).append(score)
        for pair, of_match in scores.items():
            games[pair] = games.get(pair, 0) + 1
            points[pair] = points.get(pair, 0.0) + fmean(of_match)
    met: list[Meeting] = []
    for a, b in combinations(dict.fromkeys(players), 2):
        pair = (a, b) if a < b else (b, a)
        if pair in games:
            won = points[pair] if pair == (a, b) else games[pair] - points[pair]
            met.append(Meeting(a, b, games[pair], won))
    return tuple(met)
