"""Options that only the server can judge: the client asks, and says in clear words what it hears."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.terminal import ARENA, ROOT, Server
from tests.games.scenario.test_files import GOOD


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with a scenario of its own."""
    folder = tmp_path / "server" / "social-arena" / "scenarios"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text(GOOD)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "server"))
    server = Server(tmp_path)
    try:
        yield server
    finally:
        server.stop()


def play(server: Server, folder: Path, option: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """``arena play --plain`` by somebody who has other scenarios, or none."""
    command = [*ARENA, "play", "--url", server.url, "--plain", "--no-train", "--game", "scenario", "--option", option]
    env = {**os.environ, "XDG_DATA_HOME": str(folder / "mine"), "XDG_STATE_HOME": str(folder / "state")}
    return subprocess.run(command, cwd=ROOT, input=typed, capture_output=True, text=True, timeout=120, env=env)


def test_a_scenario_that_only_the_server_knows_is_played(server: Server, tmp_path: Path) -> None:
    done = play(server, tmp_path, "scenario=last-slice", "/leave\n")
    assert done.returncode == 0, done.stderr
    assert "There is no scenario" not in done.stdout + done.stderr


def test_one_that_it_does_not_know_either_is_refused_by_it(server: Server, tmp_path: Path) -> None:
    done = play(server, tmp_path, "scenario=last-slices")
    assert done.returncode == 2
    assert "There is no scenario 'last-slices'. Near it: last-slice" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_option_that_the_rules_do_not_have_is_refused_too(server: Server, tmp_path: Path) -> None:
    done = play(server, tmp_path, "seets=4")
    assert done.returncode == 2
    assert "has no option 'seets'" in done.stderr
