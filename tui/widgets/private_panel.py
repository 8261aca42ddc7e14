"""What only I know: who I am, what I want, what I learnt, as the face of the game tells it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.lines import Note
from tui.state import Table
from tui.themes import seat_colour


class PrivatePanel(Vertical):
    """Who I am stays in sight; what else I know scrolls beneath it, the newest at the bottom."""

    DEFAULT_CSS = """
    PrivatePanel Static { width: 1fr; height: auto; }
    PrivatePanel #learnt { height: 1fr; margin-top: 1; scrollbar-size-vertical: 1; }
    """

    table: Table | None = None
    _noted: int = 0

    def compose(self) -> ComposeResult:
        yield Static(id="who")
        yield Static(id="goal")
        with VerticalScroll(id="learnt", can_focus=False):
            yield Static(id="card")
            yield Static(id="notes")

    def show(self, table: Table) -> None:
        self.border_title = "Watching" if table.me is None else "Only you see this"
        self.table = table
        self._draw()
        self.set_class(bool(table.notes), "noted")
        self.query_one("#notes", Static).update(self._notes(table))
        if len(table.notes) != self._noted:
            self._noted = len(table.notes)
            self.call_after_refresh(self.query_one("#learnt").scroll_end, animate=False)
        self.set_class(table.dead, "dead")

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        table, width = self.table, max(10, self.content_size.width - 1)
        if table is None:
            return
        who, goal = table.face.look.me(table, width)
        self.query_one("#who", Static).update(who)
        self.query_one("#goal", Static).update(goal)
        card = table.face.look.card(table, width)
        self.query_one("#card", Static).update(card)
        self.query_one("#card").display = bool(card.plain)

    def _notes(self, table: Table) -> Content:
        parts: list[Content] = []
        when = ""
        for note in table.notes:
            if note.when != when:
                when = note.when
                parts.append(Content.assemble(("── ", "$line"), (when, "bold $primary"), (" ──", "$line")))
            parts.append(_note(table, note))
        return Content("\n").join(parts)


def _note(table: Table, note: Note) -> Content:
    if note.seat is None:
        return Content.styled(note.text, "bold $error" if note.alarming else "")
    name = "You" if note.seat == table.me else table.name(note.seat)
    return Content.assemble((f"{name}: ", f"bold {seat_colour(note.seat)}"), note.text or "says nothing")
