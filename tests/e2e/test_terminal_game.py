"""A whole game through a real terminal against a real server, by typed keys, and then in the log."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pexpect
import pytest

from arena.client.client import connect
from tests.e2e.terminal import ARENA, ROOT, Server, Terminal

GAME_S = 150.0
OPTIONS = {"talk_budget_s": 60, "choice_budget_s": 60, "max_days": 4, "first_night_kill": False}
GAMES: dict[str, tuple[dict[str, Any], str, set[str]]] = {
    "werewolf": (OPTIONS, "werewolf", {"village", "werewolves"}),
    "scenario": ({"family": "bargain", "turns": 6}, "overall", {"everyone", "some", "nobody"}),
}
"""By game: its options, what stands on the last screen, and who may win."""


@pytest.mark.parametrize("game", GAMES)
def test_a_whole_game_by_typed_keys(server: Server, game: str) -> None:
    terminal = seated(server, game)
    try:
        play_by_keys(terminal, game)
    finally:
        terminal.child.close(force=True)
    assert_played(server, game)


def test_a_game_outlives_a_killed_server(server: Server) -> None:
    """Killed while I write: the table and the draft stay, and the same terminal plays the match to its end."""
    terminal = seated(server)
    try:
        kill_while_writing(server, terminal)
        play_by_keys(terminal)
    finally:
        terminal.child.close(force=True)
    assert_played(server)


def test_a_closed_terminal_finds_back_to_its_match(server: Server, tmp_path: Path) -> None:
    terminal = seated(server)
    terminal.child.close(force=True)
    (kept,) = (tmp_path / "state" / "social-arena").glob("seat-*.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    terminal = Terminal("play", "--url", server.url, "--name", "Robin")
    try:
        terminal.wait_for("Go back to your match?")
        terminal.child.send("y")
        terminal.wait_for("Only you see this")
        leave(terminal)
        assert not kept.exists(), "a seat that was given up is forgotten"
    finally:
        terminal.child.close(force=True)


def seated(server: Server, game: str = "werewolf") -> Terminal:
    """A terminal with a seat in a fresh match."""

    async def sit_down() -> Terminal:
        async with connect(server.url, "host") as host:
            made = await host.create(game, GAMES[game][0], private=True)  # it waits as long as its maker is there
            terminal = Terminal(
                "play", "--url", server.url, "--name", "Robin", "--no-train", "--room", made.code.lower()
            )
            await asyncio.to_thread(terminal.wait_for, "You are ")
            return terminal

    return asyncio.run(sit_down())


def play_by_keys(terminal: Terminal, game: str = "werewolf") -> None:
    """To the end and out."""
    acted = play_to_the_end(terminal)
    terminal.wait_for(GAMES[game][1])  # the foot of the last screen may be drawn before what it is about
    assert acted == {"choice", "talk"}
    leave(terminal, over=True)


def play_to_the_end(terminal: Terminal) -> set[str]:
    """By the keys that a person would press; what there was to do."""
    page = terminal.look()
    until = time.monotonic() + GAME_S
    acted: set[str] = set()
    while "Play again" not in page and time.monotonic() < until:
        if "Your turn" in page and "click or Enter" in page:
            terminal.child.send("1")
            acted.add("choice")
        elif "Your turn" in page and "Tab: to the choices" in page:
            terminal.child.send("\t")  # words typed late are still in the draft, which keeps the focus
        elif "Your turn" in page and "Enter: say it" in page:
            terminal.child.send("I doubt the quiet ones.\r")
            acted.add("talk")
        page = terminal.look(0.4)
    assert "Play again" in page, page
    return acted


def kill_while_writing(server: Server, terminal: Terminal) -> None:
    for _ in range(100):
        page = terminal.look(0.4)
        if "Your turn" in page and "click or Enter" in page:
            terminal.child.send("1")
        elif "Your turn" in page and "Enter: say it" in page:
            break
    terminal.child.send("Half a thought ")
    terminal.wait_for("Half a thought")
    server.kill()
    page = terminal.wait_for("Connection lost. Trying again")
    assert "Half a thought" in page
    assert "Only you see this" in page, "the table stays"
    terminal.child.send("is kept, ")
    server.start()
    terminal.wait_until(lambda page: "Connection lost" not in page and "Your turn" in page)
    assert "Half a thought is kept," in terminal.look()


def leave(terminal: Terminal, *, over: bool = False) -> None:
    terminal.child.send("\x11")  # Ctrl+Q
    if not over:
        terminal.wait_for("Your seat is given up for good")
        terminal.child.send("y")
    terminal.child.expect(pexpect.EOF, timeout=30)
    terminal.child.close()
    assert terminal.child.exitstatus == 0


def assert_played(server: Server, game: str = "werewolf") -> None:
    """``arena matches`` lists the one match, with its winner."""
    command = [*ARENA, "matches", "--json", "--db", server.database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    (match,) = json.loads(done.stdout)
    assert match["status"] == "over"
    assert any("person" in mind for mind in match["minds"])
    assert match["winner"] in GAMES[game][2]


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
