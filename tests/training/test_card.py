"""The commands that a model card names."""

from __future__ import annotations

from dataclasses import asdict

import typer

from arena.cli.main import build
from training.bootstrap.card import stages
from training.plan import LearnPlan

LESSON = {"stage": "bootstrap", "teach": {"seconds": 600.0, "lr": 0.012, "seed": 3}, "games": ("werewolf",)}


def test_a_stage_of_self_play_is_named_with_its_settings() -> None:
    plan = LearnPlan(polls=True, all_options=True, counterfactual=False, muon=8e-3, passes=1, kl_weight=0.1, seed=2)
    told = stages({"stage": "reinforce", "before": LESSON, **asdict(plan)}, updates=12)
    assert told == [
        "`arena bootstrap --game werewolf --minutes 10 --lr 0.012 --seed 3`",
        "`arena train --model BEFORE --iterations 12 --muon 0.008 --passes 1 --kl 0.1 --no-counterfactual "
        "--all-options --polls --seed 2`",
    ]
    known = {
        option
        for parameter in typer.main.get_command(build("train")).commands["train"].params  # type: ignore[attr-defined]
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    for option in told[1].strip("`").split():
        assert not option.startswith("--") or option in known
