"""What came of it, as the face of the game tells it."""

from __future__ import annotations

from textual.widgets import Static

from tui.state import Table


class ResultGrid(Static):
    """Draws the rows for its own width."""

    DEFAULT_CSS = """
    ResultGrid { height: auto; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, table: Table, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.table = table

    def on_resize(self) -> None:
        self.update(self.table.face.look.result(self.table, self.content_size.width))
