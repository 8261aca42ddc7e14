"""Who was what, how they ended, and how they voted: the table of the end screen."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui import words
from tui.state import Table
from tui.themes import seat_colour

NAME, ROLE, FATE, MIND, DAY = 9, 11, 18, 9, 8


def result_rows(table: Table, width: int) -> Content:
    """One row a seat; the days that fit beside it."""
    v = table.view
    fixed = NAME + ROLE + FATE + MIND
    days = sorted(v.votes)[: max(0, (width - fixed) // DAY)]
    head = "".join((_pad("Seat", NAME), _pad("Was", ROLE), _pad("Fate", FATE), _pad("Played by", MIND + 1)))
    rows = [Content.styled(head + "".join(_pad(f"Day {d}", DAY) for d in days), "$faint")]
    for seat in range(table.count()):
        role = table.known_role(seat) or "?"
        mind = "you" if seat == table.me else table.mind(seat)
        evil = role == "werewolf"
        row = Content.assemble(
            _cell(table.name(seat), f"bold {seat_colour(seat)}", NAME),
            _cell(role, "bold $error" if evil else "$foreground", ROLE),
            _cell(words.fate(table, seat), "$success" if words.fate(table, seat) == "survived" else "$faint", FATE),
            _cell(mind, "bold $accent" if mind == "you" else "$faint", MIND + 1),
        )
        for day in days:
            target = v.votes[day].get(seat, -1)
            if target == -1:
                cell = _cell("", "", DAY)
            elif target is None:
                cell = _cell("–", "$faint", DAY)
            else:
                cell = _cell(table.name(target), seat_colour(target), DAY)
            row = row.append(cell)
        rows.append(row)
    return Content("\n").join(rows)


class ResultGrid(Static):
    """Draws the rows for its own width."""

    DEFAULT_CSS = """
    ResultGrid { height: auto; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, table: Table, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.table = table

    def on_resize(self) -> None:
        self.update(result_rows(self.table, self.content_size.width))


def _pad(text: str, width: int) -> str:
    return f"{text:<{width}}"


def _cell(text: str, style: str, width: int) -> Content:
    cell = Content.styled(text, style).truncate(width - 1, ellipsis=True)
    return cell.append(" " * (width - cell.cell_length))
