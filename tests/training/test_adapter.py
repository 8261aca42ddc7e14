"""Training a LoRA adapter: the weights under it stay, what plays is what is stored, and a run goes on with it."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
import torch

from agents.checkpoints import MANIFEST, read_checkpoint
from agents.engines.local.adapters import ADAPTER_CONFIG, is_adapter
from agents.engines.local.weights import load_weights
from agents.models import checkpoint_folder, games_taught
from agents.runner import no_log
from arena.db.engine import open_database
from arena.errors import CheckpointError
from training.plan import LearnPlan
from training.selfplay import SelfPlayPlan, train_by_selfplay
from training.train import Trained, Trainer, TrainPlan

RANK = 4


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = open_database(f"sqlite:///{folder / 'arena.db'}")

    def plan(self, model: Path, lora: int = RANK, bf16: bool = False, magnet: int = 0) -> TrainPlan:
        learn = LearnPlan(minibatch=4, passes=1, lr=1e-2, lora=lora, bf16=bf16, magnet_every=magnet)
        return TrainPlan(model=str(model), learn=learn, live=False)

    def go(self, model: Path, lora: int = RANK, bf16: bool = False) -> Trained:
        plan = self.plan(model, lora, bf16)
        selfplay = SelfPlayPlan(2, games=4, at_once=4, alarms=False)
        return asyncio.run(
            train_by_selfplay(self.database, plan, selfplay, self.folder, no_log, lambda *_: None, lambda *_: None)
        )

    def weights(self, path: Path) -> list[torch.Tensor]:
        loaded = load_weights(path, locate=lambda name: checkpoint_folder(self.database, name))
        return list(loaded.model.parameters())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@pytest.fixture
def base(run: Run, tiny_checkpoint: Path) -> Path:
    """Registered, so that adapters of it can be loaded."""
    from agents.models import register

    register(run.database, read_checkpoint(tiny_checkpoint), tiny_checkpoint, 0.0, live=False)
    return tiny_checkpoint


@pytest.mark.parametrize("bf16", [False, True])
def test_an_adapter_learns_and_is_all_that_is_stored(run: Run, base: Path, bf16: bool) -> None:
    before = read_checkpoint(base)
    trained = run.go(base, bf16=bf16)
    assert is_adapter(trained.path)
    assert {f.name for f in trained.path.iterdir()} == {ADAPTER_CONFIG, "adapter_model.safetensors", MANIFEST}
    assert trained.manifest.training["base"] == before.id
    assert trained.manifest.parent == before.id
    assert games_taught(trained.path) == {"werewolf"}
    assert str(run.folder) not in (trained.path / ADAPTER_CONFIG).read_text()
    assert json.loads((trained.path / ADAPTER_CONFIG).read_text())["r"] == RANK
    assert read_checkpoint(base).id == before.id, "the base is as it was"
    moved = [
        float((a - b).detach().abs().max()) for a, b in zip(run.weights(trained.path), run.weights(base), strict=True)
    ]
    assert max(moved) > 0
    assert min(moved) == 0, "what has no adapter, such as the embedding"


def test_what_plays_is_what_is_stored(run: Run, base: Path) -> None:
    trained = run.go(base)
    trainer = Trainer(run.database, run.plan(trained.path), run.folder)
    assert trainer.resumed
    assert trainer.version == trained.manifest.id
    for played, stored in zip(trainer.learner.copy_for_play().parameters(), run.weights(trained.path), strict=True):
        assert torch.allclose(played, stored, atol=1e-6)


def test_a_run_goes_on_with_its_adapter(run: Run, base: Path) -> None:
    first = run.go(base)
    second = run.go(first.path)
    assert second.manifest.parent == first.manifest.id
    assert second.manifest.training["base"] == read_checkpoint(base).id, "the base, not the adapter before"
    with pytest.raises(CheckpointError, match="--lora 4"):
        Trainer(run.database, run.plan(first.path, lora=8), run.folder)


def test_full_weights_go_on_from_an_adapter(run: Run, base: Path) -> None:
    adapter = run.go(base)
    whole = run.go(adapter.path, lora=0)
    assert not is_adapter(whole.path)
    assert whole.manifest.parent == adapter.manifest.id
    assert "base" not in whole.manifest.training


def test_a_bare_model_becomes_a_checkpoint_first(run: Run, base: Path, tmp_path: Path) -> None:
    """As a hub's model is: it has no id that an adapter could name."""
    bare = tmp_path / "bare"
    shutil.copytree(base, bare)
    (bare / MANIFEST).unlink()
    trained = run.go(bare)
    under = trained.manifest.training["base"]
    assert read_checkpoint(checkpoint_folder(run.database, under)).training["stage"] == "as it came"
    assert all(torch.isfinite(p).all() for p in run.weights(trained.path))


def test_its_reference_is_the_model_under_it(run: Run, base: Path) -> None:
    trainer = Trainer(run.database, run.plan(base), run.folder)
    assert trainer.learner.reference is None
    with pytest.raises(CheckpointError, match="magnet"):
        Trainer(run.database, run.plan(base, magnet=2), run.folder)
