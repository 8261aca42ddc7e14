"""A checkpoint is tried before it goes live: the sequential test's error rates, real matches, and what follows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from agents.players import Player
from agents.runner import no_log
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import script_by_name
from arena.db.checkpoints import live_checkpoint
from arena.db.engine import open_database
from arena.games.registry import game_by_name
from training.plan import LearnPlan
from training.selfplay import SelfPlayPlan, train_by_selfplay
from training.train import Trained, TrainPlan
from training.trial import Sequential, Trial, TrialPlan, Verdict, promote_if_no_worse, trial

GAME = game_by_name("werewolf")


def decided(first: float, second: float, plan: TrialPlan, seed: int) -> Verdict:
    """The verdict over games that the candidate wins with these chances, by the side that it plays."""
    random, test = np.random.default_rng(seed), Sequential(plan)
    while test.verdict is Verdict.OPEN and test.deals < plan.deals:
        test.add((float(random.random() < first) + float(random.random() < second)) / 2)
    return test.verdict


@pytest.mark.parametrize(
    ("first", "second", "right"),
    [
        (0.5, 0.5, Verdict.NO_WORSE),
        (0.25, 0.75, Verdict.NO_WORSE),
        (0.6, 0.6, Verdict.NO_WORSE),
        (0.4285, 0.4285, Verdict.WORSE),
        (0.18, 0.677, Verdict.WORSE),
        (0.1, 0.1, Verdict.WORSE),
    ],
)
def test_it_errs_no_more_often_than_it_says(first: float, second: float, right: Verdict) -> None:
    """Level, level on sides of unlike strength, better, worse by the margin of 50 Elo twice, and much worse."""
    plan = TrialPlan(deals=5_000)
    verdicts = [decided(first, second, plan, seed) for seed in range(200)]
    assert Verdict.OPEN not in verdicts
    wrong = sum(v is not right for v in verdicts)
    assert wrong <= 0.05 * 200 + 3 * (0.05 * 0.95 * 200) ** 0.5, "three standard deviations over the error"


def test_one_lucky_streak_is_no_verdict() -> None:
    test = Sequential(TrialPlan())
    for _ in range(9):
        test.add(1.0)
    assert test.verdict is Verdict.OPEN
    test.add(1.0)
    assert test.verdict is Verdict.NO_WORSE


def scripted(name: str) -> Player:
    return Player(f"scripted:{name}", ScriptedMind(name, script_by_name(name, "werewolf"), seed=1))


async def test_real_matches_tell_a_good_player_from_a_bad_one() -> None:
    good, bad = scripted("careful"), scripted("random")
    seen: list[int] = []
    up = await trial(GAME, good, bad, TrialPlan(at_once=8), seed=1, on_deal=seen.append)
    down = await trial(GAME, bad, good, TrialPlan(at_once=8), seed=1)
    assert (up.verdict, down.verdict) == (Verdict.NO_WORSE, Verdict.WORSE)
    assert up.score > 0.6 > 0.4 > down.score
    assert seen == list(range(1, up.deals + 1))
    assert up.deals < 60


async def test_where_the_deals_run_out_nothing_is_decided() -> None:
    found = await trial(GAME, scripted("careful"), scripted("bold"), TrialPlan(deals=3), seed=1)
    assert found.verdict is Verdict.OPEN
    assert found.deals == 3
    assert "not decided" in str(found)


def run(folder: Path, model: Path, plan: TrialPlan | None) -> Trained:
    folder.mkdir()
    database = open_database(f"sqlite:///{folder / 'arena.db'}")
    wanted = TrainPlan(model=str(model), learn=LearnPlan(minibatch=3, passes=1), trial=plan)
    selfplay = SelfPlayPlan(1, games=3, at_once=3)
    trained = asyncio.run(
        train_by_selfplay(database, wanted, selfplay, folder, no_log, lambda *_: None, lambda *_: None)
    )
    live = live_checkpoint(database)
    assert (live is not None and live.id == trained.manifest.id) == trained.went_live
    return trained


def test_only_what_is_no_worse_goes_live(tmp_path: Path, tiny_checkpoint: Path) -> None:
    """Nothing is worse by 2,000 Elo; and two deals never decide."""
    passed = run(tmp_path / "a", tiny_checkpoint, TrialPlan(margin=2_000, deals=12))
    assert [t.verdict for t in passed.trials] == [Verdict.NO_WORSE]
    assert isinstance(passed.trials[0], Trial)
    kept = run(tmp_path / "b", tiny_checkpoint, TrialPlan(deals=2))
    assert [t.verdict for t in kept.trials] == [Verdict.OPEN]
    assert not kept.went_live
    assert not run(tmp_path / "c", tiny_checkpoint, None).trials


async def test_a_live_model_of_other_games_stays(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'arena.db'}")
    found = await promote_if_no_worse(database, game_by_name("kuhn"), "shipped", TrialPlan(deals=2), seed=1)
    assert found.verdict is Verdict.NO_RIVAL
    assert live_checkpoint(database) is None


async def test_where_every_seat_is_scored_it_is_tried_by_what_it_is_paid() -> None:
    """By coins, who keeps them among those who give gets more than they do."""
    game = game_by_name("scenario")

    def player(name: str) -> Player:
        return Player(name, ScriptedMind(name, script_by_name(name, game.name), 0))

    options = game.options({"family": "pot", "seats": 3, "pay": {"goal": 1}})
    found = await trial(game, player("greedy"), player("fair"), TrialPlan(deals=150), seed="scored", options=options)
    assert found.verdict is Verdict.NO_WORSE
    assert found.score > 0.6


async def test_what_it_gives_the_others_does_not_count_against_it() -> None:
    """By the overall score a fair negotiator is worth more in a seat than one who says anything, though it shares what
    it gains."""
    game = game_by_name("scenario")
    fair, random = (Player(n, ScriptedMind(n, script_by_name(n, game.name), 0)) for n in ("fair", "random"))
    options = game.options({"family": "training"})
    plan = TrialPlan(deals=150)
    better = await trial(game, fair, random, plan, seed="overall", options=options)
    worse = await trial(game, random, fair, plan, seed="overall", options=options)
    assert (better.verdict, worse.verdict) == (Verdict.NO_WORSE, Verdict.WORSE)
