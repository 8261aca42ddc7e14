"""What went wrong in a run, newest first, with what was done about it."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from arena.protocol.training_rows import RunShown
from tui import words


class AlarmList(VerticalScroll):
    """Alarms, each with its update; and where there are none, that all is well."""

    def compose(self):
        yield Static(id="alarm-text")

    def show(self, shown: RunShown) -> None:
        self.border_title = Content("Alarms" if not shown.alarms else f"Alarms ({len(shown.alarms)})")
        lines = [
            Content.assemble(
                (f"update {a.update}", "bold $error"), (f" {words.span(a.age_s)} ago", "$faint"), f"\n{a.text}",
                (f"\n{a.done}" if a.done else "", "$accent"),
            )
            for a in shown.alarms
        ]  # fmt: skip
        text = Content("\n").join(lines) if lines else Content.styled("None: the run behaves.", "$faint")
        self.query_one("#alarm-text", Static).update(text)
