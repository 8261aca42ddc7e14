"""How runs go: read from what a real training wrote, and from what a hostile or broken one might have."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

import training.selfplay
from agents.ladder import Ladders
from agents.runner import no_log
from arena.cli.main import build
from arena.errors import UnknownName
from arena.protocol.server_messages import RunsListed
from training import diary
from training.alarms import Bounds, Watch
from training.curves import CURVES_FILE, Point, append
from training.diary import DIARY_FILE, Alarmed, Begun, Ended, Tried, write
from training.plan import LearnPlan
from training.runs import MOST_POINTS, MOST_RUNS, Runs
from training.selfplay import SelfPlayPlan, train_by_selfplay
from training.train import TrainPlan
from training.trial import TrialPlan

NOW = 1_000_000.0


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Only the registry is read."""
    return f"sqlite:///{tmp_path / 'arena.db'}"


def some(update: int, at: float | None = None, **figures: Any) -> Point:
    wins = {"village": 0.25, "werewolves": 0.75}
    return Point(update, 192 * update, NOW - 600 + 60 * update if at is None else at, wins, figures, {"village": -0.5})


def told(engine: Engine, folder: Path, run: str | None = None, now: float = NOW) -> RunsListed:
    return Runs(engine, [folder], Ladders(engine), lambda: now)(run)


def test_a_real_run_is_told_of(
    engine: Engine, tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two updates, each with an alarm; the checkpoint of the last one is tried and stays back."""
    monkeypatch.setattr(training.selfplay, "Watch", lambda learner: Watch(learner, Bounds(lopsided=-2.0)))
    plan = TrainPlan(
        model=str(tiny_checkpoint), learn=LearnPlan(minibatch=3, passes=1), trial=TrialPlan(deals=2), run="try"
    )
    selfplay = SelfPlayPlan(2, games=3, at_once=3)
    trained = asyncio.run(train_by_selfplay(engine, plan, selfplay, tmp_path, no_log, lambda *_: None, lambda *_: None))
    entries = diary.read(tmp_path / "try")
    assert [type(e) for e in entries] == [Begun, Alarmed, Alarmed, Tried, Ended]
    assert [e.done for e in entries if isinstance(e, Alarmed)] == ["", diary.TAKEN_BACK]
    assert len(trained.alarms) >= 2
    listed = Runs(engine, [tmp_path], Ladders(engine))(None)
    (info,) = listed.runs
    assert (info.run, info.game, info.state, info.why) == ("try", "werewolf", "ended", diary.ALL_MADE)
    assert (info.updates, info.planned, info.trained) == (2, 2, trained.manifest.games)
    shown = listed.shown
    assert shown is not None
    assert shown.updates == [1, 2]
    assert shown.series["talk_tokens"] == [f.to_json()["talk_tokens"] for f in trained.figures]
    assert {"wins/village", "returns/village", "returns/werewolves", "clipped"} <= set(shown.series)
    (made,) = shown.checkpoints
    assert made.checkpoint == trained.manifest.id
    assert made.trial is not None
    assert (made.trial.went_live, made.trial.deals, made.trial.verdict) == (False, 2, "not decided")
    assert str(tmp_path) not in listed.model_dump_json()


def test_alarms_are_told_with_what_was_done(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "a", Begun(NOW - 600, "werewolf", 0, 20))
    for n in range(1, 6):
        append(tmp_path / "a", some(n))
    write(tmp_path / "a", Alarmed(NOW - 400, 3, ["garbled 0.5 (over 0.14)"], ""))
    write(tmp_path / "a", Alarmed(NOW - 350, 4, ["garbled 0.5 (over 0.14)", "explained -1"], diary.TAKEN_BACK))
    listed = told(engine, tmp_path)
    assert listed.shown is not None
    assert [(a.update, a.text, a.done, a.age_s) for a in listed.shown.alarms] == [
        (4, "garbled 0.5 (over 0.14); explained -1", diary.TAKEN_BACK, 350.0),
        (3, "garbled 0.5 (over 0.14)", "", 400.0),
    ]
    (info,) = listed.runs
    assert (info.state, info.updates, info.planned, info.alarms) == ("running", 5, 20, 2)
    assert info.left_s == pytest.approx(15 * 60)


@pytest.mark.parametrize(("age_s", "state"), [(30.0, "running"), (800.0, "running"), (1_000.0, "silent")])
def test_a_run_that_says_nothing_for_long_is_silent(engine: Engine, tmp_path: Path, age_s: float, state: str) -> None:
    write(tmp_path / "a", Begun(NOW - 700, "werewolf", 0, 20, seconds=600.0))
    append(tmp_path / "a", some(1, NOW - 650))
    (info,) = told(engine, tmp_path, now=NOW - 650 + age_s).runs
    assert info.state == state
    assert (info.left_s is None) == (state == "silent")


def test_a_run_that_goes_on_counts_from_its_new_start(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "a", Begun(1.0, "werewolf", 0, 3))
    for n in range(1, 4):
        append(tmp_path / "a", some(n, 10.0 * n))
    write(tmp_path / "a", Ended(40.0, diary.ALL_MADE))
    assert told(engine, tmp_path, now=50.0).runs[0].state == "ended"
    write(tmp_path / "a", Begun(50.0, "werewolf", 3, 10))
    append(tmp_path / "a", some(4, 70.0))
    (info,) = told(engine, tmp_path, now=71.0).runs
    assert (info.state, info.updates, info.planned, info.left_s) == ("running", 1, 10, 180.0)


def test_a_run_from_before_there_were_diaries(engine: Engine, tmp_path: Path) -> None:
    old = {"update": 1, "games": 192, "at": NOW - 5, "wins": {"village": 0.5}, "kl_reference": 0.1}
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / CURVES_FILE).write_text(json.dumps(old) + "\n")
    (info,) = told(engine, tmp_path).runs
    assert (info.game, info.planned, info.updates, info.left_s) == ("", None, 1, None)


def test_only_the_newest_runs_and_points_are_told_of(engine: Engine, tmp_path: Path) -> None:
    import os

    for n in range(MOST_RUNS + 5):
        append(tmp_path / f"r{n}", some(1))
        os.utime(tmp_path / f"r{n}" / CURVES_FILE, (n, n))
    for n in range(1, 3 * MOST_POINTS):
        append(tmp_path / "long", some(n, float(n), kl_reference=n / 1000))
    listed = told(engine, tmp_path)
    assert [r.run for r in listed.runs[:3]] == ["long", f"r{MOST_RUNS + 4}", f"r{MOST_RUNS + 3}"]
    assert len(listed.runs) == MOST_RUNS
    assert listed.shown is not None
    assert len(listed.shown.updates) <= MOST_POINTS
    assert listed.shown.updates[-1] == 3 * MOST_POINTS - 1
    assert told(engine, tmp_path, "r9").shown.run == "r9"  # type: ignore[union-attr]
    assert told(engine, tmp_path, "r0").shown.run == "long"  # type: ignore[union-attr]
    assert len(listed.model_dump_json()) < 64 * 1024


HOSTILE_LINES = (
    b"\xff\xfe\n",
    b"[1]\n",
    b"null\n",
    b'{"what": "begun"}\n',
    b'{"what": ["begun"]}\n',
    b'{"what": "begun", "at": "soon", "game": 1, "updates": -1, "planned": 1e400}\n',
    b'{"what": "ended", "at": NaN, "why": "x"}\n',
    b'{"what": "tried", "at": 1, "checkpoint": "a", "champion": "b", "verdict": "", "went_live": 1, "deals": 1e99}\n',
    b'{"update": "1", "games": 1, "at": 1, "wins": {}}\n',
    b'{"update": 1, "games": 1, "at": Infinity, "wins": {}}\n',
    b'{"update": ' + b"9" * 400 + b', "games": 1, "at": 1, "wins": {}}\n',
    b'{"update": 1, "games": 1, "at": 1, "wins": [1]}\n',
)


def test_files_of_others_are_read_with_care(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "run\x1b[2J[bold]\u202e"
    folder.mkdir()
    for name in (CURVES_FILE, DIARY_FILE):
        (folder / name).write_bytes(b"".join(HOSTILE_LINES))
    append(folder, some(2, kl_reference=float("nan"), clipped="much", loss=10**400))
    write(folder, Alarmed(NOW, 2, ["\x1b[31m[blink]" + "x" * 5000], "\u202e"))
    wins = {f"s\x07{n}" * 50: 0.1 for n in range(40)}
    append(folder, Point(3, 1, 2.0, wins, {"kl_reference": 0.5}))
    listed = told(engine, tmp_path)
    text = listed.model_dump_json()
    assert RunsListed.model_validate_json(text) == listed
    assert not {"\x1b", "\u202e", "\x07"} & set(json.loads(text)["runs"][0]["run"] + listed.shown.alarms[0].text)  # type: ignore[union-attr]
    assert listed.shown is not None
    assert listed.shown.updates == [2, 3]
    assert listed.shown.series["kl_reference"] == [None, 0.5]
    assert "clipped" not in listed.shown.series
    assert sum(name.startswith("wins/") for name in listed.shown.series) == 8
    assert max(map(len, listed.shown.series)) <= 40
    assert len(listed.shown.alarms[0].text) <= 300


def test_what_is_no_folder_of_runs_is_empty(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a-file").write_text("x")
    (tmp_path / "here" / "a-folder" / CURVES_FILE).mkdir(parents=True)
    for folder in (tmp_path / "nowhere", tmp_path / "here"):
        listed = told(engine, folder)
        assert (listed.runs, listed.shown) == ([], None)


def test_the_command_tells_the_same(engine: Engine, tmp_path: Path, database_url: str) -> None:
    write(tmp_path / "a", Begun(NOW, "werewolf", 0, 20))
    append(tmp_path / "a", some(1, NOW + 1, kl_reference=0.25))
    write(tmp_path / "a", Tried(NOW + 2, "abc", "checkpoint:def", "worse", False, 12, 0.25))
    write(tmp_path / "a", Alarmed(NOW + 2, 1, ["explained -1"], diary.STOPPED))

    def invoke(*arguments: str) -> Any:
        where = ("--out", str(tmp_path), "--db", database_url)
        return CliRunner().invoke(build("train"), ["train", "status", *arguments, *where])

    result = invoke("--json")
    assert result.exit_code == 0, result.output
    here = RunsListed.model_validate_json(result.stdout).shown
    there = told(engine, tmp_path).shown
    assert here is not None
    assert there is not None
    assert (here.series, here.checkpoints) == (there.series, there.checkpoints)
    text = invoke("a").output
    assert "1 of 20 updates" in text
    assert "alarm at update 1: explained -1 – stopped" in text
    assert "trial of abc: worse, 25% against checkpoint:def over 12 deals, did not go live" in text
    assert isinstance(invoke("b").exception, UnknownName)


def test_a_look_at_runs_loads_no_torch() -> None:
    code = "import training.runs, arena.cli.train, sys; print([m for m in ('torch', 'textual') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
