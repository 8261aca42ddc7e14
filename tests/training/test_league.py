"""Opponents that do not learn: who is drawn, what is trained, and that a run goes on with what it knew."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from agents.checkpoints import read_checkpoint
from agents.runner import Played, no_log
from arena.db.engine import open_database
from arena.decision import MindKind
from arena.errors import UnknownName
from arena.games.chance import Chance
from arena.games.core import fold
from arena.games.registry import game_by_name
from training import curves
from training.league import LEARNER, League, LeaguePlan, Record
from training.plan import LearnPlan
from training.selfplay import SelfPlayPlan, train_by_selfplay
from training.train import STATE, Trained, TrainPlan

GAME = game_by_name("werewolf")
OTHERS = ["checkpoint:old", "scripted:careful"]


def league(share: float = 1.0, game: str = "werewolf") -> League:
    played = game_by_name(game)
    return League(LeaguePlan(share), played, played.options({}), "shipped")


def test_one_whole_side_is_the_opponents_and_the_deal_stays() -> None:
    of = league()
    for n in range(40):
        lineup = of.lineup(f"run/0/{n}", OTHERS)
        assert lineup == of.lineup(f"run/0/{n}", OTHERS), "a deal that is played again is played by the same"
        sides = GAME.sides(fold(GAME, GAME.opening(of.options, Chance(f"run/0/{n}"))))
        side, _, opponent = lineup.label.partition(" against ")
        assert lineup.fills == tuple(LEARNER if s == side else opponent for s in sides)


def test_as_many_matches_are_against_others_as_was_asked_for() -> None:
    of = league(0.3)
    labels = [of.lineup(f"run/0/{n}", OTHERS).label for n in range(1_000)]
    assert sum(map(bool, labels)) == pytest.approx(300, abs=45)
    assert not any(of.lineup(f"run/0/{n}", []).label for n in range(20)), "nobody else is there"
    assert set(league(0.0).lineup("run/0/0", OTHERS).fills) == {LEARNER}


def test_what_is_settled_is_seldom_played() -> None:
    """Open at .5, nearly settled at .95: 3.6 to 1 by p (1 - p) with one point each beforehand."""
    of = league()
    for name, points in (("village", 50.0), ("werewolves", 95.0)):
        of.records[f"{name} against {OTHERS[0]}"] = Record(100.0, points)
    drawn = Counter(of.lineup(f"run/0/{n}", OTHERS[:1]).label for n in range(2_000))
    ratio = drawn[f"village against {OTHERS[0]}"] / drawn[f"werewolves against {OTHERS[0]}"]
    p = [(50 + 1) / 102, (95 + 1) / 102]
    assert ratio == pytest.approx(p[0] * (1 - p[0]) / (p[1] * (1 - p[1])), rel=0.2)


def test_where_each_has_a_goal_of_its_own_every_other_seat_is_the_opponents() -> None:
    of = league(game="scenario")
    fills = {of.lineup(f"run/0/{n}", ["random"]).fills for n in range(20)}
    assert fills == {(LEARNER, "random"), ("random", LEARNER)}


class Run:
    """Two iterations on a tiny model, half of the matches against others."""

    def __init__(self, folder: Path, model: Path, *opponents: str) -> None:
        self.database = open_database(f"sqlite:///{folder / 'arena.db'}")
        self.folder, self.model, self.opponents = folder, str(model), opponents
        self.played: list[Played] = []
        self.met: list[dict[str, float]] = []

    def go(self, iterations: int = 2, model: str | None = None) -> Trained:
        def updated(iteration: int, figures: object, played: Sequence[Played], met: Mapping[str, float]) -> None:
            self.played += played
            self.met.append(dict(met))

        plan = TrainPlan(model=model or self.model, learn=LearnPlan(minibatch=6, passes=1), live=False)
        selfplay = SelfPlayPlan(
            iterations, games=12, at_once=12, keep_every=1, alarms=False, league=LeaguePlan(0.5, self.opponents)
        )
        return asyncio.run(
            train_by_selfplay(self.database, plan, selfplay, self.folder, no_log, lambda *_: None, updated)
        )


def test_the_model_of_the_beginning_scripts_and_checkpoints_play_and_only_the_learner_is_trained(
    tmp_path: Path, tiny_checkpoint: Path
) -> None:
    run = Run(tmp_path, tiny_checkpoint, "scripted:careful")
    trained = run.go(3)
    first = read_checkpoint(tiny_checkpoint).id
    against = {m.lineup.label.partition(" against ")[2] for m in run.played if m.lineup.label}
    assert {f"checkpoint:{first}", "scripted:careful"} < against, "and a checkpoint of the run"
    assert trained.masked[f"played by {MindKind.SCRIPT}"] > 0
    assert trained.masked["stale"] > 0
    for match in run.played:
        for decision in match.decisions:
            fill = match.lineup.fills[decision.seat]
            assert fill == LEARNER or decision.mind in (fill, fill.removeprefix("checkpoint:"))
    assert all(0 <= share <= 1 for met in run.met for share in met.values())
    points = curves.read(tmp_path / "main")
    assert points[-1].met == pytest.approx(run.met[-1])
    assert any(name.startswith("met/") for name in points[-1].flat())


def test_a_run_goes_on_with_what_it_knew(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = Run(tmp_path, tiny_checkpoint)
    trained = run.go(1)
    kept = League(LeaguePlan(0.5), GAME, GAME.options({}), "elsewhere")
    kept.load(tmp_path / "main" / STATE, trained.manifest.id)
    assert kept.shares() == run.met[-1] != {}
    other = League(LeaguePlan(0.5), GAME, GAME.options({}), "elsewhere")
    other.load(tmp_path / "main" / STATE, "another")
    assert other.records == {}
    assert kept.names(run.database, "main") == [str(tiny_checkpoint), trained.manifest.id]
    run.go(1, str(trained.path))
    assert {m.lineup.label.partition(":")[2] for m in run.played[12:] if m.lineup.label} == {
        read_checkpoint(tiny_checkpoint).id,
        trained.manifest.id,
    }


def test_an_opponent_that_is_not_there_is_told_before_anything_is_played(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = Run(tmp_path, tiny_checkpoint, "nobody")
    with pytest.raises(UnknownName, match="nobody"):
        run.go()
    assert not run.played
