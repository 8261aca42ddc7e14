"""Pictures of the screens; ``pytest --snapshot-update tests/tui/test_snapshots.py`` draws them anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tui.screenshots import SCENES
from tui.themes import DARK, LIGHT, TERMINAL

SIZES = [(80, 24), (120, 36), (160, 48)]
SCREENS = [
    "lobby",
    "table",
    "end",
    "scenario",
    "scenario-terms",
    "scenario-end",
    "settings",
    "replay",
    "replay-map",
    "replay-eyes",
    "replay-scenario",
    "ladder",
    "ladder-history",
    "ladder-matrix",
    "past",
    "training",
]


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("scene", SCREENS)
def test_screen(snap_compare: Callable[..., bool], scene: str, size: tuple[int, int], theme: str) -> None:
    app, prepare = SCENES[scene](theme)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize(
    "scene",
    [
        "new-game",
        "waiting",
        "lost",
        "stand-in",
        "gone",
        "among-dead",
        "everything",
        "consent",
        "go-back",
        "debug",
        "lesson",
        "lesson-offer",
        "settings-clash",
        "scenario-accept",
        "scenario-card",
        "scenario-eight",
        "scenario-guess",
        "scenario-new",
        "scenario-pot",
        "replay-keys",
        "replay-sixteen",
        "ladder-empty",
        "ladder-side",
        "past-empty",
        "past-older",
        "training-empty",
        "training-promote",
        "training-stranger",
    ],
)
def test_state(snap_compare: Callable[..., bool], scene: str, size: tuple[int, int]) -> None:
    app, prepare = SCENES[scene](DARK.name)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("scene", ["lobby", "table", "vote", "end", "everything", "new-game"])
def test_the_terminals_own_colours(snap_compare: Callable[..., bool], scene: str) -> None:
    app, prepare = SCENES[scene](TERMINAL.name)
    assert snap_compare(app, terminal_size=(100, 30), run_before=prepare)


@pytest.mark.parametrize("scene", ["vote", "dead", "end"])
def test_no_colours(snap_compare: Callable[..., bool], scene: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, prepare = SCENES[scene](DARK.name)
    assert snap_compare(app, terminal_size=(100, 30), run_before=prepare)


@pytest.mark.parametrize("scene", ["lobby", "table", "end"])
def test_compact(snap_compare: Callable[..., bool], scene: str) -> None:
    app, prepare = SCENES[scene](DARK.name)
    app.use(replace(app.settings, density="compact"))
    assert snap_compare(app, terminal_size=(80, 24), run_before=prepare)
