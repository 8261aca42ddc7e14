"""The rules of the game in one minute, and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from arena.games.core import Event
from tui.faces.registry import face_of

KEYS = (
    ("Enter", "say what you typed, or choose the marked name"),
    ("1 to 9, 0", "choose a name (letters go on after 9); 0 chooses nobody"),
    ("Ctrl+N", "say nothing, choose nobody"),
    ("Tab", "between your words and the choices"),
    ("PgUp PgDn", "older and newer talk"),
    ("Ctrl+P", "all commands; colours too"),
    ("Ctrl+T", "take your seat back from a stand-in"),
    ("Ctrl+G", "begin the game that you opened, before all have come"),
    ("Ctrl+Q", "leave"),
)


class HelpScreen(ModalScreen[None]):
    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,enter,q", "dismiss", "Close", id="help.close")]

    def __init__(self, game: str, events: Sequence[Event] = ()) -> None:
        """``events`` are what was seen of the match so far."""
        super().__init__()
        self.game, self.events = game, events

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help") as dialog:
            dialog.border_title = f"{face_of(self.game).title} in one minute"
            dialog.border_subtitle = "Escape closes"
            yield Static(help_text(self.game, self.events))


def help_text(game: str, events: Sequence[Event] = ()) -> Content:
    face = face_of(game)
    rules = [
        Content.assemble((f"{heading}\n", "bold $accent"), text) if heading else Content(text)
        for heading, text in face.rules(events)
    ]
    keys = [Content.assemble((f"{key:<11}", "bold $primary"), (does, "$faint")) for key, does in (*face.keys, *KEYS)]
    return Content("\n\n").join([*rules, Content.assemble(("Keys\n", "bold $accent"), Content("\n").join(keys))])
