"""The public talk: what was said and what happened, newest at the bottom."""

from __future__ import annotations

from typing import Final

from textual.containers import VerticalScroll

from tui.state import Table
from tui.widgets.chat_line import ChatLine

MOST: Final = 120
"""More lines than this are never laid out while the newest are looked at: each costs at every change."""
PORTION: Final = 80
"""So many older lines come back when somebody scrolls up to the oldest that stand there."""


class Chat(VerticalScroll, can_focus=False):
    """Follows the newest line until somebody scrolls up. Older lines are there again when one comes near them."""

    DEFAULT_CSS = """
    Chat { scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._stream = ("", 0)
        self._table: Table | None = None
        self._first = self._shown = 0
        """The lines from the first to before the last of these stand there."""

    def on_mount(self) -> None:
        self.anchor()

    def show(self, table: Table) -> None:
        if (table.room.room, table.told) != self._stream:
            self.remove_children()
            self._stream, self._first, self._shown = (table.room.room, table.told), 0, 0
        self._table = table
        end = len(table.lines)
        if end == self._shown:
            return
        follows = not self._anchor_released
        begin = max(self._shown, end - MOST) if follows else self._shown
        if begin > self._shown:  # what stands there is too old, all of it
            self.remove_children()
            self._first = begin
        self._shown = end
        self.mount_all([ChatLine(line, table) for line in table.lines[begin:end]])
        if follows and end - self._first > MOST + PORTION:
            keep = end - MOST
            self.remove_children(self.query_children(ChatLine)[: keep - self._first])
            self._first = keep

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value <= 1 and self._first > 0:
            self.call_later(self._bring_older)

    async def _bring_older(self) -> None:
        """Put older lines before those that stand there, and leave in sight what is."""
        if self._table is None or self._first == 0 or not self.children:
            return
        begin = max(0, self._first - PORTION)
        older = [ChatLine(line, self._table) for line in self._table.lines[begin : self._first]]
        self._first = begin
        height, y = self.virtual_size.height, self.scroll_y
        await self.mount_all(older, before=0)
        self.call_after_refresh(
            lambda: self.scroll_to(y=y + self.virtual_size.height - height, animate=False, force=True)
        )
