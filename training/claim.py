"""Whether self-play makes a better player: recipes that start from one model, judged by opponents that do not change.

    python -m training.claim --recipe polls --seeds 1,2,3 --iterations 30 --games 1000 --json
    python -m training.claim --checkpoint FOLDER --games 1000 --json

trains each recipe once a seed, by the ordinary self-play of ``arena train``, and plays what came of it against the
model that it came from and against scripts that it never met. Beside the wins it says whether the talk is still
well-formed, varied, and understood by the old model (``training.outsiders``). The second form judges a checkpoint that
is there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from sqlalchemy import Engine as Database

from agents.checkpoints import MANIFEST, read_checkpoint
from agents.engines.local.weights import load_weights
from agents.models import model_source
from agents.players import open_players
from agents.runner import Played, no_log
from agents.scripted.form import well_formed
from arena.db.engine import open_database
from arena.games.registry import game_by_name
from training.deals import A_FIRST
from training.episodes import Terms, harvest
from training.evaluate import Evaluation, Rate, evaluate
from training.outsiders import Moved, understood
from training.precision import bf16_is_fast
from training.recipes import RECIPES
from training.selfplay import SelfPlayPlan, train_by_selfplay
from training.train import TrainPlan

GAME: Final = game_by_name("werewolf")
SCRIPT: Final = "scripted:careful"
HEARD: Final = 200
"""Matches whose messages outsiders are asked about."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A model beside the ``base`` that it came from.

    ``village_gain`` is by how much its village wins more often against the base's wolves than the base's own does, as a
    factor; ``wolves_gain`` by how much its wolves' odds against the base's village are better than those of the base's.
    ``understood`` is by whom a villager's message comes from, itself or the base: how far it moves the base's villagers
    towards a vote on a werewolf. ``varied`` is the share of its messages that nobody said twice.
    """

    against_base: Evaluation
    against_script: Evaluation | None
    village_gain: float
    wolves_gain: float
    well_formed: Rate
    varied: float
    understood: Mapping[str, Moved]

    def to_json(self) -> dict[str, Any]:
        base, script = self.against_base, self.against_script
        shown: dict[str, Any] = {
            "checkpoint": base.a,
            "games": base.games,
            "village": _span(base.a_first),
            "old_village_against_it": _span(base.b_first),
            "elo": [round(base.elo), round(base.elo_low), round(base.elo_high)],
            "village_gain": round(self.village_gain, 2),
            "wolves_gain": round(self.wolves_gain, 2),
        }
        if script is not None:
            shown["village_against_script"] = _span(script.a_first)
            shown["script_against_its_wolves"] = _span(script.b_first)
            shown["elo_to_script"] = [round(script.elo), round(script.elo_low), round(script.elo_high)]
        shown["well_formed"] = _span(self.well_formed)
        shown["varied"] = round(self.varied, 3)
        shown["understood"] = {
            who: {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(moved).items()}
            for who, moved in self.understood.items()
        }
        return shown


def _span(rate: Rate) -> list[float]:
    return [round(rate.rate, 3), round(rate.low, 3), round(rate.high, 3)]


async def judge(
    database: Database, model: str, base: str, own: float, games: int, seed: int, *, against_script: bool = True
) -> Judged:
    """Play ``games`` matches each way round against the base, and as many against the script.

    Args:
        own: how often the base's village wins against its own wolves.
        against_script: whether to play against the script as well.
    """
    matches: list[Played] = []
    async with open_players((model, base), database, GAME.name, seed=seed) as (a, b):
        found = await evaluate(GAME, a, b, games=games, seed=seed, on_match=matches.append)
    script: Evaluation | None = None
    if against_script:
        async with open_players((model, SCRIPT), database, GAME.name, seed=seed) as (a, b):
            script = await evaluate(GAME, a, b, games=games, seed=seed)
    texts = [
        (d.act.text, d.seat, tuple(m.events[0].data["names"]))
        for m in matches
        for d in m.decisions
        if d.act.text and d.mind == found.a
    ]
    once = Counter(text for text, _, _ in texts)
    return Judged(
        found,
        script,
        village_gain=found.a_first.rate / own if own else float("inf"),
        wolves_gain=_odds(1 - found.b_first.rate) / _odds(1 - own),
        well_formed=Rate.of(sum(well_formed(*said) for said in texts), len(texts)),
        varied=sum(n == 1 for n in once.values()) / max(1, len(texts)),
        understood=_understood(model_source(database, base), matches, (found.a, found.b)),
    )


def _odds(p: float) -> float:
    return p / (1 - p) if p < 1 else float("inf")


def _understood(base: str | Path, matches: Sequence[Played], players: tuple[str, str]) -> dict[str, Moved]:
    """Of the villagers' messages by either player, each of whom was the village on the same deals."""
    outsider = load_weights(base)
    if bf16_is_fast():
        outsider.model.to(torch.bfloat16)
    heard: dict[str, Moved] = {}
    for who, player in zip(("itself", "base"), players, strict=True):
        as_village = [m for m in matches if (m.lineup.label == A_FIRST) == (player == players[0])][:HEARD]
        own = (d.tokens for m in as_village for d in m.decisions if d.mind == player)
        versions = {tokens.policy_version for tokens in own if tokens is not None}
        found = harvest(as_village, Terms(outsider.codec.fingerprint, frozenset(versions)))
        heard[who] = understood(outsider.model, outsider.codec, found.episodes, "village")["village"]
    return heard


# -- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Course:
    """How long each recipe learns; what is kept on the way, every ``every`` iterations, is judged by fewer games."""

    base: str
    iterations: int
    every: int
    games: int


@dataclass(frozen=True, slots=True)
class Run:
    """One recipe on one seed. ``checkpoints`` are by the number of iterations behind them; ``cpu_s`` is the whole
    process's, play and learning together."""

    checkpoints: Mapping[int, Path]
    cpu_s: float
    wall_s: float
    alarms: tuple[str, ...]


def train(database: Database, folder: Path, recipe: str, seed: int, course: Course) -> Run:
    """The ordinary self-play of ``arena train``, with nothing made live."""
    of = RECIPES[recipe]
    plan = replace(of.learn, seed=seed, bf16=bf16_is_fast())
    name = f"{recipe}-{seed}".replace(", ", "-").replace(" ", "-")
    training = TrainPlan(course.base, GAME.name, run=name, learn=plan, live=False)
    selfplay = SelfPlayPlan(course.iterations, course.games, keep_every=course.every, league=of.league)

    def said(iteration: int, figures: Any, played: Any, met: Any) -> None:
        sys.stderr.write(
            f"{name}: {iteration + 1} of {course.iterations}, KL {figures.kl_reference:.3f}, entropy of choices "
            f"{figures.choice_entropy:.2f}, garbled {figures.garbled:.1%}\n"
        )

    cpu, wall = time.process_time(), time.monotonic()
    trained = asyncio.run(train_by_selfplay(database, training, selfplay, folder, no_log, lambda *_: None, said))
    spent = time.process_time() - cpu, time.monotonic() - wall
    before = _matches_behind(model_source(database, course.base))
    kept = sorted((_matches_behind(p.parent) - before, p.parent) for p in (folder / name).glob(f"*/{MANIFEST}"))
    return Run({round(matches / course.games): path for matches, path in kept}, *spent, trained.alarms)


def _matches_behind(checkpoint: str | Path) -> int:
    return read_checkpoint(Path(checkpoint)).games


def learn(database: Database, folder: Path, recipe: str, seed: int, course: Course, own: float, games: int) -> Any:
    """A row of the table: what a recipe makes of the base, and what it was on the way."""
    run = train(database, folder, recipe, seed, course)
    curve: list[dict[str, Any]] = []
    for iterations, path in run.checkpoints.items():
        last = iterations == max(run.checkpoints)
        judged = asyncio.run(
            judge(database, str(path), course.base, own, games if last else max(1, games // 4), 77, against_script=last)
        )
        curve.append({"iterations": iterations, **judged.to_json()})
    return {
        "recipe": recipe,
        "seed": seed,
        "matches": course.iterations * course.games,
        "cpu_min": round(run.cpu_s / 60, 1),
        "wall_min": round(run.wall_s / 60, 1),
        "alarms": list(run.alarms),
        **curve[-1],
        "curve": [{k: point[k] for k in ("iterations", "village", "old_village_against_it", "elo")} for point in curve],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="What self-play makes of a model, against opponents that stay.")
    parser.add_argument("--base", default="base", help="what training starts from, and is judged against")
    parser.add_argument("--recipe", action="append", choices=list(RECIPES), help="may be repeated; by default all")
    parser.add_argument("--seeds", default="1,2,3", help="with commas between")
    parser.add_argument("--iterations", type=int, default=30)
    parser.add_argument("--every", type=int, default=10, help="iterations from one checkpoint to the next")
    parser.add_argument("--matches", type=int, default=192, help="of self-play before each update")
    parser.add_argument("--games", type=int, default=1000, help="of each judgement, each way round")
    parser.add_argument("--checkpoint", action="append", help="judge this one instead of training; may be repeated")
    parser.add_argument("--out", type=Path, help="keeps the checkpoints in this folder")
    parser.add_argument("--json", action="store_true", help="JSON on standard output and nothing else")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    logging.getLogger("accelerate").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.out or Path(scratch)
        database = open_database(f"sqlite:///{scratch}/claim.db")
        own = asyncio.run(_alone(database, chosen.base, chosen.games))
        if chosen.checkpoint:
            rows = [
                asyncio.run(judge(database, path, chosen.base, own.rate, chosen.games, 77)).to_json()
                for path in chosen.checkpoint
            ]
        else:
            course = Course(chosen.base, chosen.iterations, chosen.every, chosen.matches)
            rows = [
                learn(database, folder, recipe, int(seed), course, own.rate, chosen.games)
                for recipe in chosen.recipe or RECIPES
                for seed in chosen.seeds.split(",")
            ]
        database.dispose()
    if chosen.json:
        sys.stdout.write(json.dumps({"base": chosen.base, "own_village": _span(own), "rows": rows}, indent=2) + "\n")
        return
    sys.stdout.write(f"{chosen.base}: its village wins {own.rate:.3f} ({own.low:.3f} to {own.high:.3f}) of its own\n")
    for row in rows:
        elo, low, high = row["elo"]
        sys.stdout.write(f"{row['recipe']}, seed {row['seed']}: " if "recipe" in row else f"{row['checkpoint']}: ")
        sys.stdout.write(
            f"village {row['village'][0]:.3f} (× {row['village_gain']}), old village against it "
            f"{row['old_village_against_it'][0]:.3f} (odds × {row['wolves_gain']}), {elo:+d} Elo "
            f"({low:+d} to {high:+d}), well-formed {row['well_formed'][0]:.1%}\n"
        )


async def _alone(database: Database, base: str, games: int) -> Rate:
    """How often the base's village wins against its own wolves."""
    async with open_players((base, base), database, GAME.name, seed=0) as (a, b):
        found = await evaluate(GAME, a, b, games=games, seed=77)
    return Rate.of(found.a_first.wins + found.b_first.wins, found.a_first.games + found.b_first.games)


if __name__ == "__main__":
    main()
