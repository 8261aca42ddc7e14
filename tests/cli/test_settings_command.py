"""``arena settings``: the settings screen in lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arena.paths import state_folder
from tests.cli.test_commands import run
from tui import keymap
from tui.memory import Memory
from tui.settings import FILE, Settings


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_they_are_shown_and_changed(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("settings") == 0
    assert "bell     on" in capfd.readouterr().out
    assert not (state_folder() / FILE).exists(), "looking changes nothing"
    changes = ("bell=off", "theme=terminal", "hints=always", "vi=true", "density=compact", "keys.end.again=f5")
    assert run("settings", *changes, "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert told == {
        "theme": "terminal", "density": "compact", "bell": False, "vi": True, "hints": "always",
        "keys": {"end.again": "f5"},
    }  # fmt: skip
    assert Memory("ws://anywhere").settings.keys == {"end.again": "f5"}
    assert run("settings") == 0
    assert "keys.end.again F5" in capfd.readouterr().out
    assert run("settings", "--keys") == 0
    assert "The end: Play again  yours" in capfd.readouterr().out
    assert run("settings", "keys.end.again=") == 0
    assert Memory("ws://anywhere").settings.keys == {}


def test_every_key_is_listed(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("settings", "--keys", "--json") == 0
    assert [row["id"] for row in json.loads(capfd.readouterr().out)] == [b.id for b in keymap.bound()]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("bell", "not of the form NAME=VALUE"),
        ("bell=loud", "bell is on or off, not 'loud'."),
        ("colour=red", "There is no setting 'colour'. There is: theme, "),
        ("keys.end.nothing=f5", "arena settings --keys"),
        ("keys.table.pass=x", "You could no longer write 'x'"),
        ("keys.end.again=r", "R already does: Replay (The end)."),
        ("keys.end.again=escape", "Escape always goes back."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_kept(change: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("settings", "vi=on", change) == 2
    told = capfd.readouterr()
    assert said.lower() in told.err.lower()
    assert told.out == ""
    assert Memory("ws://anywhere").settings == Settings()


def test_what_is_wrong_in_the_file_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    state_folder().mkdir(parents=True)
    (state_folder() / FILE).write_text('{"bell": "loud", "keys": {"end.nothing": "f5"}}')
    assert run("settings") == 0
    told = capfd.readouterr()
    assert "nothing that is understood of bell" in told.err
    assert "there is no 'end.nothing'" in told.err
    assert "bell     on" in told.out
