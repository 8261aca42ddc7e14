"""One line above the table for what is out of order: no connection, a stand-in in my seat, a match that is gone."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tui import words
from tui.faces.face import STAND_IN
from tui.state import Connection, Table, World


class Banner(Widget):
    """Not there while all is well."""

    DEFAULT_CSS = """
    Banner { height: 1; display: none; padding: 0 1; }
    Banner.shown { display: block; }
    Banner.lost { background: $panel; }
    Banner.alarm { background: $error; color: $background; text-style: bold; }
    """

    world: World | None = None
    now_s: float = 0.0

    def show(self, world: World, now_s: float) -> None:
        self.world, self.now_s = world, now_s
        table = world.table
        lost = world.connection in (Connection.LOST, Connection.ENDED)
        alarm = table is not None and bool(table.gone or (table.away and not lost))
        self.set_class(alarm, "alarm")
        self.set_class(lost and not alarm, "lost")
        self.set_class(lost or alarm, "shown")
        self.refresh()

    def render(self) -> Content:
        if self.world is None or self.world.table is None:
            return Content("")
        return self._text(self.world, self.world.table).truncate(self.content_size.width, ellipsis=True)

    def _text(self, world: World, table: Table) -> Content:
        if table.gone:
            return Content(f"{table.gone} Enter goes to the lobby.")
        if world.connection is Connection.ENDED:
            return Content.styled(f"{world.notice} Ctrl+Q leaves.", "$error")
        if world.lost is not None:
            return Content.styled(words.lost(world.lost, self.now_s), "$warning")
        if table.away:
            return Content(f"{STAND_IN}. Ctrl+T takes your seat back.")
        return Content("")
