"""Who sits at the table: alive or dead, whose turn it is, what is known of them, what kind of mind plays."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.state import Table
from tui.themes import seat_colour

NAME_CELLS = 7
MAYOR = "★"


class SeatList(Widget):
    """One row a seat; never wraps."""

    DEFAULT_CSS = """
    SeatList { height: auto; width: 1fr; }
    """

    table: Table | None = None

    def show(self, table: Table) -> None:
        self.table = table
        self.border_title = "Seats"
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.table.count() if self.table else 1

    def render(self) -> Content:
        table = self.table
        if table is None:
            return Content("")
        width = self.content_size.width
        return Content("\n").join([self._row(table, seat, width) for seat in range(table.count())])

    def acting(self, table: Table) -> frozenset[int]:
        """The seats with the mark of whose turn it is."""
        return table.speaking()

    def _row(self, table: Table, seat: int, width: int) -> Content:
        mind = "you" if seat == table.me else table.mind(seat)
        if seat in table.stand_ins and not table.over:
            mind = "stand-in"
        if not table.started:
            style = "$faint" if mind == "open" else "bold $accent" if mind == "you" else ""
            return Content.assemble((f"  Seat {seat + 1}", style), (f"  {mind}", style or "$faint"))
        dead = not table.view.alive[seat]
        colour = seat_colour(seat)
        role = table.known_role(seat)
        evil = role == "werewolf"
        if dead:
            mark, name_style, role_style = (
                ("† ", "$error 70%"),
                f"{colour} 55% strike",
                "$error 75%" if evil else "$faint",
            )
        else:
            turn = seat in self.acting(table)
            mark = ("▸ ", "bold $accent") if turn else ("  ", "")
            name_style = f"bold {colour}"
            if seat == table.view.mayor:
                role = f"mayor {role}".rstrip()
            role_style = "bold $error" if evil else "$accent"
        mind_style = {"you": "bold $accent", "stand-in": "$warning"}.get(mind, "$faint")
        name = Content.styled(table.name(seat), name_style).truncate(2 * NAME_CELLS, ellipsis=True)
        if seat == table.view.mayor:
            name = name.append(Content.styled(MAYOR, "bold $accent"))
        pad = max(1, NAME_CELLS - name.cell_length)
        left = Content.assemble(mark, name, " " * pad, (role, role_style))
        room = width - left.cell_length - 1
        right = mind if room >= len(mind) else ""
        gap = max(1, width - left.cell_length - len(right))
        return Content.assemble(left.truncate(width, ellipsis=True), " " * gap, (right, mind_style)).truncate(width)
