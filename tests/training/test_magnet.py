"""The reference that follows the policy (``LearnPlan.magnet_every``)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.runner import no_log
from arena.db.engine import open_database
from training.bootstrap.model import ModelSize
from training.bootstrap.run import BootstrapPlan, bootstrap
from training.bootstrap.teach import TeachPlan
from training.learner import Learner
from training.plan import LearnPlan
from training.selfplay import SelfPlayPlan, train_by_selfplay
from training.train import Trainer, TrainPlan


def same(a: Any, b: Any) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize(("every", "follows"), [(0, [False, False, False]), (2, [False, True, False])])
def test_the_reference_becomes_the_policy_every_so_many_updates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int, follows: list[bool]
) -> None:
    plan = BootstrapPlan(TeachPlan(seconds=0), ("kuhn",), ModelSize(64, 1, 256), 320)
    _, path = bootstrap(plan, tmp_path, lambda *_: None)
    seen: list[bool] = []
    update = Learner.update

    def watched(learner: Learner, *arguments: Any) -> Any:
        figures = update(learner, *arguments)
        seen.append(same(learner.model, learner.reference))
        return figures

    monkeypatch.setattr(Learner, "update", watched)
    database = open_database(f"sqlite:///{tmp_path}/magnet.db")
    training = TrainPlan(str(path), "kuhn", learn=LearnPlan(magnet_every=every, kl_weight=0.2), live=False)
    trained = asyncio.run(
        train_by_selfplay(
            database, training, SelfPlayPlan(3, 16, alarms=False), tmp_path, no_log, lambda *_: None, lambda *_: None
        )
    )
    assert seen == follows
    assert trained.manifest.training["game"] == "kuhn"
    again = Trainer(database, TrainPlan(str(trained.path), "kuhn", learn=training.learn, live=False), tmp_path)
    assert again.resumed
    assert same(again.learner.model, again.learner.reference) is (every == 0), "it is held near to what it was"
    database.dispose()
