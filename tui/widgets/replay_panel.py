"""A part of the replay that is drawn anew for every moment, and for its own width."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.widgets import Static

from tui.replay import Replay


class ReplayPanel(Static):
    """``rows`` says what stands there; it is at least ``NARROWEST`` columns wide."""

    DEFAULT_CSS = """
    ReplayPanel { height: auto; width: 1fr; }
    """
    NARROWEST: ClassVar[int] = 16

    replay: Replay | None = None

    def rows(self, replay: Replay, width: int) -> list[Content]:
        """What stands there at this moment."""
        return []

    def show(self, replay: Replay) -> None:
        self.replay = replay
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.replay is not None:
            self.update(Content("\n").join(self.rows(self.replay, max(self.NARROWEST, self.content_size.width))))
