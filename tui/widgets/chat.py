"""The public talk: what was said and what happened, newest at the bottom."""

from __future__ import annotations

from textual.containers import VerticalScroll

from tui.state import Table
from tui.widgets.chat_line import ChatLine


class Chat(VerticalScroll, can_focus=False):
    """Follows the newest line until somebody scrolls up. Only ever appends, unless the stream began anew."""

    DEFAULT_CSS = """
    Chat { scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._stream = ("", 0)
        self._shown = 0

    def on_mount(self) -> None:
        self.anchor()

    def show(self, table: Table) -> None:
        if (table.room.room, table.told) != self._stream:
            self.remove_children()
            self._stream, self._shown = (table.room.room, table.told), 0
        fresh = table.lines[self._shown :]
        if fresh:
            self._shown = len(table.lines)
            self.mount_all([ChatLine(line, table) for line in fresh])
