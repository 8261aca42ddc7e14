"""A replay by itself, without a server: what ``arena replay --screen`` opens."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from arena.protocol.recording import Recording
from tui import replay
from tui.app import HEIGHTS, WIDTHS
from tui.replay import Replay
from tui.screens.replay import ReplayScreen
from tui.themes import DARK, LIGHT


class ReplayApp(App[int]):
    TITLE = "Social Arena"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "Leave", show=False, priority=True)]

    def __init__(self, opened: Replay, *, theme: str = DARK.name) -> None:
        super().__init__()
        self.opened = opened
        for each in (DARK, LIGHT):
            self.register_theme(each)
        self.theme = theme

    def on_mount(self) -> None:
        self.push_screen(ReplayScreen(self.opened, leave=lambda: self.exit(0)))


def show(recording: Recording, eyes: int | None = None) -> int:
    """Show it until its reader leaves; the exit status.

    Raises:
        UserError: the recording does not fit together.
    """
    app = ReplayApp(replay.with_map(replay.opened(recording, eyes), bool(recording.beliefs)))
    app.run()
    return app.return_code or 0
