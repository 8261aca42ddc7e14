"""From played matches to new weights, on a tiny random model."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.engines.local.weights import load_weights
from agents.runner import Played
from arena.decision import MindKind
from arena.errors import CheckpointError, UserError
from training.adapter import Adapter
from training.assign import Assigned
from training.episodes import Episode, Terms, harvest, why_masked
from training.learner import Learner
from training.loss import policy_loss, score, train_batch
from training.optimisers import split
from training.packing import PACKED
from training.plan import LearnPlan


def learner(folder: Path, **plan: object) -> Learner:
    weights = load_weights(folder)
    return Learner(weights.model, replace(LearnPlan(minibatch=3, lr=1e-3), **plan), codec=weights.codec)


def weights_of(one: Learner) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in one.copy_for_play().parameters()])


def test_what_was_logged_is_what_the_trainer_sees(episodes: list[Episode], tiny_checkpoint: Path) -> None:
    model = load_weights(tiny_checkpoint).model
    model.set_attn_implementation(PACKED)
    zeros = [[np.zeros(len(b.answer)) for b in e.branches] for e in episodes]
    batch = train_batch(episodes, [Assigned(tuple(z), tuple(z)) for z in zeros], zeros)
    assert batch is not None
    with torch.no_grad():
        scored = score(model, batch)
    assert torch.allclose(scored.logprob, batch.answers.old_logprob, atol=1e-4)
    assert float(batch.answers.weight.sum()) == pytest.approx(1.0, abs=1e-5)
    loss = policy_loss(scored, batch.answers, clip=0.2, kl_weight=0.0)
    assert loss.kl_old == pytest.approx(0.0, abs=1e-6)


def test_masks_have_reasons(played: list[Played], tiny_checkpoint: Path) -> None:
    weights = load_weights(tiny_checkpoint)
    fresh = harvest(played, Terms(weights.codec.fingerprint, frozenset({weights.version})))
    assert fresh.masked["played by script"] > 0
    assert fresh.decisions > 0
    stale = harvest(played, Terms(weights.codec.fingerprint, frozenset({"another"})))
    assert not stale.episodes
    assert stale.masked["stale"] == fresh.decisions + fresh.masked["asked again"]
    with pytest.raises(UserError, match="another tokenizer"):
        harvest(played, Terms("other-tokenizer", None))
    decision = next(d for d in played[0].decisions if d.tokens)
    terms = Terms(weights.codec.fingerprint)
    assert why_masked(decision, terms) is None
    assert why_masked(replace(decision, fallback="engine/stopped"), terms) == "fallback"
    assert why_masked(replace(decision, kind=MindKind.PERSON), terms) == "played by person"


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"critic": "seat", "counterfactual": False},
        {"estimator": "rae"},
        {"estimator": "flat", "bf16": True},
        {"estimator": "turn", "critic": "seat"},
        {"muon": 8e-3, "bf16": True},
    ],
)
def test_every_kind_of_credit_makes_an_update(
    plan: dict[str, object], episodes: list[Episode], tiny_checkpoint: Path
) -> None:
    one = learner(tiny_checkpoint, **plan)
    before = weights_of(one)
    figures = one.update(episodes)
    assert figures.episodes == len(episodes)
    assert np.isfinite(list(figures.to_json().values())).all()
    moved = (weights_of(one) - before).abs().max()
    assert 0 < float(moved) < 0.1


def test_an_update_makes_the_rewarded_likelier(episodes: list[Episode], tiny_checkpoint: Path) -> None:
    """With credit +1 for one seat's answers and -1 for another's, their probabilities move apart."""
    one = learner(tiny_checkpoint, kl_weight=0.0)
    signs = [
        tuple(
            np.full(len(b.answer), 1.0 if e.decisions[n].seat % 2 else -1.0)
            for b, n in zip(e.branches, e.which, strict=True)
        )
        for e in episodes
    ]
    given = [Assigned(s, s) for s in signs]
    held = [[np.zeros(len(b.answer)) for b in e.branches] for e in episodes]
    batch = train_batch(episodes, given, held)
    assert batch is not None

    def mean_by_sign() -> tuple[float, float]:
        with torch.no_grad():
            logprob = score(one.model, batch).logprob
        good = batch.answers.advantage > 0
        return float(logprob[good].mean()), float(logprob[~good].mean())

    good, bad = mean_by_sign()
    for _ in range(3):
        one._step(episodes, given, one._reference_of(episodes))
    better, worse = mean_by_sign()
    assert better - good > worse - bad


@pytest.mark.parametrize("plan", [{}, {"muon": 8e-3}, {"listening": 0.5}], ids=str)
def test_going_on_is_like_never_having_stopped(
    plan: dict[str, float], episodes: list[Episode], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    straight = learner(tiny_checkpoint, **plan)
    straight.update(episodes)
    straight.save_state(tmp_path / "state", "ck1")
    straight.save_model(tmp_path / "model")
    straight.update(episodes)

    from transformers import AutoModelForCausalLM

    resumed = Learner(
        AutoModelForCausalLM.from_pretrained(tmp_path / "model"),
        straight.plan,
        copy.deepcopy(load_weights(tiny_checkpoint).model),
        straight.codec,
    )
    assert not resumed.load_state(tmp_path / "state", "another checkpoint")
    assert not resumed.load_state(tmp_path / "nowhere", "ck1")
    other = Learner(
        copy.deepcopy(resumed.model), replace(straight.plan, muon=8e-3 - straight.plan.muon), codec=straight.codec
    )
    assert not other.load_state(tmp_path / "state", "ck1"), "another optimiser's state is of no use"
    assert resumed.load_state(tmp_path / "state", "ck1")
    resumed.update(episodes)
    assert torch.allclose(weights_of(straight), weights_of(resumed), atol=1e-6)


def test_learning_rates_fall_to_the_share_that_is_asked_for(tiny_checkpoint: Path, tmp_path: Path) -> None:
    cooling = learner(tiny_checkpoint, muon=8e-3, final_lr=0.2)

    def rates(of: Learner) -> list[float]:
        return [o.param_groups[0]["lr"] for o in of._optimizers]

    peak = rates(cooling)
    for done, share in ((0.0, 1.0), (0.5, 0.6), (1.0, 0.2), (1.5, 0.2)):
        cooling.pace(done)
        assert rates(cooling) == pytest.approx([share * p for p in peak])
    well = cooling.snapshot()
    cooling.restore(well, lr_factor=0.5)
    assert rates(cooling) == pytest.approx([0.1 * p for p in peak])
    cooling.save_state(tmp_path, "ck1")
    resumed = learner(tiny_checkpoint, muon=8e-3, final_lr=0.2)
    assert resumed.load_state(tmp_path, "ck1")
    resumed.pace(0.5)
    assert rates(resumed) == pytest.approx([0.3 * p for p in peak]), "slowed by half after an alarm, and so it stays"


def test_mirror_descent_needs_the_worth_of_every_option(tiny_checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match="--all-options"):
        learner(tiny_checkpoint, mirror=1.0)


def test_muon_is_not_for_adapters(tiny_checkpoint: Path) -> None:
    model = load_weights(tiny_checkpoint).model
    with pytest.raises(CheckpointError, match="--muon or --lora"):
        Learner(model, LearnPlan(muon=8e-3, lora=2), adapter=Adapter(model, 2, None))


def test_muon_is_for_the_matrices_of_the_layers(tiny_checkpoint: Path) -> None:
    model = load_weights(tiny_checkpoint).model
    matrices, others = split(model.named_parameters(), model.parameters())
    names = {id(p): name for name, p in model.named_parameters()}
    assert all("layers" in names[id(p)] and p.ndim == 2 for p in matrices)
    assert {names[id(p)].rsplit(".", 2)[-2] for p in others} == {
        "embed_tokens",
        "input_layernorm",
        "norm",
        "q_norm",
        "k_norm",
        "post_attention_layernorm",
    }
