"""The public talk: what was said and what happened, newest at the bottom."""

from __future__ import annotations

from typing import Final

from textual.containers import VerticalScroll

from tui.state import Table
from tui.widgets.chat_line import ChatLine

MOST: Final = 60
"""More lines than this are never laid out for long while the newest are looked at: each costs at every change."""
SPARE: Final = 4
"""Where very much comes at once, so many lines more than fit are laid out; each has a row at least."""
PORTION: Final = 40
"""So many older lines come back when somebody scrolls up to the oldest that stand there."""


class Chat(VerticalScroll, can_focus=False):
    """Follows the newest line until somebody scrolls up. Lines come and, where a replay goes back, go at the end; older
    ones are there again when one comes near them."""

    DEFAULT_CSS = """
    Chat { scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._stream = ("", 0)
        self._table: Table | None = None
        self._first = 0
        """The number of the oldest line that stands there; those after it are ``_lines``."""
        self._lines: list[ChatLine] = []
        self._due = False

    def on_mount(self) -> None:
        self.anchor()

    def show(self, table: Table) -> None:
        end = len(table.lines)
        stream, self._table = (table.room.room, table.told), table
        if stream != self._stream or end <= self._first:
            self._stream = stream
            self._first, self._lines = 0, []
        del self._lines[end - self._first :]
        follows = not self._anchor_released
        if follows and end - MOST > self._first + len(self._lines):  # what stands there is too old, all of it
            sight = min(MOST, self.size.height + SPARE) if self.size.height else MOST
            self._first, self._lines = end - sight, []
        self._lines += [ChatLine(line, table) for line in table.lines[self._first + len(self._lines) :]]
        if follows and len(self._lines) > MOST + PORTION:
            old = len(self._lines) - MOST
            self._first += old
            del self._lines[:old]
        if not self._due:
            self._due = True
            self.call_next(self._lay_out)

    async def _lay_out(self) -> None:
        """Let stand there what is to stand there. What goes and what comes is laid out and drawn together."""
        self._due = False
        wanted, there = set(self._lines), set(self.children)
        old, fresh = there - wanted, [line for line in self._lines if line not in there]
        if old or fresh:
            async with self.batch():
                await self.remove_children(old)
                await self.mount_all(fresh)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value <= 1 and self._first > 0:
            self.call_later(self._bring_older)

    async def _bring_older(self) -> None:
        """Put older lines before those that stand there, and leave in sight what is."""
        if self._table is None or self._first == 0 or not self._lines:
            return
        begin = max(0, self._first - PORTION)
        older = [ChatLine(line, self._table) for line in self._table.lines[begin : self._first]]
        self._first, self._lines = begin, older + self._lines
        height, y = self.virtual_size.height, self.scroll_y
        await self.mount_all(older, before=0)
        self.call_after_refresh(
            lambda: self.scroll_to(y=y + self.virtual_size.height - height, animate=False, force=True)
        )
