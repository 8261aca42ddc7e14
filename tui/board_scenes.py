"""Pictures of the ladder, of the training runs and of the past games, for ``tui.screenshots``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from textual.pilot import Pilot

from tui import canned_boards, canned_past
from tui.app import ArenaApp
from tui.canned_link import CannedLink

if TYPE_CHECKING:
    from tui.screenshots import Scene


def board(*keys: str, theme: str, empty: bool = False, operator: bool = True) -> Scene:
    """The lobby, then some keys."""
    from tui.screenshots import StillClock, settle

    link = CannedLink()
    link.welcome = link.welcome.model_copy(update={"operator": operator})
    if empty:
        link.ladder_told, link.runs_told = canned_boards.no_ladder, canned_boards.no_runs
        link.matches_told = canned_past.no_matches
    app = ArenaApp(link, "Robin", clock=StillClock(), theme=theme)

    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    return app, prepare


SCENES: Final[dict[str, Callable[[str], Scene]]] = {
    "ladder": lambda theme: board("r", theme=theme),
    "ladder-side": lambda theme: board("r", "s", "down", theme=theme),
    "ladder-matrix": lambda theme: board("r", "2", "down", theme=theme),
    "ladder-history": lambda theme: board("r", "3", theme=theme),
    "ladder-empty": lambda theme: board("r", theme=theme, empty=True),
    "past": lambda theme: board("p", "down", theme=theme),
    "past-empty": lambda theme: board("p", theme=theme, empty=True),
    "past-older": lambda theme: board("p", "o", theme=theme),
    "training": lambda theme: board("t", theme=theme),
    "training-promote": lambda theme: board("t", "down", "p", theme=theme),
    "training-stranger": lambda theme: board("t", "p", theme=theme, operator=False),
    "training-empty": lambda theme: board("t", theme=theme, empty=True),
}
