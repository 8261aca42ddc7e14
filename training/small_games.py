"""Whether self-play from random weights gets anywhere, on games whose right play is known.

    python -m training.small_games --json

makes fresh models, trains them by the ordinary self-play of ``arena train`` and judges them exactly
(``training.exact``): Kuhn poker by its exploitability, tic-tac-toe by how often it does not lose to a perfect player.
The seeds fix deals and first weights; which requests meet in a step of the engine is up to the clock, so runs of one
seed differ a little.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from agents.engines.local.weights import load_weights
from agents.runner import no_log
from arena.db.engine import open_database
from training.bootstrap.model import ModelSize
from training.bootstrap.run import BootstrapPlan, bootstrap
from training.bootstrap.teach import TeachPlan
from training.exact import ModelPolicy, Policy, against_perfect, exploitability, kuhn_strategy
from training.plan import LearnPlan
from training.selfplay import SelfPlayPlan, train_by_selfplay
from training.train import TrainPlan

SIZE: Final = ModelSize(width=64, layers=2, context=512)
VOCABULARY: Final = 320
STUDENT: Final = 4.303
"""The 97.5 % point of Student's t with two degrees of freedom: three seeds."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a game is learnt and judged: so many ``rounds`` of so many ``games`` by one ``plan``. ``good`` is the figure
    to reach, from above or below."""

    figure: str
    judge: Callable[[Policy], float]
    good: float
    games: int
    rounds: int
    plan: LearnPlan


_EXACT: Final = LearnPlan(lr=1e-3, passes=1, all_options=True, in_wins=True)
"""The worth of every option is known in both games. The reference is the fresh model, which plays nearly at random:
held near that, each choice keeps the chance that its worth deserves, and what is tried stays wide. Later it becomes
the policy of that time, once or twice: what random play as the reference keeps alive is then given up."""
COURSES: Final = {
    "kuhn": Course(
        "exploitability, chips a hand",
        lambda policy: exploitability(kuhn_strategy(policy)),
        0.05,
        192,
        100,
        replace(_EXACT, muon=2e-3, minibatch=16, kl_weight=0.08, mirror=1.0, final_lr=0.02, magnet_every=50),
    ),
    "tictactoe": Course(
        "not lost to a perfect player",
        lambda policy: against_perfect(policy).not_lost,
        0.95,
        192,
        60,
        replace(_EXACT, muon=1e-2, minibatch=24, passes=2, kl_weight=0.1, mirror=2.0, final_lr=0.1, magnet_every=20),
    ),
}


@dataclass(frozen=True, slots=True)
class Learnt:
    """One run. ``cpu_s`` is the whole process's, play and learning together."""

    game: str
    seed: int
    parameters: int
    iterations: int
    matches: int
    before: float
    after: float
    cpu_s: float
    wall_s: float


def learn(name: str, seed: int, iterations: int | None = None, games: int | None = None) -> Learnt:
    """A fresh model learns a game; ``iterations`` and ``games`` are the course's unless given."""
    course = COURSES[name]
    games = games or course.games
    rounds = iterations or course.rounds
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        database = open_database(f"sqlite:///{folder}/small.db")
        plan = BootstrapPlan(TeachPlan(seconds=0, seed=seed), (name,), SIZE, VOCABULARY)
        manifest, fresh = bootstrap(plan, folder, lambda *_: None, "fresh")
        before = _judged(course, fresh)
        cpu, wall = time.process_time(), time.monotonic()
        training = TrainPlan(str(fresh), name, run="learnt", learn=replace(course.plan, seed=seed), live=False)
        selfplay = SelfPlayPlan(rounds, games, at_once=games, keep_every=rounds, alarms=False)
        said = _said(f"{name}, seed {seed}")
        trained = asyncio.run(train_by_selfplay(database, training, selfplay, folder, no_log, lambda *_: None, said))
        spent = time.process_time() - cpu, time.monotonic() - wall
        after = _judged(course, trained.path)
        database.dispose()
    return Learnt(
        name, seed, manifest.training["parameters"], rounds, rounds * games, before, after, *spent
    )  # fmt: skip


def _judged(course: Course, checkpoint: Path) -> float:
    weights = load_weights(checkpoint)
    return course.judge(ModelPolicy(weights.model, weights.codec))


def _said(of: str) -> Callable[[int, Any, Any, Any], None]:
    def said(iteration: int, figures: Any, played: Any, met: Any) -> None:
        if (iteration + 1) % 10 == 0:
            sys.stderr.write(f"{of}: {iteration + 1} rounds, entropy {figures.choice_entropy:.2f}\n")

    return said


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and the 95 % interval of the mean of three seeds (Student's t)."""
    mean = statistics.fmean(values)
    half = STUDENT * statistics.stdev(values) / len(values) ** 0.5 if len(values) == 3 else 0.0
    return mean, mean - half, mean + half


def row(runs: Sequence[Learnt]) -> dict[str, Any]:
    """The table's row for the runs of one game."""
    course = COURSES[runs[0].game]
    mean, low, high = interval([run.after for run in runs])
    return {
        "game": runs[0].game,
        "figure": course.figure,
        "seeds": [run.seed for run in runs],
        "parameters": runs[0].parameters,
        "iterations": runs[0].iterations,
        "matches": runs[0].matches,
        "before": [round(run.before, 4) for run in runs],
        "after": [round(run.after, 4) for run in runs],
        "mean": round(mean, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "wanted": course.good,
        "cpu_s": [round(run.cpu_s) for run in runs],
        "wall_s": [round(run.wall_s) for run in runs],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Small games learnt from random play, judged exactly.")
    parser.add_argument("--game", action="append", choices=list(COURSES), help="only this one; may be repeated")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--iterations", type=int, help="rounds of play and learning, by default the course's")
    parser.add_argument("--json", action="store_true", help="JSON on standard output and nothing else")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    logging.getLogger("accelerate").setLevel(logging.ERROR)
    rows = [
        row([learn(name, seed, chosen.iterations) for seed in range(chosen.seeds)]) for name in chosen.game or COURSES
    ]
    if chosen.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    for one in rows:
        spans = f"{one['mean']:.3f} ({one['low']:.3f} to {one['high']:.3f})"
        sys.stdout.write(
            f"{one['game']}: {one['figure']}, before {statistics.fmean(one['before']):.3f}, after {spans}, wanted "
            f"{one['wanted']}; {one['iterations']} rounds, {one['matches']} matches, {max(one['cpu_s'])} s of CPU\n"
        )


if __name__ == "__main__":
    main()
