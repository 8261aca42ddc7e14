"""The terminal loads neither the model nor the server nor the database, and the plain mode not even Textual."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("tui.app", ["torch", "transformers", "sqlalchemy", "agents", "arena.rooms", "arena.db", "arena.server"]),
        ("tui.plain", ["torch", "textual", "sqlalchemy"]),
        ("tui.store", ["torch", "textual", "sqlalchemy", "websockets"]),
    ],
)
def test_lazy(module: str, never: list[str]) -> None:
    code = f"import {module}, sys; print([m for m in {never!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"


def test_the_lobby_comes_alone() -> None:
    """Of our own screens and rules only what it shows: the rest would keep people waiting at the start."""
    code = "import tui.app, sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    loaded = set(done.stdout.split())
    screens = {name.removeprefix("tui.screens.") for name in loaded if name.startswith("tui.screens.")}
    assert screens == {"informed", "lobby", "question"}
    assert (
        not {"tui.commands", "tui.replaying", "tui.faces.scenario", "arena.games.scenario", "arena.games.kuhn"} & loaded
    )
