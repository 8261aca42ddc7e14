"""A whole match as one row: where one stands in it, and where its marks are. A click goes there."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from arena.replay.turns import turn_of
from tui.replay import Replay


class Timeline(Widget):
    """The marks are drawn with the glyphs of the game's jumps; of several in one cell the rarest kind is seen."""

    DEFAULT_CSS = """
    Timeline { height: 1; padding: 0 1; pointer: pointer; }
    """

    replay: Replay | None = None

    class Picked(Message):
        """The turn ``at`` was clicked."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def show(self, replay: Replay) -> None:
        self.replay = replay
        self.refresh()

    def render(self) -> Content:
        replay, width = self.replay, self.content_size.width
        if replay is None or width < 2:
            return Content("")
        cells: list[tuple[str, str]] = [("─", "$line")] * width
        here = self._cell(replay.at, width)
        cells[:here] = [("━", "$accent 60%")] * here
        for glyph, at in self._glyphs(replay):
            cells[self._cell(at, width)] = (glyph, "bold $error" if glyph == "!" else "bold $foreground")
        glyph, _ = cells[here]
        cells[here] = (glyph if glyph not in "─━" else "●", "bold $background on $accent")
        return Content.assemble(*cells)

    def _glyphs(self, replay: Replay) -> list[tuple[str, int]]:
        """The rarest kind last, so that it is drawn over the others."""
        glyphs = {jump.kind: jump.glyph for jump in replay.face.jumps}
        kinds = [mark.kind for mark in replay.marks]
        often = sorted(replay.marks, key=lambda mark: -kinds.count(mark.kind))
        return [(glyphs[m.kind], turn_of(replay.turns, m.event)) for m in often if m.kind in glyphs]

    def _cell(self, at: int, width: int) -> int:
        assert self.replay is not None, "shown first"
        last = len(self.replay.turns) - 1
        return round(at * (width - 1) / last) if last else 0

    def on_click(self, event: events.Click) -> None:
        self._pick(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if event.button:
            self._pick(event)

    def _pick(self, event: events.MouseEvent) -> None:
        offset, width = event.get_content_offset(self), self.content_size.width
        if self.replay is not None and offset is not None and width > 1:
            last = len(self.replay.turns) - 1
            self.post_message(self.Picked(round(offset.x * last / (width - 1))))
