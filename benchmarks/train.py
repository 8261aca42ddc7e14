"""One training step on logged matches: packed, beside a sample a turn through stock ``trl`` and one sequence a seat.

All learn from the same matches, which the model played, with the same advantages, forward and backward, on one thread;
each in a process of its own. ``ratio_vs_…`` is the other way's CPU time divided by ours; ``ratio_vs_each_turn`` is a
sample a turn without ``trl`` (our loss, batches of like length), ``ratio_bf16`` fp32 beside bf16, both packed.
``peak_mib…`` is the most resident memory of the process, of which ``base_mib`` is there before the step.
``max_relative_gradient_error`` compares the packed gradient with that of one sequence a turn: over all weight tensors,
the most of ‖difference‖ / ‖gradient‖. ``tokens_per_cpu_s`` counts every token of a match once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.engines.local.weights import Weights, load_weights
from benchmarks import steps
from benchmarks.report import model_of, parser, report
from benchmarks.selfplay import play
from benchmarks.steps import PLAN, Case
from training.episodes import Terms, harvest
from training.learner import Learner
from training.loss import score_all


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process: by way the least CPU seconds of a step, resident MiB before the first way's steps and at most
    after them, and the last way's gradient by weight tensor."""

    cpu_s: dict[str, float]
    base_mib: float
    peak_mib: float
    gradient: tuple[Any, ...] = ()


def cases_of(source: str | Path, count: int, seats: int) -> list[Case]:
    """Matches of the model against itself, with the credit that the trainer would give."""
    weights = load_weights(source)
    played = play(source, count, 64, {"seats": seats}).played
    found = harvest(played, Terms(weights.codec.fingerprint, frozenset({weights.version})))
    learner = Learner(weights.model, PLAN)
    credit = learner.credit(found.episodes)
    scored = score_all(learner.reference, None, found.episodes)
    return [
        Case(episode, steps.drawn_only(assigned), [view.logprobs for view in of])
        for episode, assigned, of in zip(found.episodes, credit.assigned, scored, strict=True)
    ]


def ours(source: str | Path, cases: Sequence[Case], repeats: int) -> Cost:
    """In bf16 as well, when the memory has been read."""
    model = _model(source).model
    base = _mib("VmRSS")
    seconds = {"packed": _best(model, steps.packed(model, cases), repeats)}
    peak, gradient = _mib("VmHWM"), _gradient(model)
    fast = model.to(torch.bfloat16)
    return Cost({**seconds, "bf16": _best(fast, steps.packed(fast, cases), repeats)}, base, peak, gradient)


def unpacked(source: str | Path, cases: Sequence[Case], repeats: int) -> Cost:
    """A sequence a seat, and a sequence a turn when the memory has been read."""
    weights = _model(source)
    model = weights.model
    base = _mib("VmRSS")
    seconds = {"per_seat": _best(model, steps.per_seat(model, cases, weights.codec), repeats)}
    peak = _mib("VmHWM")
    seconds["each_turn"] = _best(model, steps.each_turn(model, cases), repeats)
    return Cost(seconds, base, peak, _gradient(model))


def through_trl(source: str | Path, cases: Sequence[Case], repeats: int) -> Cost:
    from benchmarks.stock_trl import stock_trl

    model = _model(source).model
    base = _mib("VmRSS")
    return Cost({"stock_trl": stock_trl(model, cases, Path(source), repeats)}, base, _mib("VmHWM"))


def measure(source: str | Path, count: int, repeats: int, seats: int = 7) -> dict[str, Any]:
    torch.set_num_threads(1)
    cases = cases_of(source, count, seats)

    def alone(way: Callable[[str | Path, Sequence[Case], int], Cost]) -> Cost:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            return process.submit(way, source, cases, repeats).result()

    packed, apart, stock = alone(ours), alone(unpacked), alone(through_trl)
    least = packed.cpu_s["packed"]
    branches = [branch for case in cases for branch in case.episode.branches]
    sampled = sum(len(branch.answer) for branch in branches)
    tokens = sum(case.episode.trunk_tokens for case in cases) + sum(len(b.prompt) + len(b.answer) for b in branches)
    return {
        "games": count,
        "decisions": len(branches),
        "tokens": tokens,
        "games_per_cpu_s": round(count / least, 2),
        "tokens_per_cpu_s": round(tokens / least),
        "sampled_tokens_per_cpu_s": round(sampled / least),
        "games_per_cpu_s_bf16": round(count / packed.cpu_s["bf16"], 2),
        "ratio_vs_stock_trl": round(stock.cpu_s["stock_trl"] / least, 2),
        "ratio_vs_per_seat": round(apart.cpu_s["per_seat"] / least, 2),
        "ratio_vs_each_turn": round(apart.cpu_s["each_turn"] / least, 2),
        "ratio_bf16": round(least / packed.cpu_s["bf16"], 2),
        "max_relative_gradient_error": _error(packed.gradient, apart.gradient),
        "base_mib": round(packed.base_mib),
        "peak_mib": round(packed.peak_mib),
        "peak_mib_stock_trl": round(stock.peak_mib),
        "peak_mib_per_seat": round(apart.peak_mib),
    }


def _model(source: str | Path) -> Weights:
    torch.set_num_threads(1)
    weights = load_weights(source)
    weights.model.train()
    return weights


def _best(model: Any, step: Callable[[], None], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        model.zero_grad(set_to_none=True)
        begun = time.process_time()
        step()
        best = min(best, time.process_time() - begun)
    return best


def _gradient(model: Any) -> tuple[Any, ...]:
    return tuple(p.grad.float().numpy().copy() for p in model.parameters())


def _error(found: Sequence[Any], wanted: Sequence[Any]) -> float:
    pairs = zip(found, wanted, strict=True)
    return max(float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in pairs)


def _mib(field: str) -> float:
    """Of this process, as /proc/self/status tells it (proc(5)). The ``ru_maxrss`` of a child begins at its parent's."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def main() -> None:
    """The command."""
    made = parser(__doc__)
    made.add_argument("--seats", type=int, default=7, help="of a match of Werewolf, 5 to 16")
    made.add_argument("--games", type=int, help="how many; 8 by default, 2 with --quick")
    wanted = made.parse_args()
    count, repeats = (2, 2) if wanted.quick else (8, 3)
    report(measure(model_of(wanted), wanted.games or count, repeats, wanted.seats), wanted.json)


if __name__ == "__main__":
    main()
