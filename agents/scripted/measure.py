"""How the scripts fare against each other: ``python -m agents.scripted.measure --games 500`` prints JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from random import Random
from time import perf_counter
from typing import Any

from agents.scripted.base import Script
from agents.scripted.registry import WEREWOLF
from agents.scripted.table import ScriptedGame, play
from arena.games.chance import Chance
from arena.games.werewolf import Werewolf
from arena.games.werewolf.types import Role, Side, WerewolfOptions

MIXED = ("careful", "bold", "sly")
PAIRINGS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "careful village, careful wolves": (("careful",), ("careful",)),
    "bold village, bold wolves": (("bold",), ("bold",)),
    "sly village, sly wolves": (("sly",), ("sly",)),
    "mixed village, mixed wolves": (MIXED, MIXED),
    "careful village, random wolves": (("careful",), ("random",)),
    "random village, careful wolves": (("random",), ("careful",)),
    "random village, random wolves": (("random",), ("random",)),
}


def seating(
    options: WerewolfOptions, seed: int | str, village: Sequence[str], wolves: Sequence[str]
) -> list[Callable[[Random], Script]]:
    """A script for each seat, by the side that the seat will be dealt under this seed."""
    cast = Werewolf().opening(options, Chance(seed))[1].data["roles"]
    draw = Random(f"{seed}/seating")
    return [WEREWOLF[draw.choice(village if Role(role).side is Side.VILLAGE else wolves)] for role in cast]


def measure(games: int, options: WerewolfOptions, village: Sequence[str], wolves: Sequence[str]) -> dict[str, Any]:
    """Win share of the village and how the votes and the talk went, over ``games`` matches."""
    tally = _Tally()
    started = perf_counter()
    for seed in range(games):
        tally.add(play(Werewolf(), options, f"measure/{seed}", seating(options, f"measure/{seed}", village, wolves)))
    return tally.figures(perf_counter() - started)


class _Tally:
    def __init__(self) -> None:
        self.games = self.village = self.votes = self.hits = self.days = self.claims = 0
        self.chance = self.off_best = 0.0
        self.lengths: list[int] = []
        self.words: set[str] = set()

    def add(self, game: ScriptedGame) -> None:
        sides = game.outcome.sides
        names = game.events[0].data["names"]
        alive = set(names)
        self.games += 1
        self.village += game.outcome.winner == "village"
        deaths = {i: e for i, e in enumerate(game.events) if e.kind in ("killed", "exiled")}
        for turn in game.turns:
            if turn.act.text:
                words = turn.act.text.lower().split()
                self.lengths.append(len(words))
                self.words.update(w.strip(".,:?!") for w in words)
            if turn.turn.kind != "vote" or sides[turn.seat] != "village" or turn.act.choice is None:
                continue
            dead = {names[e.data["seat"]] for i, e in deaths.items() if i < turn.position}
            others = [n for n in alive - dead if n != names[turn.seat]]
            self.votes += 1
            self.hits += sides[names.index(turn.act.choice)] == "werewolves"
            self.chance += sum(sides[names.index(n)] == "werewolves" for n in others) / len(others)
            self.off_best += 1 - max((turn.weights or {"": 1.0}).values())

    def figures(self, seconds: float) -> dict[str, Any]:
        return {
            "games": self.games,
            "village_wins": round(self.village / self.games, 3),
            "village_votes_on_wolves": round(self.hits / max(1, self.votes), 3),
            "by_chance": round(self.chance / max(1, self.votes), 3),
            "vote_mass_off_best": round(self.off_best / max(1, self.votes), 3),
            "words_a_message": round(sum(self.lengths) / max(1, len(self.lengths)), 2),
            "distinct_words": len(self.words),
            "games_per_s": round(self.games / seconds, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=1, help="talk rounds a day")
    parser.add_argument("--only", default="", help="only the pairings whose name holds this")
    parser.add_argument(
        "--seats", type=int, nargs="+", default=[7], help="numbers of seats; several give one report each"
    )
    args = parser.parse_args()
    reports = {}
    for seats in args.seats:
        options = Werewolf().options({"talk_rounds": args.rounds, "seats": seats})
        reports[seats] = {n: measure(args.games, options, *sides) for n, sides in PAIRINGS.items() if args.only in n}
    json.dump(reports if len(reports) > 1 else reports[args.seats[0]], sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
