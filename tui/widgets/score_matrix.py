"""Who met whom: the share of the points of each row's player against each column's, with a cell to walk about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import clamp
from textual.message import Message
from textual.widget import Widget

from arena.protocol.ladder_rows import LadderRow
from tui.boards import Score, short
from tui.cells import cell

WIDE = 5
"""Columns of a cell."""


class ScoreMatrix(Widget, can_focus=True):
    """Draws as many rows and columns as fit around the marked cell. Players are rows, and columns by their rank."""

    DEFAULT_CSS = """
    ScoreMatrix { height: 1fr; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", show=False),
        Binding("down", "move(1, 0)", show=False),
        Binding("left", "move(0, -1)", show=False),
        Binding("right", "move(0, 1)", show=False),
        Binding("home", "move(-1000, -1000)", show=False),
        Binding("end", "move(1000, 1000)", show=False),
    ]

    class Marked(Message):
        """Another cell is marked."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.rows: tuple[LadderRow, ...] = ()
        self.scores: Mapping[tuple[str, str], Score] = {}
        self.at = (0, 1)

    def show(self, rows: Sequence[LadderRow], scores: Mapping[tuple[str, str], Score]) -> None:
        self.rows, self.scores = tuple(rows), scores
        self._go(*self.at)

    @property
    def pair(self) -> tuple[LadderRow, LadderRow] | None:
        """Whose meetings are marked."""
        row, column = self.at
        return (self.rows[row], self.rows[column]) if max(row, column) < len(self.rows) else None

    def action_move(self, down: int, across: int) -> None:
        self._go(self.at[0] + down, self.at[1] + across)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1 or offset.x < self._gutter:
            return
        top, left = self._corner()
        row, column = top + (offset.y - 1) // self._tall, left + (offset.x - self._gutter) // WIDE
        if max(row, column) < len(self.rows):
            self._go(row, column)

    def on_mouse_scroll_down(self) -> None:
        self.action_move(1, 0)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-1, 0)

    def _go(self, row: int, column: int) -> None:
        last = max(0, len(self.rows) - 1)
        self.at = clamp(row, 0, last), clamp(column, 0, last)
        self.refresh()
        self.post_message(self.Marked())

    @property
    def _gutter(self) -> int:
        longest = max((Content(short(row.player)).cell_length for row in self.rows), default=0)
        return 4 + min(longest + 2, max(12, self.content_size.width // 4))

    @property
    def _tall(self) -> int:
        """Rows of a cell: where all players have room, the games stand below the share."""
        return 2 if self.content_size.height > 2 * len(self.rows) else 1

    def _corner(self) -> tuple[int, int]:
        """The first row and column that are drawn."""
        (row, column), (tall, across) = self.at, self._room
        count = len(self.rows)
        return clamp(row - tall // 2, 0, max(0, count - tall)), clamp(column - across // 2, 0, max(0, count - across))

    @property
    def _room(self) -> tuple[int, int]:
        """How many rows and columns fit."""
        width, height = self.content_size
        return max(1, (height - 1) // self._tall), max(1, (width - self._gutter) // WIDE)

    def render(self) -> Content:
        (top, left), (tall, across) = self._corner(), self._room
        rows, columns = (range(n, min(len(self.rows), n + room)) for n, room in ((top, tall), (left, across)))
        names = self._gutter - 4
        head = Content.styled(f"{'':>{self._gutter}}", "$faint")
        for n in columns:
            style = "bold $accent" if n == self.at[1] else "$faint"
            head += cell(str(self.rows[n].rank), style, WIDE, right=True)
        lines = [head]
        for r in rows:
            marked = "bold $accent" if r == self.at[0] else ""
            line = cell(str(self.rows[r].rank), marked or "$faint", 4, right=True) + Content(" ")
            line += cell(short(self.rows[r].player), marked, names - 1)
            lines.append(Content("").join([line, *(self._share(r, c) for c in columns)]))
            if self._tall == 2:
                lines.append(Content("").join([Content(" " * self._gutter), *(self._games(r, c) for c in columns)]))
        return Content("\n").join(lines)

    def _share(self, row: int, column: int) -> Content:
        text, style = "–", "$faint"
        if row == column:
            text, style = "·", "$line"
        elif (found := self._found(row, column)) is not None:
            points, games = found
            share = points / max(1, games)
            text, style = f"{share:.0%}", "$success" if share > 0.5 else "$error" if share < 0.5 else ""
        return self._cell(text, style, row, column)

    def _games(self, row: int, column: int) -> Content:
        found = None if row == column else self._found(row, column)
        return self._cell("" if found is None else str(found[1]), "$faint", row, column)

    def _cell(self, text: str, style: str, row: int, column: int) -> Content:
        if (row, column) != self.at:
            return cell(text, style, WIDE, right=True)
        marked = "$block-cursor-foreground on $block-cursor-background" if self.has_focus else "on $panel"
        return Content(" ") + Content.styled(f"{text:>{WIDE - 1}}", f"bold {marked}")

    def _found(self, row: int, column: int) -> Score | None:
        return self.scores.get((self.rows[row].player, self.rows[column].player))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
