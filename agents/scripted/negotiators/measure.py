"""How the negotiators fare against the fair one, family by family.

``python -m agents.scripted.negotiators.measure --games 200`` prints a table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from agents.scripted.negotiators.negotiator import NEGOTIATORS
from agents.scripted.table import play
from arena.games.scenario.families.registry import FAMILIES
from arena.games.scenario.rules import ScenarioGame

AGAINST = "fair"


@dataclass(frozen=True, slots=True)
class Fared:
    """``deals``: the share of matches with an agreement; None where there is nothing to agree on. ``goal`` and
    ``other``: how far the script and the mean fair negotiator reached their goals, 0 to 10."""

    deals: float | None
    goal: float
    other: float


def fare(name: str, family: str, games: int) -> Fared:
    """One script among fair ones, at the smallest table of the family, in each seat in turn; difficulties in turn."""
    game = ScenarioGame()
    seats = FAMILIES[family].seats[0]
    agreed = 0
    mine: list[float] = []
    others: list[float] = []
    terms = False
    for n in range(games):
        seat = n % seats
        options = game.options({"family": family, "difficulty": 1 + n // seats % 3, "split": "test"})
        makers = [NEGOTIATORS[name if s == seat else AGAINST] for s in range(seats)]
        played = play(game, options, f"measure/{family}/{n}", makers)
        terms = bool(played.events[0].data["issues"])
        agreed += played.outcome.reason == "agreed"
        goals = [of_seat["goal"] for of_seat in played.events[-1].data["scores"]]
        mine.append(goals[seat])
        others += [goal for s, goal in enumerate(goals) if s != seat]
    return Fared(agreed / games if terms else None, fmean(mine), fmean(others))


def table(games: int) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield f"| family | {' | '.join(NEGOTIATORS)} |"
    yield f"|---|{'---|' * len(NEGOTIATORS)}"
    for family in FAMILIES:
        cells = (_cell(fare(name, family, games)) for name in NEGOTIATORS)
        yield f"| `{family}` | {' | '.join(cells)} |"


def _cell(fared: Fared) -> str:
    deals = "" if fared.deals is None else f"{fared.deals:.0%}, "
    return f"{deals}{fared.goal:.1f} : {fared.other:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=200, help="matches a script and family")
    for line in table(parser.parse_args().games):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
