"""Pictures of the screens; ``pytest --snapshot-update tests/tui/test_snapshots.py`` draws them anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tui.screenshots import SCENES
from tui.themes import DARK, LIGHT

SIZES = [(80, 24), (120, 36), (160, 48)]
SCREENS = [
    "lobby",
    "table",
    "end",
    "scenario",
    "scenario-terms",
    "scenario-end",
    "ladder",
    "ladder-history",
    "ladder-matrix",
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
        "scenario-accept",
        "scenario-card",
        "scenario-eight",
        "scenario-guess",
        "scenario-new",
        "scenario-pot",
        "ladder-empty",
        "ladder-side",
        "training-empty",
        "training-promote",
        "training-stranger",
    ],
)
def test_state(snap_compare: Callable[..., bool], scene: str, size: tuple[int, int]) -> None:
    app, prepare = SCENES[scene](DARK.name)
    assert snap_compare(app, terminal_size=size, run_before=prepare)
