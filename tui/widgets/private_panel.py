"""What only I know: my role in plain words, my goal, what I learnt, what my fellow werewolf says."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui import words
from tui.state import Note, Table
from tui.themes import seat_colour


class PrivatePanel(Vertical):
    """Who I am stays in sight; what I learnt scrolls beneath it, newest at the bottom."""

    DEFAULT_CSS = """
    PrivatePanel Static { width: 1fr; height: auto; }
    PrivatePanel #learnt { height: 1fr; margin-top: 1; scrollbar-size-vertical: 1; }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="who")
        yield Static(id="goal")
        with VerticalScroll(id="learnt", can_focus=False):
            yield Static(id="notes")

    def show(self, table: Table) -> None:
        self.border_title = "Watching" if table.me is None else "Only you see this"
        self.query_one("#who", Static).update(self._who(table))
        goal = words.goal(table.view.role) if table.view.role else ""
        self.query_one("#goal", Static).update(Content.styled(goal, "$faint"))
        self.set_class(bool(table.notes), "noted")
        self.query_one("#notes", Static).update(self._notes(table))
        self.call_after_refresh(self.query_one("#learnt").scroll_end, animate=False)
        self.set_class(table.dead, "dead")

    def _who(self, table: Table) -> Content:
        v = table.view
        if table.me is None and table.everything:
            return Content.styled("You see every secret: they stand in the talk, marked ◆.", "$secondary")
        if table.me is None:
            return Content.styled("You see what everybody sees. The secrets come out at the end.", "$faint")
        if table.plain_words and table.started:
            me = (table.name(table.me), f"bold {seat_colour(table.me)}")
            return Content.assemble("You were " if table.over else "You are ", me, ".")
        if table.plain_words:
            return Content.styled("The game begins when all seats are taken.", "$faint")
        if v.role is None:
            return Content.styled("Your role is dealt when all seats are taken.", "$faint")
        parts: list[Content] = []
        me, a_role = (v.names[table.me], f"bold {seat_colour(table.me)}"), (words.a_role(v.role), "bold")
        parts.append(Content.assemble("You were " if table.dead else "You are ", me, ", ", a_role, "."))
        if v.fellows:
            names = Content(", ").join([Content.styled(v.names[s], f"bold {seat_colour(s)}") for s in v.fellows])
            fellow = "werewolf" if len(v.fellows) == 1 else "werewolves"
            parts.append(Content.assemble(f"Your fellow {fellow}: ", names, "."))
        return Content("\n").join(parts)

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
