"""What only I know: my role in plain words, my goal, what I learnt, what my fellow werewolf says."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui import words
from tui.state import Note, Table
from tui.themes import seat_colour


class PrivatePanel(VerticalScroll, can_focus=False):
    """Rebuilt as one text whenever it changes; it is short."""

    DEFAULT_CSS = """
    PrivatePanel { scrollbar-size-vertical: 1; }
    PrivatePanel > Static { width: 1fr; height: auto; }
    """

    def compose(self):  # noqa: ANN201
        yield Static(id="private-text")

    def show(self, table: Table) -> None:
        self.border_title = "Watching" if table.me is None else "Only you see this"
        text = self.query_one("#private-text", Static)
        text.update(self._text(table))
        self.set_class(table.dead, "dead")
        self.anchor()

    def _text(self, table: Table) -> Content:
        v = table.view
        if table.me is None:
            return Content.styled("You see what everybody sees. The secrets come out at the end.", "$faint")
        if v.role is None:
            return Content.styled("Your role is dealt when all seats are taken.", "$faint")
        parts: list[Content] = []
        if table.dead:
            parts.append(Content.styled("You are dead. You may watch on.", "bold $error"))
        colour = seat_colour(table.me)
        parts.append(
            Content.assemble(("You are ", ""), (v.names[table.me], f"bold {colour}"), (f", {words.A_ROLE[v.role]}.", "bold"))
        )
        parts.append(Content.styled(words.GOAL[v.role], "$faint"))
        if v.fellows:
            names = Content(" and ").join([Content.styled(v.names[s], f"bold {seat_colour(s)}") for s in v.fellows])
            parts.append(Content.assemble("Your fellow werewolf: ", names, "."))
        when = ""
        for note in table.notes:
            if note.when != when:
                when = note.when
                parts.append(Content.assemble("\n", (when, "bold $primary")))
            parts.append(self._note(table, note))
        return Content("\n").join(parts)

    def _note(self, table: Table, note: Note) -> Content:
        if note.seat is None:
            return Content.styled(note.text, "bold $error" if note.alarming else "")
        name = "You" if note.seat == table.me else table.name(note.seat)
        return Content.assemble((f"{name}: ", f"bold {seat_colour(note.seat)}"), note.text or "says nothing")
