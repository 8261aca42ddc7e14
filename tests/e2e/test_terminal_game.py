"""A whole game through a real terminal against a real server, by typed keys, and then in the log."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pyte
import pytest

from arena.client.client import connect

ROOT = Path(__file__).resolve().parents[2]
ARENA = [sys.executable, "-m", "arena.cli.main"]
COLUMNS, ROWS = 100, 30
GAME_S = 150.0


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'arena.db'}"


@pytest.fixture
def url(tmp_path: Path, database: str) -> Iterator[str]:
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*ARENA, "serve", "--model", "none", "--port", "0", "--rooms", "0", "--db", database],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _address(server, log)
    finally:
        server.terminate()
        server.wait(20)


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(300):
        if found := re.search(r"ws://127\.0\.0\.1:\d+", log.read_text()):
            return found[0]
        assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"no server within 30 s: {log.read_text()}")


class Terminal:
    """A pseudo-terminal with the game in it, and the screen that a person would see."""

    def __init__(self, *arguments: str) -> None:
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            ARENA[0], [*ARENA[1:], *arguments], cwd=str(ROOT), env=env, dimensions=(ROWS, COLUMNS), timeout=5
        )
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)

    def look(self, for_s: float = 0.2) -> str:
        """What stands on the screen after a little while."""
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            try:
                self.stream.feed(self.child.read_nonblocking(65536, timeout=0.05))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
        return "\n".join(self.screen.display)

    def wait_for(self, text: str, for_s: float = 30.0) -> str:
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            if text in (page := self.look()):
                return page
        raise AssertionError(f"{text!r} never came:\n{self.look()}")


async def test_a_whole_game_by_typed_keys(url: str, database: str) -> None:
    options = {"talk_budget_s": 20, "choice_budget_s": 20, "max_days": 4, "first_night_kill": False}
    async with connect(url, "host") as host:
        room = (await host.create(options=options)).room  # it waits as long as its maker is there
        await asyncio.to_thread(play_by_keys, url, room)
    (match,) = await asyncio.to_thread(listed, database)
    assert match["status"] == "over"
    assert any("person" in mind for mind in match["minds"])
    assert match["winner"] in ("village", "werewolves")


def listed(database: str) -> list[dict[str, Any]]:
    """What ``arena matches`` says."""
    command = [*ARENA, "matches", "--json", "--db", database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def play_by_keys(url: str, room: str) -> None:
    terminal = Terminal("play", "--url", url, "--name", "Robin", "--room", room)
    try:
        page = terminal.wait_for("You are ")
        until = time.monotonic() + GAME_S
        acted: set[str] = set()
        while "Play again" not in page and time.monotonic() < until:
            if "Your turn" in page and "number, click" in page:
                terminal.child.send("1")
                acted.add("choice")
            elif "Your turn" in page and "Tab: to the choices" in page:
                terminal.child.send("\t")  # words typed late are still in the draft, which keeps the focus
            elif "Your turn" in page and "Enter: say it" in page:
                terminal.child.send("I doubt the quiet ones.\r")
                acted.add("talk")
            page = terminal.look(0.4)
        assert "Play again" in page, page
        assert "werewolf" in page
        assert acted == {"choice", "talk"}
        terminal.child.send("\x11")  # Ctrl+Q
        terminal.child.expect(pexpect.EOF, timeout=20)
        terminal.child.close()
        assert terminal.child.exitstatus == 0
    finally:
        terminal.child.close(force=True)


def test_a_terminal_too_small_is_told_so() -> None:
    child: pexpect.spawn[bytes] = pexpect.spawn(
        ARENA[0], [*ARENA[1:], "play"], cwd=str(ROOT), dimensions=(10, 50), timeout=30
    )
    child.expect("the game needs 60 and 16")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2


def test_no_terminal_is_told_so() -> None:
    done = subprocess.run(
        [*ARENA, "play"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "arena play --plain" in done.stderr
