"""What one update teaches that holds for matches which it did not see: credits and optimisers on equal matches.

Each plan makes the trainer's own update from some matches of self-play. Other matches of the same policy then say what
that is worth: for every decision there, by how much the new probabilities prefer what the best-heard credit (straw
polls, every option) calls good: the sum over options of (p new − p old) · advantage for a choice, (p new / p old − 1) ·
advantage for the words that were said, in standard deviations of an advantage, a match. What was learnt by heart counts
for nothing here, and ``moved`` is what it cost: the distance to the old policy in nats a decision (half the squared
log-ratio), of words and of choices. It is a first-order figure at one policy: where it leads only play tells.

python -m benchmarks.holdout [--games N] [--held N] [--plan NAME …] [--json]
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from agents.engines.local.weights import Weights, load_weights
from benchmarks.credit import PLANS as CREDITS
from benchmarks.credit import self_played
from benchmarks.report import model_of, parser, report
from training.assign import Assigned
from training.comparison import Z
from training.episodes import Episode
from training.learner import Learner
from training.loss import Scored, TrainBatch, score, train_batch
from training.packing import matches_a_pack
from training.plan import LearnPlan
from training.precision import bf16_is_fast

YARDSTICK = LearnPlan(all_options=True, polls=True)
BEST = replace(YARDSTICK, passes=1)
PLANS = {
    **{f"{name}, one pass at 1e-3": replace(plan, passes=1, lr=1e-3) for name, plan in CREDITS.items()},
    "polls, one pass at 5e-4": BEST,
    "polls, two passes at 5e-4": YARDSTICK,
    "polls, four passes at 1e-3": replace(YARDSTICK, passes=4, lr=1e-3),
    "polls, one pass, Muon at 4e-3": replace(BEST, muon=4e-3, lr=5e-4),
    "polls, one pass, Muon at 8e-3": replace(BEST, muon=8e-3, lr=1e-3),
    "polls, one pass, Muon at 16e-3": replace(BEST, muon=16e-3, lr=1e-3),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A pack of matches that were not learnt from, and the old policy's view of it."""

    batch: TrainBatch
    old: Scored
    matches: int


class Holdout:
    """Matches to be asked about, with the yardstick's advantages."""

    def __init__(self, learner: Learner, episodes: Sequence[Episode], assigned: Sequence[Assigned]) -> None:
        order = sorted(range(len(episodes)), key=lambda i: episodes[i].trunk_tokens)
        model = learner.model.eval()
        micro = matches_a_pack(learner.device)
        self._questions: list[Question] = []
        for at in range(0, len(order), micro):
            part = order[at : at + micro]
            blank = [[branch * 0.0 for branch in assigned[i].advantages] for i in part]
            batch = train_batch(
                [episodes[i] for i in part], [assigned[i] for i in part], blank, learner.device,
                next(model.parameters()).dtype,
            )  # fmt: skip
            if batch is not None:
                with torch.no_grad():
                    self._questions.append(Question(batch, score(model, batch), len(part)))

    @torch.no_grad()
    def ask(self, learner: Learner) -> dict[str, Any]:
        """Gains a match, with 95 % intervals over packs, and distances a decision."""
        model = learner.model.eval()
        gains: dict[str, list[float]] = {"words": [], "choices": []}
        moved = {"words": 0.0, "choices": 0.0}
        decisions = 0.0
        for question in self._questions:
            a = question.batch.answers
            new, weight = score(model, question.batch), a.weight * a.turns
            ratio = new.logprob - question.old.logprob
            drawn = (ratio.exp() - 1) * a.advantage
            of_options = ((new.option.exp() - question.old.option.exp()) * a.of_option).sum(-1)
            drawn[a.free :] = torch.where(a.exact, of_options, drawn[a.free :])
            for name, part in (("words", slice(a.free)), ("choices", slice(a.free, None))):
                gains[name].append(float((weight[part] * drawn[part]).sum()) / question.matches)
                moved[name] += float((weight[part] * ratio[part].square() / 2).sum())
            decisions += a.turns
        return {
            **{name: _interval(values) for name, values in gains.items()},
            "moved": {name: round(of / decisions, 5) for name, of in moved.items()},
        }


def _interval(values: Sequence[float]) -> list[float]:
    """Mean, and its 95 % bounds."""
    found = torch.tensor(values, dtype=torch.float64)
    mean, half = float(found.mean()), Z * float(found.std()) / len(values) ** 0.5
    return [round(x, 4) for x in (mean, mean - half, mean + half)]


def measure(
    weights: Weights, source: Any, episodes: Sequence[Episode], held: int, plans: Mapping[str, LearnPlan]
) -> Any:
    """By plan: what an update from all but the last ``held`` episodes is worth on those."""
    fast = bf16_is_fast()
    yardstick = Learner(weights.model, replace(YARDSTICK, bf16=fast), codec=weights.codec)
    assigned = yardstick.credit(episodes).assigned
    holdout = Holdout(yardstick, episodes[-held:], assigned[-held:])
    found: dict[str, Any] = {}
    for name, plan in plans.items():
        fresh = load_weights(source)
        learner = Learner(fresh.model, replace(plan, bf16=fast), codec=fresh.codec)
        if plan.estimator == "rae":
            learner.credit(episodes[:-held])  # its baselines begin at 0
        begun = time.process_time()
        learner.update(episodes[:-held])
        spent = time.process_time() - begun
        found[name] = {**holdout.ask(learner), "cpu_s": round(spent)}
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--games", type=int, default=192, help="matches of the update")
    options.add_argument("--held", type=int, default=480, help="matches that it is judged on")
    options.add_argument("--plan", action="append", choices=list(PLANS), help="may be repeated; by default all")
    wanted = options.parse_args()
    games, held = (8, 8) if wanted.quick else (wanted.games, wanted.held)
    names = wanted.plan or (list(PLANS)[-2:] if wanted.quick else list(PLANS))
    torch.set_num_threads(1)
    source = model_of(wanted)
    weights = load_weights(source)
    episodes = self_played(source, games + held)
    found = measure(weights, source, episodes, held, {name: PLANS[name] for name in names})
    report({"games": len(episodes) - held, "held": held, "bf16": bf16_is_fast(), **found}, wanted.json)


if __name__ == "__main__":
    main()
