"""What stands in the terminal from the start of ``arena play`` until the screens are there, and what is left of it."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from arena.cli.main import EXIT_USER_ERROR
from tests.e2e.terminal import Server, Terminal
from tui.opening import ERASE, WORDS, OpeningLine


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a server that takes connections and never says anything."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}"


def test_it_stands_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := Tty())
    monkeypatch.setenv("TERM", "xterm")
    with OpeningLine() as line:
        assert written.getvalue() == WORDS
        line.erase()
        line.erase()
    assert written.getvalue() == WORDS + ERASE


@pytest.mark.parametrize(
    ("out", "term", "wanted"), [(io.StringIO, "xterm", True), (Tty, "dumb", True), (Tty, "vt100", False)]
)
def test_nothing_where_it_could_not_be_erased(
    out: type[io.StringIO], term: str, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", written := out())
    monkeypatch.setenv("TERM", term)
    with OpeningLine(wanted=wanted):
        pass
    assert written.getvalue() == ""


def test_one_row_however_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := Tty())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "10")
    with OpeningLine():
        assert len(written.getvalue()) == 9


def left(*arguments: str, interrupt: bool = False) -> tuple[list[str], int]:
    """The rows that stand in the terminal after ``arena play``, and its exit status."""
    terminal = Terminal("play", *arguments)
    terminal.wait_until(lambda page: WORDS.encode() in terminal.written)
    if interrupt:
        terminal.look(1.5)
        terminal.child.send(b"\x03")
    while terminal.child.isalive():
        terminal.look()
    page = terminal.look()
    terminal.child.wait()
    return [row.rstrip() for row in page.splitlines() if row.strip()], terminal.child.exitstatus


def test_no_server() -> None:
    rows, status = left("--url", "ws://127.0.0.1:1")
    assert status == EXIT_USER_ERROR
    assert rows[0].startswith("arena: ")
    assert not any(WORDS in row for row in rows)


def test_wrong_arguments() -> None:
    rows, status = left("--such", "nonsense")
    assert status == 2
    assert "Usage" in rows[0]
    assert not any(WORDS in row for row in rows)


def test_interrupted(deaf: str) -> None:
    rows, status = left("--url", deaf, interrupt=True)
    assert status == 130
    assert rows == []


def test_the_screens_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    server = Server(tmp_path)
    terminal = Terminal("play", "--url", server.url, "--name", "Robin", "--no-train")
    try:
        for written in (WORDS, ERASE, "\x1b[?1049h"):  # the last one turns to the other page of the terminal
            terminal.child.expect_exact(written.encode(), timeout=60)
    finally:
        terminal.child.close(force=True)
        server.stop()
