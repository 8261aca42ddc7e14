"""What stands on a screen that has no room for the game."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

MIN_WIDTH, MIN_HEIGHT = 60, 16


class TooSmall(Widget):
    """Shown by the screens' style sheet below 60 columns or 16 rows; everything else is hidden meanwhile."""

    DEFAULT_CSS = """
    TooSmall { display: none; width: 1fr; height: 1fr; content-align: center middle; text-align: center; }
    """

    def render(self) -> Content:
        width, height = self.app.size
        return Content.assemble(
            ("The terminal is too small.", "bold $accent"),
            f"\nIt has {width} columns and {height} rows;\nthe game needs {MIN_WIDTH} and {MIN_HEIGHT}.",
        )
