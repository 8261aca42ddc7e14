"""The seats as they stand at a moment of a replay, each under the key that sees with its eyes."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message

from tui.state import Table
from tui.widgets.seat_list import SeatList

KEY = 3
"""Cells for the key before a seat."""


class Eyes(SeatList):
    """One row for who sees everything, then one a seat. A click looks through it."""

    DEFAULT_CSS = """
    Eyes { height: auto; width: 1fr; pointer: pointer; }
    """

    class Picked(Message):
        """``seat`` is None for everything."""

        def __init__(self, seat: int | None) -> None:
            super().__init__()
            self.seat = seat

    decided: int | None = None

    def look(self, table: Table, decided: int | None) -> None:
        """Show the table, with a mark at who ``decided`` this turn."""
        self.decided = decided
        self.show(table)

    def acting(self, table: Table) -> frozenset[int]:
        return frozenset() if self.decided is None else frozenset({self.decided})

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return super().get_content_height(container, viewport, width) + 1

    def render(self) -> Content:
        table, width = self.table, self.content_size.width
        if table is None:
            return Content("")
        rows = [self._key("0", table.me is None).append(Content.styled("  everything", "bold $secondary"))]
        for seat in range(table.count()):
            key = str(seat + 1) if seat < 9 else " "
            rows.append(self._key(key, seat == table.me).append(self._row(table, seat, width - KEY)))
        return Content("\n").join(rows)

    def _key(self, key: str, mine: bool) -> Content:
        return Content.styled(f" {key} ", "bold $background on $accent" if mine else "bold $accent on $panel")

    def on_click(self, event: events.Click) -> None:
        offset, table = event.get_content_offset(self), self.table
        if offset is not None and table is not None and offset.y <= table.count():
            self.post_message(self.Picked(None if offset.y == 0 else offset.y - 1))
