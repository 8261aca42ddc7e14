"""The top row of a replay: which game, where in it, with whose eyes."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tui.replay import Replay
from tui.themes import seat_colour


class ReplayHead(Widget):
    DEFAULT_CSS = """
    ReplayHead { height: 1; background: $panel; padding: 0 1; }
    """

    replay: Replay | None = None

    def show(self, replay: Replay) -> None:
        self.replay = replay
        self.refresh()

    def render(self) -> Content:
        replay, width = self.replay, self.content_size.width
        if replay is None:
            return Content("")
        left = Content.styled("Replay", "bold $accent")
        if width >= 90:
            left = left.append(Content.styled(f"  {replay.face.title}", "$faint"))
        middle = Content.styled(replay.position, "bold $primary")
        right = self._right(replay, width)
        before = max(2, (width - middle.cell_length) // 2 - left.cell_length)
        after = max(1, width - left.cell_length - before - middle.cell_length - right.cell_length)
        return Content.assemble(left, " " * before, middle, " " * after, right).truncate(width, ellipsis=True)

    def _right(self, replay: Replay, width: int) -> Content:
        if replay.eyes is None:
            return Content.styled("seeing everything" if width >= 70 else "everything", "bold $secondary")
        name = replay.recording.names[replay.eyes]
        return Content.assemble("through ", (name, f"bold {seat_colour(replay.eyes)}"))
