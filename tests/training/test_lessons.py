"""Lessons from scripted games, and a short course of them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import torch

from agents.engines.local.codec import HubCodec
from agents.engines.local.weights import load_weights
from arena.games.registry import game_by_name
from training.bootstrap.lessons import PROBE, lessons, scripted_games
from training.bootstrap.model import ModelSize
from training.bootstrap.run import BootstrapPlan, bootstrap
from training.bootstrap.teach import TeachPlan, measure_reading

GAME = game_by_name("werewolf")


def test_lessons_hold_the_teachers_distribution(tiny_tokenizer: Path) -> None:
    codec = HubCodec(tiny_tokenizer)
    kinds: set[str] = set()
    for number, played in enumerate(islice(scripted_games(GAME, 3), 6)):
        (one,) = lessons(codec, GAME, played, talk_share=0.3, seed=number)
        assert len(one.targets) == len(one.game.branches)
        for branch, target in zip(one.game.branches, one.targets, strict=True):
            kinds.add(target.kind)
            assert 0 < branch.offset <= len(one.game.trunk)
            if not target.options:
                assert codec.decode(branch.answer).endswith("\n"), "a message ends its line"
                continue
            assert sum(target.weights) == pytest.approx(1.0)
            names = codec.decode(branch.prompt).split("\n")[-2].split()
            assert [codec.decode([o]).strip() for o in target.options] == names, "options are listed before the cue"
    assert {"talk", "vote", PROBE, "kill", "check", "protect"} <= kinds


def test_the_same_seed_gives_the_same_lessons(tiny_tokenizer: Path) -> None:
    codec = HubCodec(tiny_tokenizer)
    first, second = (
        [lessons(codec, GAME, p, 0.5, n) for n, p in enumerate(islice(scripted_games(GAME, 8), 3))] for _ in range(2)
    )
    assert first == second


@pytest.mark.slow
def test_a_short_course_lowers_the_loss_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    losses: list[float] = []
    plan = BootstrapPlan(teach=TeachPlan(seconds=600, matches=80, lr=1e-2), size=ModelSize(width=64, layers=1))
    manifest, folder = bootstrap(plan, tmp_path, lambda n, s, loss: losses.append(float(loss.total())), "course")
    assert losses[-1] < 0.8 * losses[0]
    weights = load_weights(folder)
    assert weights.version == manifest.id
    assert manifest.figures["reading"]["chance"] < manifest.figures["reading"]["teacher"]
    names = [weights.codec.encode(f" {word}") for word in GAME.words]
    assert all(len(tokens) == 1 for tokens in names), "names and roles are one token each"
    with torch.no_grad():
        again = measure_reading(weights.model, [lessons(weights.codec, GAME, next(scripted_games(GAME, 4)))])
    assert 0.0 <= again.model <= 1.0

    more, _ = bootstrap(
        BootstrapPlan(teach=TeachPlan(seconds=2, lr=1e-3, seed=1), model=str(folder)), tmp_path, lambda *_: None
    )
    assert more.parent == manifest.id
    assert more.games > manifest.games
    assert more.training["before"]["stage"] == "bootstrap"
