"""What an update would learn from, shown before it does."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from agents.engines.local.weights import load_weights
from arena.cli.dry_run import show_preview
from training.episodes import Episode, Harvest, Terms
from training.learner import Learner
from training.plan import LearnPlan
from training.preview import Preview, preview


@pytest.fixture
def shown(episodes: list[Episode], tiny_checkpoint: Path) -> Preview:
    weights = load_weights(tiny_checkpoint)
    learner = Learner(weights.model, LearnPlan(grammar=0.2))
    before = torch.cat([p.detach().flatten().clone() for p in learner.model.parameters()])
    found = preview(
        learner,
        Harvest(episodes, Counter({"played by script": 9}), Counter({"unfinished": 1})),
        Terms(weights.codec.fingerprint, frozenset({weights.version})),
    )
    assert torch.equal(before, torch.cat([p.detach().flatten() for p in learner.model.parameters()]))
    return found


def test_each_decision_of_the_newest_match_is_there(shown: Preview, episodes: list[Episode]) -> None:
    newest = episodes[-1]
    assert [(t.seat, t.turn) for t in shown.turns] == [(d.seat, d.turn_id) for d in newest.decisions]
    assert shown.match_id == newest.match_id
    for turn in shown.turns:
        if turn.mind.startswith("scripted"):
            assert turn.masked == "played by script"
            assert turn.advantage is None
            assert not turn.tokens
        if turn.options and turn.masked is None:
            assert turn.choice is not None
            assert turn.options[turn.choice] == pytest.approx(turn.advantage)
    assert any(t.options for t in shown.turns)
    results = [t.rewards["outcome"] for t in shown.turns if "outcome" in t.rewards]
    assert len(results) == len({t.seat for t in shown.turns if t.tokens}), "each seat of the policy is paid once"
    assert any("grammar" in t.rewards for t in shown.turns), "a random model garbles its words"


def test_the_totals_are_those_of_all_matches(shown: Preview, episodes: list[Episode]) -> None:
    assert shown.episodes == len(episodes)
    assert sum(k.decisions for k in shown.kinds.values()) == sum(sum(e.trainable) for e in episodes)
    assert shown.kinds["vote"].exact == shown.kinds["vote"].decisions
    assert shown.kinds["talk"].exact == 0


def test_it_is_printed_with_what_was_said_as_it_was_said(shown: Preview) -> None:
    turn = next(t for t in shown.turns if t.choice is None)
    nasty = replace(shown, turns=(replace(turn, text="[red]hi[/red] \x1b[31m", masked=None), *shown.turns))
    out = io.StringIO()
    show_preview(nasty, as_json=False, console=Console(file=out, width=160, force_terminal=True, highlight=False))
    text = out.getvalue()
    assert "[red]hi[/red]" in text
    assert "\x1b[31mred" not in text
    assert "left out: 9 decisions · played by script" in text
    assert "left out: 1 games · unfinished" in text
    again = io.StringIO()
    show_preview(shown, as_json=True, console=Console(file=again))
    assert json.loads(again.getvalue())["kinds"]["vote"]["decisions"] == shown.kinds["vote"].decisions
