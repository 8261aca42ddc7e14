"""What one update teaches that holds for matches which it did not see: credits and optimisers on equal matches.

Each plan makes the trainer's own update from some matches of self-play. Other matches of the same policy then say what
that is worth: for every decision there, by how much the new probabilities prefer what the best-heard credit (straw
polls, every option) calls good: the sum over options of (p new − p old) · advantage for a choice, (p new / p old − 1) ·
advantage for the words that were said, in standard deviations of an advantage, a match. What was learnt by heart counts
for nothing here, and ``moved`` is what it cost: the distance to the old policy in nats a decision (half the squared
log-ratio), of words and of choices. It is a first-order figure at one policy: where it leads only play tells.

``listening`` is what the new policy knows at belief probes of these other matches (``training.listening``): −log p of
the truth in nats, and the share of probes at which its likeliest choice is true. Beside it ``before`` says what the old
policy knew, asked so and in the words of the vote, what the scripts know from the same seats, and a blind guess.

python -m benchmarks.holdout [--games N] [--held N] [--plan NAME …] [--json]
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from agents.engines.local.weights import Weights, load_weights
from agents.scripted.belief import suspicion
from arena.games.core import visible
from arena.games.werewolf.text import QUESTIONS
from arena.games.werewolf.view import SeatView
from benchmarks.credit import PLANS as CREDITS
from benchmarks.credit import self_played
from benchmarks.report import model_of, parser, report
from training.assign import Assigned
from training.comparison import Z
from training.credit.base import Floats
from training.episodes import Episode
from training.learner import Learner
from training.listening import Guess, believed, cost, drawn
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
    **{f"polls, one pass at 5e-4, listening {w}": replace(BEST, listening=w) for w in (0.05, 0.2, 1.0)},
}
UNSURE = 1e-3
"""Added to what the scripts think, before it is made a distribution: they can be certain of what is false."""


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
        assert learner.codec is not None, "straw polls need it too"
        self._episodes = episodes
        self._asked = drawn(episodes, learner.codec, model.config.max_position_embeddings, "holdout")
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
            "listening": self._known(believed(model, self._episodes, self._asked)),
        }

    def before(self, learner: Learner) -> dict[str, Any]:
        """What is known at the probes, and by whom."""
        model, codec = learner.model.eval(), learner.codec
        assert codec is not None, "straw polls need it too"

        def as_vote(guess: Guess, names: Sequence[str]) -> Guess:
            own, vote = (codec.encode(QUESTIONS[name].format(names[guess.seat])) for name in ("werewolf", "vote"))
            return replace(guess, branch=replace(guess.branch, prompt=(*guess.branch.prompt[: -len(own)], *vote)))

        voting = [[as_vote(g, e.names) for g in of] for e, of in zip(self._episodes, self._asked, strict=True)]
        scripts = [[_by_scripts(e, g) for g in of] for e, of in zip(self._episodes, self._asked, strict=True)]
        blind = [[np.full(len(g.true), 1 / len(g.true)) for g in of] for of in self._asked]
        chance = _interval([float(np.mean([np.mean(g.true) for g in of])) for of in self._asked if of])
        return {
            "blind": {**self._known(blind), "hits": chance},
            "policy": self._known(believed(model, self._episodes, self._asked)),
            "policy, as a vote": self._known(believed(model, self._episodes, voting)),
            "scripts": self._known(scripts),
        }

    def _known(self, beliefs: Sequence[Sequence[Floats]]) -> dict[str, list[float]]:
        """Means over matches, with 95 % intervals."""
        pairs = [list(zip(*of, strict=True)) for of in zip(self._asked, beliefs, strict=True)]
        return {
            "nats": _interval([float(np.mean([cost(g, p) for g, p in of])) for of in pairs if of]),
            "hits": _interval([float(np.mean([g.true[int(p.argmax())] for g, p in of])) for of in pairs if of]),
        }


def _by_scripts(episode: Episode, guess: Guess) -> Floats:
    """How likely each choice is to be the answer by what the seat has seen, as the scripts think: (O,)."""
    view = SeatView()
    for event in visible(episode.events[: guess.seen], guess.seat):
        view.see(event)
    found = np.array(list(suspicion(view).values())) + UNSURE
    return found / found.sum()


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
    found: dict[str, Any] = {"before": holdout.before(yardstick)}
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
