"""How the table looks: a board, say. Hidden where the game has no picture."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui import any_game
from tui.state import Table


class Picture(Widget):
    """The game's own few lines of text, in the middle."""

    DEFAULT_CSS = """
    Picture { height: auto; width: 1fr; text-align: center; display: none; }
    Picture.filled { display: block; }
    """

    rows: tuple[str, ...] = ()

    def show(self, table: Table) -> None:
        self.rows = any_game.picture(table.room.game, table.events)
        self.border_title = "Table"
        self.set_class(bool(self.rows), "filled")
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.rows)

    def render(self) -> Content:
        return Content("\n").join([Content.styled(row, "bold") for row in self.rows])
