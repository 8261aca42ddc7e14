"""Asks for the code of a room."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from arena.protocol.text import clean_text


class JoinCodeScreen(ModalScreen[str | None]):
    """Gives the code, or None when dismissed."""

    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "#code"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="code.cancel")]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Join by code"
            yield Static(Content("Whoever opened the game sees its code on the table."))
            yield Input(placeholder="for example KRTWN", max_length=64, compact=True, id="code")
            with Horizontal(classes="buttons"):
                yield Button("Join", id="join", variant="primary")
                yield Button("Cancel", id="cancel")

    def on_input_submitted(self) -> None:
        self._join()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "join":
            self._join()
        else:
            self.dismiss(None)

    def _join(self) -> None:
        if code := clean_text(self.query_one("#code", Input).value).strip():
            self.dismiss(code)

    def action_cancel(self) -> None:
        self.dismiss(None)
