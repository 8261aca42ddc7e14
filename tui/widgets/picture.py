"""How the table looks: a board, an offer. Hidden where the game has nothing to show."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.state import Table


class Picture(Widget):
    """A few rows that the face of the game draws for the width that there is."""

    DEFAULT_CSS = """
    Picture { height: auto; width: 1fr; text-align: center; display: none; }
    Picture.filled { display: block; }
    """

    table: Table | None = None

    def show(self, table: Table) -> None:
        self.table = table
        self.border_title = table.face.look.picture_title(table)
        self.set_class(bool(table.face.look.picture(table, 40)), "filled")
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 0 if self.table is None else len(self.table.face.look.picture(self.table, width))

    def render(self) -> Content:
        if self.table is None:
            return Content("")
        return Content("\n").join(self.table.face.look.picture(self.table, self.content_size.width))
