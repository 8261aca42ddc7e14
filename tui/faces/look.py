"""How a game is drawn on the screens: the panels at the table and the end. Its words are those of its ``Face``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content

from tui.faces import results
from tui.themes import seat_colour

if TYPE_CHECKING:
    from tui.faces.face import Face
    from tui.state import Table

PICTURE_ROWS: Final = 12


class Look:
    """Any game, by its own picture."""

    def __init__(self, face: Face) -> None:
        self.face = face

    def phase(self, table: Table) -> Content:
        """Where the match stands."""
        return Content("")

    def picture(self, table: Table, width: int) -> tuple[Content, ...]:
        """How the table looks now, in rows; empty where the lines are enough."""
        if self.face.game is None or not table.events:
            return ()
        rows = self.face.game.picture(table.events)[:PICTURE_ROWS]
        return tuple(Content.styled(row, "bold") for row in rows)

    def picture_title(self, table: Table) -> str:
        return "Table"

    def me(self, table: Table, width: int) -> tuple[Content, Content]:
        """Who I am, and what I am after: what stays in sight of the things that only I know."""
        if table.me is None and table.everything:
            return Content.styled("You see every secret: they stand in the talk, marked ◆.", "$secondary"), Content("")
        if table.me is None:
            watching = "You see what everybody sees. The secrets come out at the end."
            return Content.styled(watching, "$faint"), Content("")
        if not table.started:
            return Content.styled(self.face.before(), "$faint"), Content("")
        name = (table.name(table.me), f"bold {seat_colour(table.me)}")
        return Content.assemble("You were " if table.over else "You are ", name, "."), Content("")

    def card(self, table: Table, width: int) -> Content:
        """What more only I know from the beginning."""
        return Content("")

    def result(self, table: Table, width: int) -> Content:
        """The table of the end screen."""
        return results.by_seat(table, width)
