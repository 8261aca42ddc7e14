"""The keys of a replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.faces.face import Face

KEYS: Final = (
    ("← →", "a turn back, a turn on (also h and l)"),
    ("PgUp PgDn", "a phase back, a phase on"),
    ("Home End", "to the beginning, to the end"),
    ("0", "see everything"),
    ("1 to 9", "see with the eyes of a seat: only what it saw"),
    ("Tab", "the next seat's eyes"),
    ("s", "who is believed to be what, as a map"),
    ("m", "to the message that moved those beliefs most"),
    ("↑ ↓", "older and newer talk; with Shift, more of this turn"),
    ("Escape", "leave"),
)


class ReplayKeys(ModalScreen[None]):
    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,enter,q", "dismiss", "Close", id="keys.close")]

    def __init__(self, face: Face) -> None:
        super().__init__()
        self.face = face

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help") as dialog:
            dialog.border_title = "Keys of the replay"
            dialog.border_subtitle = "Escape closes"
            yield Static(Content("\n").join(self._rows()))

    def _rows(self) -> Iterator[Content]:
        jumps = [
            (f"{jump.key} {jump.key.upper()}", f"the next {jump.label.lower()} ({jump.glyph}), and the one before")
            for jump in self.face.jumps
        ]
        for key, does in (*KEYS[:3], *jumps, *KEYS[3:]):
            yield Content.assemble((f"{key:<11}", "bold $primary"), (does, "$faint"))
