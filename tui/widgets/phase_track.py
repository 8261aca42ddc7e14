"""The top row: the game, where it stands, and the time that is left."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from arena.games.werewolf.types import Phase
from tui import any_game
from tui.state import Connection, Table, World

HURRY_S = 10


def clock(left_s: float) -> str:
    """Minutes and seconds, rounded up, so that 0:00 means over."""
    seconds = int(left_s + 0.999)
    return f"{seconds // 60}:{seconds % 60:02}"


class PhaseTrack(Widget):
    """Night, talk, vote as a track with the present phase lit."""

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
        left = Content.styled(any_game.title(table.room.game), "bold $accent")
        if width >= 90:
            left = left.append(Content.styled(f"  {table.room.code or table.room.room}", "$faint"))
        middle, right = self._track(table), self._right(self.world, table)
        before = max(2, (width - middle.cell_length) // 2 - left.cell_length)
        after = max(1, width - left.cell_length - before - middle.cell_length - right.cell_length)
        return Content.assemble(left, " " * before, middle, " " * after, right).truncate(width)

    def _track(self, table: Table) -> Content:
        v = table.view
        if not table.started:
            return Content.styled("waiting for players", "$faint")
        if table.over:
            return Content.styled("the game is over", "bold $primary")
        if table.plain_words:
            return Content("")
        steps: dict[Phase, str] = {
            Phase.NIGHT: f"Night {v.day}",
            Phase.TALK: f"Day {v.day}",
            Phase.VOTE: "Vote",
        }
        if v.phase is Phase.ELECTION:
            steps = {Phase.NIGHT: steps[Phase.NIGHT], Phase.TALK: steps[Phase.TALK], Phase.ELECTION: "Election"}
        if v.phase is Phase.SETUP:
            return Content.styled("dealing the roles", "$faint")
        present = {Phase.DAWN: Phase.NIGHT, Phase.ELECTION: Phase.TALK, Phase.DUSK: Phase.VOTE}.get(v.phase, v.phase)
        parts = [
            Content.styled(f" {name} ", "bold $background on $primary" if phase is present else "$faint")
            for phase, name in steps.items()
        ]
        return Content.styled(" › ", "$faint").join(parts)

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
