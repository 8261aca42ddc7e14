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
from tui import keymap
from tui.faces.registry import face_of
from tui.settings import Settings

KEYS = (
    ("Enter", "say what you typed, or choose the marked name"),
    ("1 to 9, 0", "choose a name (letters go on after 9); 0 chooses nobody"),
    ("table.pass", "say nothing, choose nobody"),
    ("Tab", "between your words and the choices"),
    ("table.older table.newer", "older and newer talk"),
    ("app.commands", "all commands"),
    ("app.settings", "settings: colours, bell, vi keys, keys of your own"),
    ("app.debug", "the connection, for when something is wrong"),
    ("table.back", "take your seat back from a stand-in"),
    ("table.begin", "begin the game that you opened, before all have come"),
    ("app.leave", "leave"),
)
"""(keys, what they do); those with an id can be others (``tui.keymap``)."""
LEARN = "To learn it by playing: in the lobby, Ctrl+P and “Learn by playing”."


class HelpScreen(ModalScreen[None]):
    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,enter,q", "dismiss", "Close", id="help.close")]

    def __init__(self, game: str, events: Sequence[Event] = (), settings: Settings | None = None) -> None:
        """``events`` are what was seen of the match so far."""
        super().__init__()
        self.game, self.events, self.settings = game, events, settings or Settings()

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help") as dialog:
            dialog.border_title = f"{face_of(self.game).title} in one minute"
            dialog.border_subtitle = "Escape closes"
            yield Static(help_text(self.game, self.events, self.settings))


def help_text(game: str, events: Sequence[Event], settings: Settings) -> Content:
    face = face_of(game)
    rules = [
        Content.assemble((f"{heading}\n", "bold $accent"), text) if heading else Content(text)
        for heading, text in face.rules(events)
    ]
    keys = [
        Content.assemble((f"{_shown(key, settings):<11}", "bold $primary"), (does, "$faint"))
        for key, does in (*face.keys, *KEYS)
    ]
    lesson = () if face.lesson is None else (Content.styled(LEARN, "$accent"),)
    heading = Content.styled("Keys\n", "bold $accent")
    return Content("\n\n").join([*rules, *lesson, heading.append(Content("\n").join(keys))])


def _shown(key: str, settings: Settings) -> str:
    known = {b.id for b in keymap.bound()}
    parts = [keymap.key_name(keymap.keys_of(k, settings)[0]) if k in known else k for k in key.split(" ")]
    return " ".join(parts)
