"""What goes wrong in a run is seen, taken back once, and then ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from agents.engines.local.weights import load_weights
from agents.runner import Played, no_log
from arena.db.engine import open_database
from training.alarms import Bounds, Verdict, Watch, alarms
from training.episodes import Episode
from training.figures import UpdateFigures
from training.learner import Learner
from training.plan import LearnPlan
from training.selfplay import SelfPlayPlan, train_by_selfplay
from training.train import TrainPlan

WELL = UpdateFigures(
    episodes=192, decisions=6000, garbled=0.04, repeated=0.02, talk_tokens=10.0, lopsided=0.4, talk_entropy=0.4,
    choice_entropy=0.8, kl_reference=0.05, kl_old=0.01, clipped=0.01, gradient_norm=0.5, explained=0.3, loss=0.0,
)  # fmt: skip


def names(**changed: float) -> set[str]:
    return {alarm.name for alarm in alarms(replace(WELL, **changed), WELL, [0.4, 0.5, 0.6], Bounds())}


@pytest.mark.parametrize(
    ("name", "well", "ill"),
    [
        ("talk_entropy", 0.2, 0.1),
        ("talk_entropy", 0.7, 0.9),
        ("choice_entropy", 0.2, 0.1),
        ("talk_tokens", 6.0, 4.0),
        ("talk_tokens", 18.0, 21.0),
        ("kl_reference", 0.5, 0.7),
        ("garbled", 0.13, 0.15),
        ("repeated", 0.16, 0.18),
        ("gradient_norm", 4.0, 6.0),
        ("gradient_norm", 1.0, float("nan")),
        ("explained", -0.1, -0.3),
        ("lopsided", 0.9, 0.99),
    ],
)
def test_each_figure_has_its_bound(name: str, well: float, ill: float) -> None:
    assert names(**{name: well}) == set()
    assert names(**{name: ill}) == {name}


def test_an_alarm_says_what_and_how_far() -> None:
    (alarm,) = alarms(replace(WELL, garbled=0.5), WELL, [], Bounds())
    assert str(alarm) == "garbled 0.5 (over 0.14)"


def weights(learner: Learner) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in learner.copy_for_play().parameters()])


def moved(learner: Learner) -> torch.Tensor:
    with torch.no_grad():
        for p in learner._trained():
            p.add_(0.01)
    if learner._copy is not None:
        learner._copy.give_weights()
    return weights(learner)


@pytest.mark.parametrize("bf16", [False, True])
def test_two_alarms_in_a_row_take_it_back_and_the_next_two_end_it(bf16: bool, tiny_checkpoint: Path) -> None:
    learner = Learner(load_weights(tiny_checkpoint).model, LearnPlan(bf16=bf16, lr=1e-3))
    watch = Watch(learner)
    ill = replace(WELL, garbled=0.9)
    first = moved(learner)
    assert watch.after(WELL) is Verdict.GO_ON
    moved(learner)
    assert watch.after(WELL) is Verdict.GO_ON  # only now is it known that ``first`` plays well
    moved(learner)
    assert watch.after(ill) is Verdict.GO_ON
    assert watch.doubtful
    moved(learner)
    assert watch.after(ill) is Verdict.ROLL_BACK
    assert not watch.doubtful
    assert torch.equal(weights(learner), first)
    assert learner._optimizers[0].param_groups[0]["lr"] == pytest.approx(5e-4)
    moved(learner)
    assert watch.after(ill) is Verdict.GO_ON
    moved(learner)
    assert watch.after(ill) is Verdict.STOP
    assert torch.equal(weights(learner), first)
    assert [n for n, _ in watch.raised] == [2, 3, 4, 5]


def test_what_is_no_number_is_taken_back_at_once(tiny_checkpoint: Path) -> None:
    learner = Learner(load_weights(tiny_checkpoint).model, LearnPlan())
    watch = Watch(learner)
    before = weights(learner)
    with torch.no_grad():
        learner._trained()[0].fill_(float("nan"))
    assert watch.after(WELL) is Verdict.ROLL_BACK
    assert torch.equal(weights(learner), before)
    assert watch.after(replace(WELL, loss=float("nan"), kl_reference=float("nan"))) is Verdict.STOP
    assert [str(alarm) for _, alarm in watch.raised] == [
        "weights not a finite number",
        "kl_reference not a finite number",
    ]


def test_one_alarm_alone_is_forgiven(tiny_checkpoint: Path) -> None:
    learner = Learner(load_weights(tiny_checkpoint).model, LearnPlan())
    watch = Watch(learner)
    for figures in (WELL, replace(WELL, garbled=0.9), WELL, replace(WELL, kl_reference=9.0), WELL):
        assert watch.after(figures) is Verdict.GO_ON
    assert len(watch.raised) == 2


def test_what_was_taken_back_learns_on_as_it_would_have(episodes: list[Episode], tiny_checkpoint: Path) -> None:
    learner = Learner(load_weights(tiny_checkpoint).model, LearnPlan(minibatch=3, lr=1e-3))
    learner.update(episodes)
    then = learner.snapshot()
    updates = learner.updates
    learner.update(episodes)
    straight = weights(learner)
    learner.restore(then)
    learner.updates = updates
    learner.update(episodes)
    assert torch.allclose(weights(learner), straight, atol=1e-6)


def test_a_run_that_wrecks_its_talk_ends_with_the_weights_that_it_began_with(
    tmp_path: Path, tiny_checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Such a learning rate makes noise of any model."""
    updates: list[int] = []

    def updated(iteration: int, figures: UpdateFigures, played: Sequence[Played], met: Mapping[str, float]) -> None:
        updates.append(iteration)

    trained = asyncio.run(
        train_by_selfplay(
            open_database(f"sqlite:///{tmp_path / 'arena.db'}"),
            TrainPlan(model=str(tiny_checkpoint), learn=LearnPlan(minibatch=3, lr=0.05), live=False),
            SelfPlayPlan(12, games=3, at_once=3),
            tmp_path,
            no_log,
            lambda done, total: None,
            updated,
        )
    )
    assert len(updates) < 12, "it stopped by itself"
    assert "stopped" in caplog.text
    assert "half the learning rate" in caplog.text
    assert trained.alarms
    assert torch.isfinite(torch.cat([p.flatten() for p in load_weights(trained.path).model.parameters()])).all()
