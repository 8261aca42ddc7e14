"""Werewolf as it is drawn: night, talk, vote as a track, and my role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from arena.games.werewolf.types import Phase
from tui.faces.look import Look
from tui.faces.werewolf_words import a_role, goal
from tui.themes import seat_colour

if TYPE_CHECKING:
    from tui.state import Table


class WerewolfLook(Look):
    def phase(self, table: Table) -> Content:
        v = table.view
        if v.phase is Phase.SETUP:
            return Content.styled("dealing the roles", "$faint")
        steps: dict[Phase, str] = {
            Phase.NIGHT: f"Night {v.day}",
            Phase.TALK: f"Day {v.day}",
            Phase.VOTE: "Vote",
        }
        if v.phase is Phase.ELECTION:
            steps = {Phase.NIGHT: steps[Phase.NIGHT], Phase.TALK: steps[Phase.TALK], Phase.ELECTION: "Election"}
        present = {Phase.DAWN: Phase.NIGHT, Phase.ELECTION: Phase.TALK, Phase.DUSK: Phase.VOTE}.get(v.phase, v.phase)
        parts = [
            Content.styled(f" {name} ", "bold $background on $primary" if phase is present else "$faint")
            for phase, name in steps.items()
        ]
        return Content.styled(" › ", "$faint").join(parts)

    def me(self, table: Table, width: int) -> tuple[Content, Content]:
        v = table.view
        if table.me is None or v.role is None:
            return super().me(table, width)
        name, role = (v.names[table.me], f"bold {seat_colour(table.me)}"), (a_role(v.role), "bold")
        parts = [Content.assemble("You were " if table.dead else "You are ", name, ", ", role, ".")]
        if v.fellows:
            names = Content(", ").join([Content.styled(v.names[s], f"bold {seat_colour(s)}") for s in v.fellows])
            fellow = "werewolf" if len(v.fellows) == 1 else "werewolves"
            parts.append(Content.assemble(f"Your fellow {fellow}: ", names, "."))
        return Content("\n").join(parts), Content.styled(goal(v.role), "$faint")
