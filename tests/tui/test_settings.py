"""The settings: kept, applied at once, their keys without clashes; and the screens without colour."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.fakes.arena import FakeArena
from tui import keymap, settings
from tui.app import ArenaApp
from tui.memory import Memory
from tui.screens.end import EndScreen
from tui.screens.help import HelpScreen, help_text
from tui.screens.join_code import JoinCodeScreen
from tui.screens.new_game import NewGameScreen
from tui.screens.settings import KeyList, PressKeyScreen, SettingsScreen
from tui.screenshots import SCENES, settle
from tui.settings import Settings

MakeApp = Callable[..., ArenaApp]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return remembering(tmp_path)


def remembering(folder: Path) -> Memory:
    memory = Memory("ws://here", folder)
    memory.train = False
    return memory


async def mark(pilot: Pilot[int], bound_id: str) -> None:
    """Go to this row of the keys in the open settings."""
    keys = pilot.app.screen.query_one(KeyList)
    keys.focus()
    keys.highlighted = [b.id for b in keys.all].index(bound_id)
    await settle(pilot)


# -- the file --------------------------------------------------------------------------------------------------------


def test_settings_are_kept_as_json_that_people_can_write(tmp_path: Path) -> None:
    mine = Settings("terminal", "compact", False, True, "never", {"end.again": "f5"})
    Memory("ws://here", tmp_path).settings = mine
    file = tmp_path / settings.FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["keys"] == {"end.again": "f5"}
    assert Memory("ws://elsewhere", tmp_path).settings == mine
    file.write_text('{"theme": "light"}')
    assert Memory("ws://here", tmp_path).settings == Settings("light")


@pytest.mark.parametrize("content", ["", "[]", "\x00", "[" * 100_000, '"dark"'])
def test_a_broken_file_is_as_good_as_none_and_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / settings.FILE).write_text(content)
    memory = Memory("ws://here", tmp_path)
    assert memory.settings == Settings()
    assert settings.FILE in memory.complaint


@pytest.mark.parametrize(
    ("raw", "strange"),
    [
        ({"theme": "pink"}, "theme"),
        ({"bell": "on"}, "bell"),
        ({"bell": 1}, "bell"),
        ({"keys": ["f5"]}, "keys"),
        ({"keys": {"end.again": 5}}, "keys"),
        ({"colour": "dark"}, "colour"),
        ({"vi": None, "density": []}, "density, vi"),
    ],
)
def test_what_is_no_setting_is_left_out_and_named(raw: dict[str, Any], strange: str) -> None:
    found, wrong = settings.parsed(raw)
    assert found == Settings()
    assert all(name in wrong for name in strange.split(", "))


def test_what_is_written_is_read_again() -> None:
    mine = Settings("light", "compact", False, True, "always", {"app.help": "f6"})
    assert settings.parsed(json.loads(json.dumps(settings.written(mine)))) == (mine, "")


async def test_what_is_wrong_is_said_once_in_the_lobby(make_app: MakeApp, tmp_path: Path) -> None:
    (tmp_path / settings.FILE).write_text('{"theme": "light", "keys": {"table.card": "x", "no\\u001b[31m.such": "f5"}}')
    app = make_app(FakeArena(), memory=remembering(tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        assert app.theme == "arena-light"
        assert "table.card" in app.world.notice
        assert "\x1b" not in app.world.notice
        assert app.settings.keys == {}
        await pilot.press("q")
        await settle(pilot)
        assert app.world.notice == ""


# -- the keys --------------------------------------------------------------------------------------------------------


def test_vis_keys_are_in_nobodys_way() -> None:
    vi = Settings(vi=True)
    for b in keymap.bound():
        for key in keymap.VI.get(b.id, "").split(","):
            assert not key or keymap.refusal(b, key, vi) == "" or b.place == "Settings", (b, key)


def test_all_of_vis_keys_are_keys_of_something() -> None:
    assert keymap.VI.keys() <= {b.id for b in keymap.bound()}


@pytest.mark.parametrize(
    ("bound_id", "key", "why"),
    [
        ("end.again", "l", "Lobby"),
        ("end.again", "f1", "Help"),
        ("app.help", "f2", "My card"),
        ("table.card", "x", "write"),
        ("app.help", "space", "write"),
        ("table.pass", "enter", "needed for writing"),
        ("end.again", "escape", "goes back"),
        ("end.again", "f5", ""),
        ("end.again", "n", ""),
        ("choices.choose", "ctrl+n", "Pass"),
    ],
)
def test_clashes_are_told(bound_id: str, key: str, why: str) -> None:
    (asked,) = (b for b in keymap.bound() if b.id == bound_id)
    refused = keymap.refusal(asked, key, Settings())
    assert (why in refused) if why else refused == ""


async def test_a_key_of_ones_own_counts_at_once_and_from_then_on(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(FakeArena(), memory=remembering(tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("f4")
        await settle(pilot)
        await mark(pilot, "lobby.new")
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, PressKeyScreen)
        await pilot.press("ctrl+q")  # no key does anything else now
        await settle(pilot)
        assert app.settings.keys == {}
        assert "already does: Leave" in str(app.screen.query_one("#explained").render())
        await pilot.press("enter", "g", "escape")
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        assert not isinstance(app.screen, NewGameScreen), "the old key does it no more"
        await pilot.press("g")
        await settle(pilot)
        assert isinstance(app.screen, NewGameScreen)
    assert Memory("ws://here", tmp_path).settings.keys == {"lobby.new": "g"}


async def test_a_key_can_be_taken_back(make_app: MakeApp, memory: Memory) -> None:
    memory.settings = Settings(keys={"lobby.new": "g", "lobby.watch": "n"})
    app = make_app(FakeArena(), memory=memory)
    async with app.run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await pilot.press("f4")
        await settle(pilot)
        await mark(pilot, "lobby.new")
        await pilot.press("delete")
        await settle(pilot)
        assert "lobby.new" in app.settings.keys, "its first key is taken by now"
        await pilot.click("#reset")
        await settle(pilot)
        assert app.settings.keys == {}


async def test_help_shows_the_keys_as_they_are(make_app: MakeApp, memory: Memory) -> None:
    memory.settings = Settings(keys={"app.help": "f9", "table.pass": "ctrl+y"})
    app = make_app(FakeArena(), memory=memory)
    async with app.run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await pilot.press("f1")
        await settle(pilot)
        assert not isinstance(app.screen, HelpScreen)
        await pilot.press("f9")
        await settle(pilot)
        assert isinstance(app.screen, HelpScreen)
    told = help_text("werewolf", (), memory.settings).plain
    assert "Ctrl+Y" in told
    assert "Ctrl+N" not in told


async def test_vi_keys_move_and_what_they_did_has_other_keys(make_app: MakeApp, memory: Memory) -> None:
    memory.settings = Settings(vi=True)
    app = make_app(FakeArena(), memory=memory)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        first = app.focused
        await pilot.press("l")
        assert app.focused is not first
        await pilot.press("h", "c")
        await settle(pilot)
        assert isinstance(app.screen, JoinCodeScreen)
        await pilot.press("j", "escape")  # a letter, where one writes
        await settle(pilot)


# -- the looks -------------------------------------------------------------------------------------------------------


async def test_every_row_counts_at_once(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(FakeArena(), memory=remembering(tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("f4")
        await settle(pilot)
        assert isinstance(app.screen, SettingsScreen)
        await pilot.press("right", "right", "down", "right", "down", "right", "down", "right", "down", "left")
        await settle(pilot)
        assert app.theme == "arena-terminal"
        assert app.has_class("-dense")
        wanted = Settings("terminal", "compact", False, True, "never", {})
        assert app.settings == wanted
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(app.screen, SettingsScreen)
    assert Memory("ws://here", tmp_path).settings == wanted


async def test_by_mouse(make_app: MakeApp, memory: Memory) -> None:
    app = make_app(FakeArena(), memory=memory)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.action_settings()
        await settle(pilot)
        await pilot.click("#theme", offset=(9, 0))
        await settle(pilot)
        assert app.theme == "arena-light"
        await pilot.click("#done")
        await settle(pilot)
        assert not isinstance(app.screen, SettingsScreen)


@pytest.mark.parametrize("bell", [True, False])
async def test_the_bell_can_be_silent(
    make_app: MakeApp, memory: Memory, bell: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.settings = replace(Settings(), bell=bell)
    arena = FakeArena()
    app = make_app(arena, memory=memory)
    rung = SimpleNamespace(times=0)
    monkeypatch.setattr(app, "bell", lambda: setattr(rung, "times", rung.times + 1))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("q")
        await settle(pilot)
        assert app.world.table is not None
        assert app.world.table.my_turn
    assert bool(rung.times) is bell


@pytest.mark.parametrize("scene", ["vote", "dead", "lobby", "new-game", "end", "stand-in", "settings"])
async def test_nothing_hangs_on_colour(scene: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR not one cell has a colour, and what matters is in words and marks."""
    monkeypatch.setenv("NO_COLOR", "1")
    app, prepare = SCENES[scene]("arena-dark")
    async with app.run_test(size=(100, 30)) as pilot:
        await prepare(pilot)
        strips = app.screen._compositor.render_strips()
        for strip in strips:
            for segment in strip.apply_filter(app._filters[-1], app.screen.background_colors[1]):
                style = segment.style
                assert style is None or all(c is None or c.is_default for c in (style.color, style.bgcolor))
        page = "\n".join(strip.text for strip in strips)
    wanted = {
        "vote": ["Your turn", "▸1  Dan", "† Ben", "▸ Ada"],
        "dead": ["You are dead", "† Eva"],
        "lobby": ["waiting", "Play now"],
        "new-game": ["◂ ", "[rounds]"],
        "end": ["werewolf", "You won"],
        "stand-in": ["A stand-in plays for you"],
        "settings": ["▸dark◂", "[on]"],
    }[scene]
    assert all(text in page for text in wanted), page


async def test_the_end_is_left_by_another_key_with_vi(make_app: MakeApp, memory: Memory) -> None:
    memory.settings = Settings(vi=True)
    app, prepare = SCENES["end"]("arena-dark")
    app.memory = memory
    app.use(memory.settings)
    async with app.run_test(size=(100, 30)) as pilot:
        await prepare(pilot)
        assert isinstance(app.screen, EndScreen)
        await pilot.press("l")
        await settle(pilot)
        assert isinstance(app.screen, EndScreen)
        await pilot.press("q")
        await settle(pilot)
        assert not isinstance(app.screen, EndScreen)
