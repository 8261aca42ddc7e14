"""A social scenario as it is drawn: the card, the offer, the turn's number, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content

from arena.games.scenario.state import Order, Stage
from arena.games.scenario.view import view
from tui.faces import scenario_card, scenario_end
from tui.faces.look import Look

if TYPE_CHECKING:
    from tui.state import Table

_STAGES: Final = {Stage.GIVING: "The pot", Stage.GUESSING: "Guesses"}


class ScenarioLook(Look):
    def phase(self, table: Table) -> Content:
        v = view(table.events)
        if v.stage is Stage.TALK:
            unit = "Round" if v.order is Order.PARALLEL else "Turn"
            now = f"{unit} {min(v.taken + 1, v.turns)}"
            return Content.assemble((f" {now} ", "bold $background on $primary"), (f" of {v.turns}", "$faint"))
        return Content.styled(f" {_STAGES.get(v.stage, '')} ", "bold $background on $primary")

    def picture(self, table: Table, width: int) -> tuple[Content, ...]:
        v = view(table.events)
        return scenario_card.offer(table, v, width) if v.stage in (Stage.TALK, Stage.GIVING) else ()

    def picture_title(self, table: Table) -> str:
        return "Promises" if view(table.events).offer is None else "The offer on the table"

    def me(self, table: Table, width: int) -> tuple[Content, Content]:
        v = view(table.events)
        if table.me is None or not v.card:
            return super().me(table, width)
        return scenario_card.who(table, v), Content.assemble(("Goal: ", "bold $accent"), (v.card["goal"], "bold"))

    def card(self, table: Table, width: int) -> Content:
        v = view(table.events)
        return scenario_card.rest(table, v, width) if v.card else Content("")

    def result(self, table: Table, width: int) -> Content:
        return scenario_end.result(table, view(table.events), width)
