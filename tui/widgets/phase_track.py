"""The top row: the game, where it stands, and the time that is left."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tui.state import Connection, Table, World

HURRY_S = 10


def clock(left_s: float) -> str:
    """Minutes and seconds, rounded up, so that 0:00 means over."""
    seconds = int(left_s + 0.999)
    return f"{seconds // 60}:{seconds % 60:02}"


class PhaseTrack(Widget):
    """The present phase is lit."""

    DEFAULT_CSS = """
    PhaseTrack { height: 1; background: $panel; padding: 0 1; }
    """

    world: World | None = None
    now_s: float = 0.0

    def show(self, world: World, now_s: float) -> None:
        self.world, self.now_s = world, now_s
        self.refresh()

    def render(self) -> Content:
        if self.world is None or self.world.table is None:
            return Content("")
        table, width = self.world.table, self.content_size.width
        left = Content.styled(table.face.title, "bold $accent")
        if width >= 90:
            left = left.append(Content.styled(f"  {table.room.code or table.room.room}", "$faint"))
        middle, right = self._track(table), self._right(self.world, table)
        before = max(2, (width - middle.cell_length) // 2 - left.cell_length)
        after = max(1, width - left.cell_length - before - middle.cell_length - right.cell_length)
        return Content.assemble(left, " " * before, middle, " " * after, right).truncate(width)

    def _track(self, table: Table) -> Content:
        if not table.started:
            return Content.styled("waiting for players", "$faint")
        if table.over:
            return Content.styled("the game is over", "bold $primary")
        return table.face.look.phase(table)

    def _right(self, world: World, table: Table) -> Content:
        if world.connection is not Connection.CONNECTED:
            return Content.styled(
                "connecting…" if world.connection is Connection.CONNECTING else "no connection", "bold $error"
            )
        if table.away:
            return Content.styled("a stand-in plays", "bold $error")
        left_s = table.turn.left_s(self.now_s) if table.turn and table.my_turn else None
        if left_s is not None:
            style = "bold $error" if left_s <= HURRY_S else "bold $accent"
            return Content.assemble(("your turn ", "$accent"), (clock(left_s), style))
        if table.dead:
            return Content.styled("you are dead", "$error")
        if table.me is None and table.everything:
            return Content.styled("watching everything", "bold $secondary")
        return Content.styled("watching" if table.me is None else "", "$faint")
