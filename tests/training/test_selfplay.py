"""Play and learn, again and again, on a tiny random model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from agents.checkpoints import read_checkpoint
from agents.runner import Played, no_log
from arena.db.engine import open_database
from training.figures import UpdateFigures
from training.plan import LearnPlan
from training.selfplay import SelfPlayPlan, train_by_selfplay
from training.train import Trained, TrainPlan


class Run:
    """A run of two iterations, and what it told."""

    def __init__(self, folder: Path, model: Path, *, overlap: bool) -> None:
        self.told: list[tuple[int, int]] = []
        self.updates: list[int] = []
        self.versions: list[set[str]] = []
        self._database = open_database(f"sqlite:///{folder / 'arena.db'}")
        self._plan = TrainPlan(model=str(model), learn=LearnPlan(minibatch=3, lr=1e-3), live=False)
        self._selfplay = SelfPlayPlan(2, games=4, at_once=4, overlap=overlap)
        self._folder = folder

    async def go(self) -> Trained:
        return await train_by_selfplay(
            self._database, self._plan, self._selfplay, self._folder, no_log, self._progress, self._updated
        )

    def _progress(self, done: int, total: int) -> None:
        self.told.append((done, total))

    def _updated(
        self, iteration: int, figures: UpdateFigures, played: Sequence[Played], met: Mapping[str, float]
    ) -> None:
        self.updates.append(iteration)
        self.versions.append({d.tokens.policy_version for p in played for d in p.decisions if d.tokens})
        assert figures.episodes == len(played) == 4


@pytest.mark.parametrize("overlap", [True, False])
def test_each_iteration_learns_from_its_own_games(overlap: bool, tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = Run(tmp_path, tiny_checkpoint, overlap=overlap)
    trained = asyncio.run(run.go())
    assert run.updates == [0, 1]
    assert len(trained.figures) == 2
    assert "stale" not in trained.masked
    first, second = run.versions
    assert len(first) == len(second) == 1
    assert (first == second) == overlap, (
        "played at once with the first update, the second games have the weights before"
    )
    assert read_checkpoint(trained.path).games == 8
    assert all(0 <= done <= total for done, total in run.told)


def test_a_stopped_run_ends_soon_and_leaves_nothing_running(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = Run(tmp_path, tiny_checkpoint, overlap=True)

    async def stopped() -> float:
        task = asyncio.create_task(run.go())
        while not run.told:
            await asyncio.sleep(0.01)
        asked = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1
        return time.monotonic() - asked

    assert asyncio.run(stopped()) < 30
    assert not run.updates


def test_a_deal_is_played_again_where_that_is_wanted(tmp_path: Path, tiny_checkpoint: Path) -> None:
    seeds: list[str] = []
    asyncio.run(
        train_by_selfplay(
            open_database(f"sqlite:///{tmp_path / 'arena.db'}"),
            TrainPlan(
                model=str(tiny_checkpoint), learn=LearnPlan(estimator="group", passes=1, minibatch=4), live=False
            ),
            SelfPlayPlan(1, games=4, at_once=4, deal_again=2),
            tmp_path,
            no_log,
            lambda done, total: None,
            lambda iteration, figures, played, met: seeds.extend(str(p.lineup.seed) for p in played),
        )
    )
    assert sorted(seeds.count(seed) for seed in set(seeds)) == [2, 2]
