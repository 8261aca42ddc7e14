"""What stands in the place of the talk until all seats are taken: the code to tell others, and how to begin."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tui import words
from tui.state import World


class WaitingRoom(Widget):
    """Shown before the match has begun."""

    DEFAULT_CSS = """
    WaitingRoom {
        height: 1fr; content-align: center middle; text-align: center; border: round $line;
        border-title-color: $faint; padding: 0 1; display: none;
    }
    WaitingRoom.shown { display: block; }
    """

    world: World | None = None

    def show(self, world: World) -> None:
        self.world = world
        self.border_title = "Waiting for players"
        self.set_class(world.table is not None and not world.table.started and not world.table.over, "shown")
        self.refresh()

    def render(self) -> Content:
        if self.world is None or self.world.table is None:
            return Content("")
        table = self.world.table
        parts = [Content.styled(table.face.waiting(table), "bold")]
        if table.room.code:
            parts.append(Content.assemble("Tell others this code:  ", (table.room.code, "bold $accent")))
            parts.append(Content.styled(f"arena play --room {table.room.code}", "$faint"))
        if marks := words.marks(table.room):
            parts.append(Content.styled(f"This game is {' and '.join(marks)}.", "$faint"))
        if self.world.mine == table.room.room:
            parts.append(Content.assemble(("Ctrl+G", "bold $accent"), " begins now: the model takes the open seats."))
        return Content("\n\n").join(parts)
