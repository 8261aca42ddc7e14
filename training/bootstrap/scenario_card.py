"""The scenario page of a model card: how a checkpoint does at the table with the scripted fair negotiator.

python -m training.bootstrap.scenario_card FOLDER [--games N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from agents.checkpoints import MANIFEST, Manifest, read_checkpoint
from agents.engines.local.engine import LocalEngine
from agents.llm.policy import PolicyMind
from agents.runner import Lineup, Played, no_log, play_matches
from agents.scripted.form import well_formed
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import script_by_name
from arena.games.core import Game, fold
from arena.games.registry import game_by_name
from arena.games.scenario.families.registry import FAMILIES
from training.evaluate import Rate

GAMES: Final = 200
FAIR: Final = "fair"
HEAD: Final = "## Scenarios"


@dataclass(frozen=True, slots=True)
class FamilyFigures:
    """Of one family, on scenarios that no lesson was about: the model in one seat, the script in the others, each seat
    in turn. ``settled``: they agreed, where there is something to agree on; else everybody gained. ``goal`` and
    ``overall`` are the model's, ``their_goal`` the script's. ``well_formed`` of the model's messages."""

    seats: int
    settled: Rate
    goal: float
    their_goal: float
    overall: float
    well_formed: Rate


def measure(folder: Path, games: int = GAMES) -> dict[str, FamilyFigures]:
    """All families, ``games`` matches each, freshly played."""
    return asyncio.run(_measure(LocalEngine(folder, seed=1), games))


async def _measure(engine: LocalEngine, games: int) -> dict[str, FamilyFigures]:
    game = game_by_name("scenario")
    minds = {"self": PolicyMind(engine), FAIR: ScriptedMind(FAIR, script_by_name(FAIR, game.name), seed=2)}
    engine.start()
    found: dict[str, FamilyFigures] = {}
    try:
        for family in FAMILIES:
            options = game.options({"family": family, "split": "test"})
            seats = game.seat_count(options)
            playing = play_matches(game, options, _lineups(family, seats, games), minds, no_log, purpose="evaluation")
            found[family] = _figures(game, seats, [match async for match in playing])
    finally:
        await engine.stop()
    return found


def _lineups(family: str, seats: int, games: int) -> Iterator[Lineup]:
    for n in range(games):
        mine = n % seats
        fills = tuple("self" if s == mine else FAIR for s in range(seats))
        yield Lineup(f"card/{family}/{n}", fills, label=str(mine))


def _figures(game: Game[Any, Any], seats: int, matches: Sequence[Played]) -> FamilyFigures:
    settled = good = said = 0
    mine: list[dict[str, float]] = []
    theirs: list[float] = []
    for match in matches:
        me = int(match.lineup.label)
        state = fold(game, match.events)
        scores = game.scores(state)
        mine.append(dict(scores[me]))
        theirs += [of_seat["goal"] for seat, of_seat in enumerate(scores) if seat != me]
        agreeable = state.spec.terms is not None
        settled += match.outcome.reason == "agreed" if agreeable else match.outcome.winner == "everyone"
        names = game.seat_names(state)
        for event in match.events:
            if "text" in event.data and event.data["seat"] == me and event.kind != "held":
                said += 1
                good += well_formed(event.data["text"], me, names, game.name)
    return FamilyFigures(
        seats=seats,
        settled=Rate.of(settled, len(matches)),
        goal=statistics.fmean(m["goal"] for m in mine),
        their_goal=statistics.fmean(theirs),
        overall=statistics.fmean(m["overall"] for m in mine),
        well_formed=Rate.of(good, max(1, said)),
    )


def write_page(folder: Path, found: dict[str, FamilyFigures], games: int) -> Manifest:
    """Put the figures into the manifest and the page at the end of the README.md beside it."""
    manifest = read_checkpoint(folder)
    figures = {**manifest.figures, "scenarios": {name: asdict(f) for name, f in found.items()}}
    manifest = replace(manifest, figures=figures)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n")
    readme = folder / "README.md"
    before = readme.read_text().partition(f"\n{HEAD}")[0] if readme.exists() else f"# {manifest.id}\n"
    readme.write_text(f"{before}\n{as_markdown(found, games)}")
    return manifest


def as_markdown(found: dict[str, FamilyFigures], games: int) -> str:
    rows = "\n".join(
        f"| {name} | {f.seats} | {f.settled.rate:.0%} ({f.settled.low:.0%} to {f.settled.high:.0%}) | {f.goal:.1f} | "
        f"{f.their_goal:.1f} | {f.overall:.2f} | {f.well_formed.rate:.1%} |"
        for name, f in found.items()
    )
    return f"""{HEAD}
The model in one seat, the scripted fair negotiator in the others, on scenarios that no lesson was about. Settled: they
agreed, or where there is nothing to agree on, everybody gained. Goals are reached from 0 to 10.

| family | seats | settled | its goal | their goal | its overall score | its messages well-formed |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

Measured by `python -m training.bootstrap.scenario_card FOLDER --games {games}`; default rules, temperature 1.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--games", type=int, default=GAMES)
    parser.add_argument("--write", action="store_true", help="Put it on the model card.")
    arguments = parser.parse_args()
    found = measure(arguments.folder, arguments.games)
    if arguments.write:
        write_page(arguments.folder, found, arguments.games)
    print(as_markdown(found, arguments.games))  # noqa: T201


if __name__ == "__main__":
    main()
