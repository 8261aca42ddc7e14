"""The whole circle with its real parts: serve, self-play, train, reload, evaluate, rank."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from sqlalchemy import Engine

from arena.db.repo import MatchQuery, iter_matches, load_match
from arena.games.core import fold, visible
from arena.games.registry import game_by_name

ARENA = [sys.executable, "-m", "arena.cli.main"]


def arena(*arguments: str, home: Path) -> Any:
    """A command's JSON; nothing else may stand on its standard output."""
    done = subprocess.run(
        [*ARENA, *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def serving(*arguments: str, home: Path) -> Iterator[str]:
    """A real server on a free port; gives its address."""
    server = subprocess.Popen(
        [*ARENA, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "HOME": str(home), "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if line.startswith("Serving on ws://"):
                yield line.split()[2].replace("ws://", "http://")
                break
        else:
            raise AssertionError("the server stopped before it served")
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)


def health(address: str) -> dict[str, Any]:
    with urlopen(f"{address}/healthz", timeout=10) as answer:
        return json.load(answer)


def wait_for(address: str, ready: Callable[[dict[str, Any]], bool], seconds: float = 120) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while not ready(seen := health(address)):
        assert time.monotonic() < until, seen
        time.sleep(0.3)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_serve_play_train_reload_rank(tiny_checkpoint: Path, engine: Engine, tmp_path: Path) -> None:
    db = str(engine.url)
    model = str(tiny_checkpoint)
    with serving("--model", model, "--rooms", "4", "--db", db, home=tmp_path) as address:
        wait_for(address, lambda h: h["rooms"] == 4)
        first = wait_for(address, lambda h: h["games_finished"] >= 2)
        assert set(first) >= {"status", "live_checkpoint", "rooms", "games_finished", "decisions"}
        assert first["rooms"] <= 4  # fewer, now and then: the pace of self-play leaves a pause between two matches

        played = arena("selfplay", "--games", "8", "--model", model, "--db", db, home=tmp_path)
        assert played["games"] == 8 == sum(played["wins"].values())
        few = ("--games", "8", "--passes", "1", "--trial", "0")
        trained = arena("train", "--model", model, *few, "--db", db, "--out", str(tmp_path / "runs"), home=tmp_path)
        assert trained["parent"] == first["live_checkpoint"]

        swapped = wait_for(address, lambda h: h["live_checkpoint"] == trained["checkpoint"], seconds=30)
        wait_for(address, lambda h: h["games_finished"] >= swapped["games_finished"] + 2)

    new = trained["checkpoint"]
    served = list(iter_matches(engine, MatchQuery(purposes=("selfplay",), status="over")))
    decisions = [d for m in served for d in m.decisions]
    assert {d.mind for d in decisions} == {f"checkpoint:{first['live_checkpoint']}", f"checkpoint:{new}"}
    failed = [d for d in decisions if d.fallback is not None and not d.fallback.startswith("talk/")]
    assert not failed, "a reload loses no decision"
    for match in served:
        assert match.outcome is not None
        turns = [(d.seat, d.turn_id) for d in match.decisions]
        assert len(turns) == len(set(turns)), "and doubles none"

    result = arena("evaluate", new, model, "--games", "3", "--db", db, home=tmp_path)
    assert result["games"] in (3, 6)
    for side in ("a_village_vs_b_wolves", "b_village_vs_a_wolves"):
        assert set(result[side]) >= {"wins", "games", "rate", "low", "high"}
    assert len(arena("leaderboard", "--db", db, home=tmp_path)) == 2
    listed = {c["id"]: c for c in arena("checkpoints", "--db", db, home=tmp_path)}
    assert listed[new]["live"] is True
    assert listed[new]["parent"] == first["live_checkpoint"]

    every_match_folds_and_replays(engine, home=tmp_path)


def every_match_folds_and_replays(engine: Engine, home: Path) -> None:
    over = list(iter_matches(engine, MatchQuery(status="over")))
    for match in over:
        game = game_by_name(match.summary.game)
        assert game.outcome(fold(game, match.events)) == match.outcome
    match = load_match(engine, over[0].id)
    game = game_by_name(match.summary.game)
    state = fold(game, match.events)
    names = game.seat_names(state)
    shown = subprocess.run(
        [*ARENA, "replay", match.id, "--seat", "0", "--db", str(engine.url)],
        capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": str(home)},
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    hidden = [line for e in match.events if 0 not in e.audience and (line := game.line(names, e))]
    seen = [line for e in visible(match.events, 0) if (line := game.line(names, e))]
    assert all(line in shown.stdout for line in seen)
    assert not [line for line in hidden if line in shown.stdout and line not in seen]
