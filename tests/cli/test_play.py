"""``arena play`` where no server answers: it offers to start one, and ends what it started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import typer

from arena.cli import play as command
from arena.errors import UserError
from tui.opening import OpeningLine


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The default address, moved to a free port; the database and the log go to a folder of the test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    url = f"ws://127.0.0.1:{port}"
    monkeypatch.setattr(command, "DEFAULT_URL", url)
    monkeypatch.setattr(command, "SERVE", (*command.SERVE, "--model", "none", "--rooms", "0", "--port", str(port)))
    return url


def test_a_server_is_started_and_ended(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: True)
    with command._server_at(url, OpeningLine(), may_ask=True):
        assert command.answers(url)
    assert not command.answers(url)


def test_no_means_no(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    with pytest.raises(typer.Exit) as left, command._server_at(url, OpeningLine(), may_ask=True):
        pass
    assert left.value.exit_code == 2


def test_a_server_that_cannot_start_says_why(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: True)
    monkeypatch.setattr(command, "SERVE", (*command.SERVE, "--game", "no-such-game"))
    with pytest.raises(UserError, match="no-such-game"), command._server_at(url, OpeningLine(), may_ask=True):
        pass


def test_nothing_is_started_where_nobody_can_be_asked(url: str) -> None:
    with command._server_at(url, OpeningLine(), may_ask=False):
        assert not command.answers(url)
