"""A match played in a real terminal against a real server, and then gone through again: from its end, and from the
database by ``arena replay --screen``."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pexpect

from tests.e2e.terminal import ARENA, ROOT, Server, Terminal
from tests.e2e.test_terminal_game import play_to_the_end, seated

HOME, END, RIGHT, LEFT, PAGE_DOWN = "\x1b[H", "\x1b[F", "\x1b[C", "\x1b[D", "\x1b[6~"


def told(server: Server, *arguments: str) -> Any:
    """What a command says as JSON."""
    command = [*ARENA, *arguments, "--json", "--db", server.database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def words_of(page: str) -> str:
    """Without borders and line breaks."""
    return " ".join("".join(c if c.isalnum() or c in ".,:!?'" else " " for c in page).split())


def test_from_the_end_of_a_match_and_from_the_database(server: Server) -> None:
    terminal = seated(server)
    try:
        play_to_the_end(terminal)
        terminal.child.send("r")
        terminal.wait_for("Turn 1 of ")
        go_through(terminal)
        terminal.child.send("\x1b")
        terminal.wait_for("Play again")
        terminal.child.send("\x11")
        terminal.child.expect(pexpect.EOF, timeout=30)
    finally:
        terminal.child.close(force=True)
    (match,) = told(server, "matches")
    on_screen(server, match["match"])


def go_through(terminal: Terminal) -> None:
    """Every kind of step by its key."""
    terminal.child.send(RIGHT)
    terminal.wait_for("Turn 2 of ")
    terminal.child.send(LEFT)
    terminal.wait_for("Turn 1 of ")
    terminal.child.send(PAGE_DOWN)
    terminal.wait_for("Night 1")
    terminal.child.send("v")
    terminal.wait_for("Votes:")
    terminal.child.send(LEFT)
    terminal.wait_for("The log has no")  # probabilities; the line may be cut here
    terminal.child.send("s")
    terminal.wait_for("This recording has no beliefs")
    terminal.child.send("s")
    terminal.child.send("2")
    terminal.wait_for("through ")
    terminal.child.send("0")
    terminal.wait_for("seeing everything")
    terminal.child.send(END)
    terminal.wait_for("Over")


def step_until(terminal: Terminal, words: str) -> None:
    """Forward, turn by turn: what comes before the first word of a day depends on the match."""
    for _ in range(12):
        terminal.child.send(RIGHT)
        until = time.monotonic() + 3.0
        while time.monotonic() < until:
            if words in words_of(terminal.look()):
                return
    raise AssertionError(f"{words!r} never came:\n{terminal.look()}")


def on_screen(server: Server, match: str) -> None:
    """From the database; what a seat's eyes see there is what ``arena replay --seat`` tells."""
    terminal = Terminal("replay", match[:8], "--screen", "--db", server.database)
    try:
        terminal.wait_for("Turn 1 of ")
        go_through(terminal)
        seen = told(server, "replay", match, "--seat", "2")
        terminal.child.send(HOME + "3")
        page = words_of(terminal.wait_for("through "))
        card = next(e["line"] for e in seen["events"] if e["kind"] == "dealt")
        assert words_of(card).rstrip(".") in page
        said = [e for e in seen["events"] if e["kind"] == "said"]
        terminal.child.send(PAGE_DOWN * 2)
        terminal.wait_for("Day 1")
        step_until(terminal, words_of(said[0]["data"]["text"]))
        everything = told(server, "replay", match)["events"]
        hidden = [words_of(e["line"]) for e in everything if e["audience"] != "everyone" and 2 not in e["audience"]]
        page = words_of(terminal.look())
        assert any(hidden)
        assert not [line for line in hidden if line and line in page]
        terminal.child.send("\x1b")
        terminal.child.expect(pexpect.EOF, timeout=30)
        terminal.child.close()
        assert terminal.child.exitstatus == 0
    finally:
        terminal.child.close(force=True)


def test_no_terminal_is_told_so(server: Server) -> None:
    done = subprocess.run(
        [*ARENA, "replay", "x", "--screen", "--db", server.database],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "There is no match" in done.stderr
