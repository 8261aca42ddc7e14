"""What ``benchmarks.holdout`` says an update is worth on matches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agents.engines.local.weights import load_weights
from benchmarks.holdout import YARDSTICK, Holdout
from training.episodes import Episode
from training.learner import Learner
from training.plan import LearnPlan


def learner(folder: Path, plan: LearnPlan) -> Learner:
    weights = load_weights(folder)
    return Learner(weights.model, plan, codec=weights.codec)


def test_nothing_learnt_is_worth_nothing_and_learning_by_heart_a_lot(
    episodes: list[Episode], tiny_checkpoint: Path
) -> None:
    old = learner(tiny_checkpoint, YARDSTICK)
    holdout = Holdout(old, episodes, old.credit(episodes).assigned)
    still = holdout.ask(old)
    assert still["words"] == [0.0, 0.0, 0.0]
    assert still["choices"] == [0.0, 0.0, 0.0]
    assert still["moved"] == {"words": 0.0, "choices": 0.0}
    new = learner(tiny_checkpoint, replace(YARDSTICK, lr=1e-3, minibatch=3, passes=4, kl_weight=0.0))
    new.update(episodes)
    learnt = holdout.ask(new)
    for name in ("words", "choices"):
        mean, low, high = learnt[name]
        assert low <= mean <= high
        assert mean > 0
        assert learnt["moved"][name] > 0


def test_it_says_what_is_known_of_the_hidden_and_that_listening_teaches_it(
    episodes: list[Episode], tiny_checkpoint: Path
) -> None:
    old = learner(tiny_checkpoint, YARDSTICK)
    holdout = Holdout(old, episodes, old.credit(episodes).assigned)
    before = holdout.before(old)
    assert before["policy"] == holdout.ask(old)["listening"]
    assert before["policy, as a vote"] != before["policy"]
    assert before["scripts"]["nats"][0] < before["policy"]["nats"][0], "whoever reasons knows more than random weights"
    assert 0 < before["blind"]["hits"][0] < 1
    new = learner(tiny_checkpoint, replace(YARDSTICK, lr=1e-3, minibatch=3, passes=4, listening=1.0))
    new.update(episodes)
    assert holdout.ask(new)["listening"]["nats"][0] < before["policy"]["nats"][0]
