"""The benchmark of a training step: three layouts of the same matches, and the same gradient where it has to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.engines.local.weights import load_weights
from benchmarks.steps import Case, drawn_only, each_turn, packed, per_seat, seat_sequences, turn_sequences
from training.episodes import Episode
from training.learner import Learner


@pytest.fixture
def cases(episodes: list[Episode], tiny_checkpoint: Path) -> list[Case]:
    credit = Learner(load_weights(tiny_checkpoint).model).credit(episodes)
    return [
        Case(e, drawn_only(a), [np.full(len(b.answer), -2.0) for b in e.branches])
        for e, a in zip(episodes, credit.assigned, strict=True)
    ]


def gradient(model: Any, step: Any) -> list[torch.Tensor]:
    model.zero_grad(set_to_none=True)
    step()
    return [p.grad.clone() for p in model.parameters()]


def test_packed_and_a_sequence_a_turn_have_one_gradient(cases: list[Case], tiny_checkpoint: Path) -> None:
    model = load_weights(tiny_checkpoint).model
    plain = gradient(model, each_turn(model, cases))
    for found, wanted in zip(gradient(model, packed(model, cases)), plain, strict=True):
        assert float((found - wanted).norm() / wanted.norm()) < 1e-5


def test_every_answer_stands_in_one_sequence(cases: list[Case], tiny_checkpoint: Path) -> None:
    weights = load_weights(tiny_checkpoint)
    for case in cases:
        branches, free = case.episode.branches, {i for i, may in enumerate(case.episode.trainable) if may}
        for laid in (turn_sequences(case.episode), seat_sequences(case.episode, weights.codec)):
            starts = [(i, sequence, at) for sequence in laid for i, at in sequence.answers]
            assert sorted(i for i, _, _ in starts) == sorted(free)
            for i, sequence, at in starts:
                assert sequence.tokens[at : at + len(branches[i].answer)] == branches[i].answer
        players = {case.episode.decisions[case.episode.which[i]].seat for i in free}
        assert len(seat_sequences(case.episode, weights.codec)) == len(players)
    assert all(torch.isfinite(g).all() for g in gradient(weights.model, per_seat(weights.model, cases, weights.codec)))


def test_a_seat_reads_its_own_words_once_and_no_secret_of_others(cases: list[Case], tiny_checkpoint: Path) -> None:
    codec = load_weights(tiny_checkpoint).codec
    episode = cases[0].episode
    for sequence in seat_sequences(episode, codec):
        text = codec.decode(sequence.tokens)
        assert text.count("You are ") == 1
        for i, _ in sequence.answers:
            made = episode.decisions[episode.which[i]]
            said = f"{episode.names[made.seat]}: {made.act.text}\n"
            if made.act.choice is None and len(made.act.text) > 8:
                assert text.count(said) <= sum(d.act.text == made.act.text for d in episode.decisions)


def test_stock_trl_learns_from_every_turn(cases: list[Case], tiny_checkpoint: Path) -> None:
    from benchmarks.stock_trl import stock_trl  # slow to import

    model = load_weights(tiny_checkpoint).model
    before = [p.detach().clone() for p in model.parameters()]
    assert stock_trl(model, cases[:1], tiny_checkpoint, repeats=1) > 0
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))  # its learning rate is 0
