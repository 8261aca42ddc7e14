"""Who was what, how they ended, and how they voted: the table of the end screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tui.themes import seat_colour

if TYPE_CHECKING:
    from tui.state import Table

NAME, ROLE, FATE, MIND, DAY = 9, 11, 18, 9, 8


def by_seat(table: Table, width: int) -> Content:
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
            cell(table.name(seat), f"bold {seat_colour(seat)}", NAME),
            cell(role, "bold $error" if evil else "$foreground", ROLE),
            cell(
                table.face.fate(table, seat),
                "$success" if table.face.fate(table, seat) == "survived" else "$faint",
                FATE,
            ),
            cell(mind, "bold $accent" if mind == "you" else "$faint", MIND + 1),
        )
        for day in days:
            target = v.votes[day].get(seat, -1)
            if target == -1:
                drawn = cell("", "", DAY)
            elif target is None:
                drawn = cell("–", "$faint", DAY)
            else:
                drawn = cell(table.name(target), seat_colour(target), DAY)
            row = row.append(drawn)
        rows.append(row)
    return Content("\n").join(rows)


def _pad(text: str, width: int) -> str:
    return f"{text:<{width}}"


def cell(text: str, style: str, width: int) -> Content:
    """Text in a column of so many cells, the last of them free."""
    drawn = Content.styled(text, style).truncate(width - 1, ellipsis=True)
    return drawn.append(" " * (width - drawn.cell_length))
