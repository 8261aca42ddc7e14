"""How loud each way to give credit is: by how many matches of self-play its gradient rises above its noise.

Matches of one policy are cut into batches, and each credit gives each batch a gradient of the trainer's own loss, that
of words and that of choices apart. What the batches have in common is the signal g, the rest is noise; ``scale`` is the
number of matches whose mean has as much of the one as of the other, B · (E|G|² − |g|²) / |g|² for batches of B: the
simple noise scale of McCandlish et al. (2018), https://arxiv.org/abs/1812.06162. It says how many matches a credit
needs to be heard, not whether what is heard is the way to more wins: that only play tells.

python -m benchmarks.credit [--games N] [--batches N] [--json]
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from agents.engines.local.weights import load_weights
from benchmarks.report import model_of, parser, report
from benchmarks.selfplay import play
from benchmarks.steps import drawn_only
from training.assign import Assigned
from training.episodes import Episode, Terms, harvest
from training.learner import Learner
from training.loss import policy_loss, score, train_batch
from training.packing import matches_a_pack
from training.plan import LearnPlan
from training.precision import bf16_is_fast

PLANS = {
    "rae": LearnPlan(estimator="rae", counterfactual=False),
    "flat": LearnPlan(estimator="flat", counterfactual=False),
    "hierarchical": LearnPlan(counterfactual=False),
    "hierarchical, choices counterfactual": LearnPlan(),
    "the same, all options": LearnPlan(all_options=True),
    "the same, polls": LearnPlan(all_options=True, polls=True),
    "the same, polls, nothing afterwards": LearnPlan(all_options=True, polls=True, afterwards=0.0),
}
NO_CLIP = 1e9
"""At the first step every ratio is 1 but for rounding, which must not be cut."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """Of one credit and one kind of turn, a match: length of the signal (0 where it is not above the noise), length of
    a batch's gradient, and ``scale`` in matches with the bounds of 95 % (infinite where no signal was found)."""

    signal: float
    batch: float
    scale: float
    least: float
    most: float

    def to_json(self) -> dict[str, float | None]:
        bounds = {"scale": self.scale, "least": self.least, "most": self.most}
        return {
            "signal": round(self.signal, 4),
            "batch": round(self.batch, 4),
            **{name: round(value) if math.isfinite(value) else None for name, value in bounds.items()},
        }


def loudness(gradients: torch.Tensor, size: int) -> Loudness:
    """From the gradients (batches, parameters) of batches of ``size`` matches. The bounds are from leaving out each
    batch in turn, on the squared signal."""
    products = (gradients @ gradients.T).double()
    count = len(products)
    apart = ~torch.eye(count, dtype=torch.bool)

    def squared(kept: Sequence[int]) -> float:
        return float(products[kept][:, kept][apart[: len(kept), : len(kept)]].mean())

    signal = squared(range(count))
    without = [squared([j for j in range(count) if j != i]) for i in range(count)]
    middle = sum(without) / count
    error = math.sqrt((count - 1) / count * sum((w - middle) ** 2 for w in without))
    whole = float(products.diagonal().mean())

    def scale(of: float) -> float:
        return size * (whole - of) / of if of > 0 else math.inf

    return Loudness(
        math.sqrt(max(signal, 0.0)), math.sqrt(whole), scale(signal), scale(signal + 1.96 * error),
        scale(signal - 1.96 * error),
    )  # fmt: skip


def batch_gradients(
    learner: Learner, episodes: Sequence[Episode], assigned: Sequence[Assigned], batches: int, words: bool
) -> torch.Tensor:
    """A match's gradient in each batch, (batches, parameters), of its words or of its choices."""
    size = len(episodes) // batches
    return torch.stack(
        [
            _gradient(learner, episodes[b * size : (b + 1) * size], assigned[b * size : (b + 1) * size], words)
            for b in range(batches)
        ]
    )


def _gradient(learner: Learner, episodes: Sequence[Episode], assigned: Sequence[Assigned], words: bool) -> torch.Tensor:
    model = learner.model.eval()
    weights = [p for p in model.parameters() if p.requires_grad]
    total = torch.zeros(sum(p.numel() for p in weights))
    order = sorted(range(len(episodes)), key=lambda i: episodes[i].trunk_tokens)
    micro = matches_a_pack(torch.device("cpu"))
    for at in range(0, len(order), micro):
        part = [_only(episodes[i], words) for i in order[at : at + micro]]
        blank = [[branch * 0.0 for branch in assigned[i].advantages] for i in order[at : at + micro]]
        batch = train_batch(part, [assigned[i] for i in order[at : at + micro]], blank, "cpu", weights[0].dtype)
        if batch is None:
            continue
        loss = policy_loss(score(model, batch), batch.answers, NO_CLIP, 0.0).total * batch.answers.turns
        found = torch.autograd.grad(loss, weights, allow_unused=True)
        zeros = (torch.zeros_like(w) if g is None else g for g, w in zip(found, weights, strict=True))
        total += torch.cat([g.float().reshape(-1) for g in zeros])
    return total / len(episodes)


def _only(episode: Episode, words: bool) -> Episode:
    """The episode with nothing but its words trained, or its choices."""
    made = (episode.decisions[n].act.choice is None for n in episode.which)
    kept = tuple(trained and is_words == words for trained, is_words in zip(episode.trainable, made, strict=True))
    return replace(episode, trainable=kept)


def measure(
    episodes: Sequence[Episode], learners: Iterable[tuple[str, Learner]], batches: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Loudness of words and of choices, by the name of the learner that gives the credit."""
    for name, learner in learners:
        if learner.plan.estimator == "rae":
            learner.credit(episodes)  # its baselines begin at 0
        begun = time.process_time()
        assigned = learner.credit(episodes).assigned
        if not learner.plan.all_options:
            assigned = list(map(drawn_only, assigned))
        found = {
            kind: loudness(batch_gradients(learner, episodes, assigned, batches, words), len(episodes) // batches)
            for kind, words in (("words", True), ("choices", False))
        }
        yield name, {**{k: v.to_json() for k, v in found.items()}, "cpu_s": round(time.process_time() - begun)}


def self_played(source: Any, games: int) -> list[Episode]:
    """Matches of a model with itself, in no order: those that end first are the short ones."""
    played = sorted(play(source, games, at_once=96).played, key=lambda one: one.match_id)
    return harvest(played, Terms(load_weights(source).codec.fingerprint)).episodes


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--games", type=int, default=480)
    options.add_argument("--batches", type=int, default=10)
    wanted = options.parse_args()
    games, batches = (12, 3) if wanted.quick else (wanted.games, wanted.batches)
    torch.set_num_threads(1)
    source = model_of(wanted)
    episodes = self_played(source, games)
    fast = bf16_is_fast()

    def learners() -> Iterator[tuple[str, Learner]]:
        for name, plan in PLANS.items():
            fresh = load_weights(source)
            yield name, Learner(fresh.model, replace(plan, in_wins=True, bf16=fast), codec=fresh.codec)

    found = dict(measure(episodes, learners(), batches))
    report({"games": len(episodes), "batches": batches, "bf16": fast, **found}, wanted.json)


if __name__ == "__main__":
    main()
