"""What people did as lessons: in the tokens that a model would have had, where all agreed, and only if asked for."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sqlalchemy import Engine

from agents.engines.local.weights import Weights, load_weights
from agents.llm.reading import MatchReader
from arena.cli.main import main
from arena.db.repo import StoredMatch, iter_matches
from arena.db.writer import LogWriter
from arena.decision import Decision, MindKind
from arena.errors import UserError
from tests.fakes.matches_with_people import ANN, BOB, REPLIES, log_matches
from training.assign import Assigned
from training.episodes import Episode, Terms, bare, harvest
from training.imitation import PEOPLE, dealt, imitation_loss, of_people, recorded
from training.learner import Learner
from training.loss import score, train_batch
from training.packing import PACKED
from training.plan import LearnPlan
from training.standings import moments
from training.train import Trainer, TrainPlan

PLAYERS = ("Ann", "Bob")
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def matches(engine: Engine, writer: LogWriter, tiny_checkpoint: Path) -> dict[str, StoredMatch]:
    """By what the two people replied."""
    asyncio.run(log_matches(writer, tiny_checkpoint, REPLIES))
    return {match.seed: match for match in iter_matches(engine)}


@pytest.fixture
def weights(tiny_checkpoint: Path) -> Weights:
    return load_weights(tiny_checkpoint)


@pytest.fixture
def taught(matches: dict[str, StoredMatch], weights: Weights) -> Episode:
    found = of_people(matches["both agree"], PLAYERS, weights.codec, context_of(weights))
    assert found is not None
    return found


def context_of(weights: Weights) -> int:
    return weights.model.config.max_position_embeddings


def test_a_model_in_their_place_would_have_had_the_same_tokens(
    matches: dict[str, StoredMatch], weights: Weights
) -> None:
    """Made here for the decisions of the model itself, of which the log has them."""
    checked = 0
    for match in matches.values():
        whole = bare(match)
        assert whole is not None
        limit = next(d.tokens.trunk_limit for d in whole.decisions if d.tokens is not None)
        reading = MatchReader(weights.codec, whole.game, limit)
        for moment, decision in zip(moments(whole, counterfactual=False), whole.decisions, strict=True):
            was = decision.tokens
            if was is None:
                continue
            made = recorded(reading, weights.codec, whole, moment, decision, context_of(weights))
            assert (made.epoch, made.trunk_length, made.branch) == (was.epoch, was.trunk_length, was.branch)
            assert made.options == was.options
            if was.options:
                assert made.sampled == was.sampled
            checked += 1
    assert checked > 50


def test_every_turn_of_theirs_is_a_lesson_in_their_own_words(taught: Episode, weights: Weights) -> None:
    decode = weights.codec.decode
    own = [n for n, d in enumerate(taught.decisions) if d.kind is MindKind.PERSON and (d.act.text or d.act.choice)]
    assert sorted(taught.which) == own
    assert {taught.decisions[n].seat for n in taught.which} <= {ANN, BOB}
    for n, branch in zip(taught.which, taught.branches, strict=True):
        decision = taught.decisions[n]
        assert decode(branch.answer).strip() == (decision.act.choice or decision.act.text)
        assert decision.tokens is not None
        assert decision.tokens.policy_version == PEOPLE
        assert branch.offset <= len(taught.rows[0].trunk)
        if decision.act.choice is not None:
            assert branch.answer in decision.tokens.options


@pytest.mark.parametrize("replies", ["bob refuses", "both refuse"])
def test_without_everybodys_consent_there_is_no_lesson(
    replies: str, matches: dict[str, StoredMatch], weights: Weights
) -> None:
    assert of_people(matches[replies], PLAYERS, weights.codec, None) is None


def test_whoever_is_not_known_to_have_agreed_teaches_nothing(matches: dict[str, StoredMatch], weights: Weights) -> None:
    """As after ``arena forget NAME``, or where nobody is said to have held the seat."""
    match = matches["both agree"]

    def seats_of(*left: int) -> set[int]:
        seats = tuple(replace(s, person=None, train=False) if s.seat in left else s for s in match.seats)
        found = of_people(replace(match, seats=seats), PLAYERS, weights.codec, None)
        return set() if found is None else {found.decisions[n].seat for n in found.which}

    everybody = seats_of()
    assert everybody
    assert seats_of(BOB) == everybody - {BOB}
    assert seats_of(ANN) == everybody - {ANN}
    assert seats_of(ANN, BOB) == set()
    for seat, name in ((ANN, "Ann"), (BOB, "Bob")):
        found = of_people(match, (name,), weights.codec, None)
        assert (set() if found is None else {found.decisions[n].seat for n in found.which}) == everybody & {seat}
    assert of_people(match, (), weights.codec, None) is None


def test_what_was_passed_or_emptied_teaches_nothing(matches: dict[str, StoredMatch], weights: Weights) -> None:
    match = matches["both agree"]

    def passed(decision: Decision) -> Decision:
        return replace(decision, fallback="deadline") if decision.kind is MindKind.PERSON else decision

    assert (
        of_people(replace(match, decisions=tuple(map(passed, match.decisions))), PLAYERS, weights.codec, None) is None
    )


def test_the_loss_is_the_likelihood_by_a_plain_pass(taught: Episode, weights: Weights) -> None:
    """Of words by all tokens, of a choice by the legal ones; a turn counts once however long it is."""
    model = weights.model
    model.set_attn_implementation(PACKED)
    blank = [np.zeros(len(b.answer)) for b in taught.branches]
    batch = train_batch([taught], [Assigned(tuple(blank), tuple(blank))], [blank])
    assert batch is not None
    found = float(imitation_loss(score(model, batch), batch.answers).detach())
    model.set_attn_implementation("sdpa")
    costs: list[float] = []
    row = taught.rows[0]
    for n, branch in zip(taught.which, row.branches, strict=True):
        record = taught.decisions[n].tokens
        assert record is not None
        before = (*row.trunk[: branch.offset], *branch.prompt)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([(*before, *branch.answer)])).logits[0].double()
        cost = 0.0
        for k, token in enumerate(branch.answer):
            here = logits[len(before) - 1 + k]
            may = {o[k] for o in record.options if len(o) > k and o[:k] == branch.answer[:k]}
            every = here[sorted(may)] if record.options else here
            cost += float(every.logsumexp(-1) - here[token])
        costs.append(cost / len(branch.answer))
    assert found == pytest.approx(sum(costs) / len(costs), rel=1e-5)


def test_every_match_is_dealt_once_a_pass(taught: Episode) -> None:
    people = [replace(taught, match_id=str(n)) for n in range(7)]
    steps = dealt(people, 3, "0/0")
    assert sorted(e.match_id for step in steps for e in step) == [str(n) for n in range(7)]
    assert sorted(map(len, steps)) == [2, 2, 3]
    assert dealt((), 2, 0) == [[], []]


def learnt(checkpoint: Path, episodes: Sequence[Episode], people: Sequence[Episode], imitate: float) -> list[Any]:
    learner = Learner(load_weights(checkpoint).model, LearnPlan(imitate=imitate, lr=1e-3), people=people)
    figures = learner.update(episodes)
    assert (figures.imitation > 0) == (imitate > 0)
    return [figures, *(p.detach().clone() for p in learner.model.parameters())]


def test_weight_0_changes_nothing_and_weight_makes_their_turns_likelier(
    matches: dict[str, StoredMatch], taught: Episode, tiny_checkpoint: Path, weights: Weights
) -> None:
    terms = Terms(weights.codec.fingerprint, frozenset({weights.version}))
    episodes = harvest(matches.values(), terms).episodes
    without, *plain = learnt(tiny_checkpoint, episodes, (), 0.0)
    nothing, *same = learnt(tiny_checkpoint, episodes, (taught,), 0.0)
    assert nothing == without
    assert all(torch.equal(a, b) for a, b in zip(plain, same, strict=True))
    _, *moved = learnt(tiny_checkpoint, episodes, (taught,), 1.0)
    assert not all(torch.equal(a, b) for a, b in zip(plain, moved, strict=True))

    learner = Learner(load_weights(tiny_checkpoint).model, LearnPlan(imitate=1.0, lr=1e-3), people=[taught])
    costs = [learner.update(episodes).imitation for _ in range(4)]
    assert costs[-1] < costs[0]
    assert costs[0] < 2 * math.log(weights.model.config.vocab_size)


def test_the_command_teaches_them_and_says_so(
    matches: dict[str, StoredMatch],
    database_url: str,
    tiny_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = ["train", "--db", database_url, "--model", str(tiny_checkpoint), "--out", str(tmp_path), "--no-live"]
    for share, taught in (("0.5", True), ("0", False)):
        with pytest.raises(SystemExit) as ended:
            main([*told, "--run", f"r{share}", "--imitate", share, "--imitated", "Ann", "--imitated", "Bob", "--json"])
        assert ended.value.code in (0, None)
        (update,) = json.loads(capsys.readouterr().out)["updates"]
        assert (update["imitation"] > 0) is taught


def test_a_log_without_their_consent_is_refused(
    engine: Engine, writer: LogWriter, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    asyncio.run(log_matches(writer, tiny_checkpoint, {"bob refuses": (True, False)}))
    plan = TrainPlan(model=str(tiny_checkpoint), learn=LearnPlan(imitate=1.0), imitated=PLAYERS)
    with pytest.raises(UserError, match="in which everybody agreed"):
        Trainer(engine, plan, tmp_path)
    with pytest.raises(UserError, match="--imitated NAME"):  # the game's question promised not to
        Trainer(engine, replace(plan, imitated=()), tmp_path)
    with pytest.raises(UserError, match="An export names nobody"):
        Trainer(engine, replace(plan, export=tmp_path / "x.jsonl"), tmp_path)
