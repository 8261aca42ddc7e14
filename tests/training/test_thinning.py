"""Fewer decisions, the same gradient on average."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from agents.engines.local.weights import load_weights
from training.assign import Assigned
from training.episodes import Episode
from training.loss import score_all
from training.packing import PACKED
from training.thinning import FLOOR, probabilities, thin


def credit_for(episodes: list[Episode], seed: int = 0) -> list[Assigned]:
    """Heavy-tailed advantages, one a decision."""
    drawn = np.random.default_rng(seed)
    out: list[Assigned] = []
    for episode in episodes:
        of_decision = {n: drawn.standard_t(2) for n in sorted(set(episode.which))}
        advantages = tuple(
            np.full(len(b.answer), of_decision[n]) for b, n in zip(episode.branches, episode.which, strict=True)
        )
        out.append(Assigned(advantages, advantages))
    return out


@pytest.mark.parametrize("share", [0.2, 0.4, 0.7])
def test_probabilities_grow_with_the_advantage_and_have_the_share_as_mean(share: float) -> None:
    magnitudes = np.abs(np.random.default_rng(1).standard_t(2, size=500))
    odds = probabilities(magnitudes, share)
    assert odds.mean() == pytest.approx(share, abs=1e-6)
    assert odds.min() >= FLOOR
    assert odds.max() <= 1
    in_order = odds[np.argsort(magnitudes)]
    assert (np.diff(in_order) >= 0).all()


def test_nothing_to_learn_is_kept_at_the_floor() -> None:
    assert (probabilities(np.zeros(5), 0.4) == FLOOR).all()
    assert (probabilities(np.array([0.0, 3.0]), 1.0) == [FLOOR, 1.0]).all()
    assert len(probabilities(np.zeros(0), 0.4)) == 0


def test_the_weighted_sum_is_the_same_on_average(episodes: list[Episode]) -> None:
    given = credit_for(episodes)
    each = [
        float(a.mean())
        for e, g in zip(episodes, given, strict=True)
        for a, free in zip(g.advantages, e.trainable, strict=True)
        if free
    ]
    whole, size = sum(each), sum(map(abs, each))
    sums, turns = [], []
    for n in range(400):
        kept, credit = thin(episodes, given, 0.4, random.Random(n))
        sums.append(sum(w * float(a.mean()) for c in credit for w, a in zip(c.weights, c.advantages, strict=True)))
        turns.append(sum(e.turns for e in kept))
    error = np.std(sums) / np.sqrt(len(sums))
    assert np.mean(sums) == pytest.approx(whole, abs=4 * error)
    assert error < 0.02 * size
    assert np.mean(turns) == pytest.approx(0.4 * sum(e.turns for e in episodes), rel=0.05)


def test_what_is_kept_reads_the_same_past(episodes: list[Episode], tiny_checkpoint: Path) -> None:
    model = load_weights(tiny_checkpoint).model
    model.set_attn_implementation(PACKED)
    kept, _ = thin(episodes, credit_for(episodes), 0.4, random.Random(3))
    assert kept
    for small in kept:
        (whole,) = [e for e in episodes if e.match_id == small.match_id]
        before = score_all(model, None, [whole])[0]
        after = score_all(model, None, [small])[0]
        where = [i for i, n in enumerate(whole.which) if n in small.which and whole.trainable[i]]
        assert len(where) == len(small.which)
        assert [whole.branches[i] for i in where] == list(small.branches)
        for i, view in zip(where, after, strict=True):
            assert view.logprobs == pytest.approx(before[i].logprobs, abs=1e-5)
        assert small.trunk_tokens == max(b.offset for b in small.branches)
