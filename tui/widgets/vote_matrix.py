"""Who voted for whom on which day: a row a seat, a column a day."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.cells import cell
from tui.state import Table
from tui.themes import seat_colour

CELL = 6
GUTTER = 8


class VoteMatrix(Widget):
    """Shows the latest days that fit; hidden until somebody has voted."""

    DEFAULT_CSS = """
    VoteMatrix { height: auto; width: 1fr; display: none; }
    VoteMatrix.filled { display: block; }
    """

    table: Table | None = None

    def show(self, table: Table) -> None:
        self.table = table
        self.border_title = "Votes"
        self.set_class(bool(table.view.votes), "filled")
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + len(self._voters()) if self.table and self.table.view.votes else 0

    def _voters(self) -> list[int]:
        assert self.table is not None, "shown first"
        return sorted({voter for ballots in self.table.view.votes.values() for voter in ballots})

    def render(self) -> Content:
        table = self.table
        if table is None or not table.view.votes:
            return Content("")
        votes = table.view.votes
        days = sorted(votes)[-max(1, (self.content_size.width - GUTTER) // CELL) :]
        head = Content.styled(" " * GUTTER + "".join(f"{f'Day {day}':<{CELL}}" for day in days), "$faint")
        rows = [head]
        for voter in self._voters():
            row = cell(table.name(voter), seat_colour(voter), GUTTER)
            for day in days:
                if voter not in votes[day]:
                    row = row.append(cell("", "", CELL))
                    continue
                target = votes[day][voter]
                row = row.append(
                    cell("–", "$faint", CELL) if target is None else cell(table.name(target), seat_colour(target), CELL)
                )
            rows.append(row)
        return Content("\n").join(rows)
