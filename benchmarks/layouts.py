"""Tokens of a scenario match in the two layouts of prompts (``agents.llm.reading``), by seats.

python -m benchmarks.layouts [--matches N] [--json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from agents.engines.local.codec import HubCodec
from agents.models import social_folder
from agents.scripted.registry import script_by_name
from agents.scripted.table import ScriptedGame, play
from arena.games.scenario.rules import ScenarioGame
from training.bootstrap.lessons import lessons

SEATS = (2, 3, 4, 6, 8)


class Apart(ScenarioGame):
    """Each seat reads for itself."""

    def apart(self, seats: int) -> bool:
        return True


class Shared(ScenarioGame):
    """All share one trunk."""

    def apart(self, seats: int) -> bool:
        return False


def measure(matches: int) -> dict[int, dict[str, float]]:
    """Mean tokens a match, every prompt token counted once, and their ratio."""
    codec = HubCodec(social_folder())
    found: dict[int, dict[str, float]] = {}
    for seats in SEATS:
        played = [_played(seats, n) for n in range(matches)]
        apart, shared = _tokens(codec, Apart(), played), _tokens(codec, Shared(), played)
        found[seats] = {"apart": apart, "shared": shared, "ratio": apart / shared}
    return found


def _played(seats: int, number: int) -> ScriptedGame:
    game = ScenarioGame()
    names = Random(number).choices(["fair", "honest", "greedy"], k=seats)
    return play(game, game.options({"seats": seats}), number, [script_by_name(name, game.name) for name in names])


def _tokens(codec: HubCodec, game: ScenarioGame, matches: Sequence[ScriptedGame]) -> float:
    rows = [row.game for match in matches for row in lessons(codec, game, match)]
    return sum(len(r.trunk) + sum(len(b.prompt) + len(b.answer) for b in r.branches) for r in rows) / len(matches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matches", type=int, default=60)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found: dict[int, Any] = measure(5 if arguments.quick else arguments.matches)
    if arguments.json:
        print(json.dumps(found, indent=2))  # noqa: T201
        return
    for seats, row in found.items():
        print(f"{seats} seats: {row['apart']:6.0f} apart, {row['shared']:6.0f} shared, {row['ratio']:.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
