"""What the screens choose in dialogs, said on the command line, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.e2e.terminal import ARENA, ROOT, Server


@pytest.fixture
def played(server: Server, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A game that was opened with fillings and terms, and waits for a second person."""
    asked = ("--people", "2", "--others", "scripted:careful", "--term", "show_all_after_s=60", "--term", "dead_talk")
    game = start(server, tmp_path, *asked, "--option", "seats=5")
    try:
        yield game
    finally:
        game.kill()
        game.wait()


def start(server: Server, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [*ARENA, "play", "--url", server.url, "--plain", "--no-train", *arguments]
    env = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env)


def test_a_room_with_fillings_and_terms_and_the_list_that_shows_it(
    server: Server, played: subprocess.Popen[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert played.stdout is not None
    code = played.stdout.readline().split()[-1]
    assert run("rooms", "--server", server.url, "--json") == 0
    (room,) = json.loads(capfd.readouterr().out)
    assert (room["code"], room["dead_talk"], room["show_all_after_s"]) == (code, True, 60.0)
    assert sorted(seat["mind"] for seat in room["seats"]) == ["open", "person", *["script"] * 3]
    told, _ = played.communicate("/connection\n/begin\n/seats\n/leave\n", timeout=60)
    assert "create_room" in told
    assert played.returncode == 0


def test_the_game_that_teaches_and_another_one(server: Server, tmp_path: Path) -> None:
    game = start(server, tmp_path, "--learn")
    told, wrong = game.communicate("/again\n/rate 4\n", timeout=120)
    assert game.returncode == 0, wrong
    assert "\nHint: " in told
    assert told.count("arena replay ") == 2
    assert "You gave it 4 of 5." in told
    assert told.count("To rate it later: arena rate ") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--people", "9"), "--people is 9, and there are 7 seats."),
        (("--people", "2", "--game", "scenario", "--option", "scenario=none-such"), "Leave out --people and --others"),
        (("--term", "moon"), "There is no term 'moon'. There is: blind, dead_talk"),
        (("--term", "night_s=long"), "--term night_s: "),
        (("--term", "private", "--term", "private=false"), "--term private is given twice."),
        (("--learn", "--game", "kuhn"), "No game teaches kuhn. There is one for: werewolf, scenario."),
        (("--learn", "--resume"), "--learn opens a game of its own"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_are_said_before_a_server_is_asked(
    arguments: tuple[str, ...], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("play", "--plain", "--url", "ws://127.0.0.1:1", *arguments) == 2
    told = capfd.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1


def test_what_the_server_does_not_take_is_its_own_word(server: Server, tmp_path: Path) -> None:
    game = start(server, tmp_path, "--others", "scripted:nobody")
    _, wrong = game.communicate("", timeout=60)
    assert game.returncode == 2
    assert "There is no script 'nobody'" in wrong
