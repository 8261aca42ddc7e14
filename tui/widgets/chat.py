"""The public talk: what was said and what happened, newest at the bottom."""

from __future__ import annotations

from textual.containers import VerticalScroll

from tui.state import Table
from tui.widgets.chat_line import ChatLine


class Chat(VerticalScroll, can_focus=False):
    """Follows the newest line until somebody scrolls up. Lines come and, where a replay goes back, go at the end; only
    when the stream begins anew all are drawn again."""

    DEFAULT_CSS = """
    Chat { scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._stream = ("", 0)
        self._lines: list[ChatLine] = []

    def on_mount(self) -> None:
        self.anchor()

    def show(self, table: Table) -> None:
        if (table.room.room, table.told) != self._stream:
            self.remove_children()
            self._stream, self._lines = (table.room.room, table.told), []
        kept, gone = self._lines[: len(table.lines)], self._lines[len(table.lines) :]
        for line in gone:
            line.remove()
        fresh = [ChatLine(line, table) for line in table.lines[len(kept) :]]
        if fresh:
            self.mount_all(fresh)
        self._lines = kept + fresh
