"""Everything that only I know, in one place and as broad as it needs."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.state import Table

WIDTH = 68


class CardScreen(ModalScreen[None]):
    """The card as it is now; the same key closes it."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f2,enter,q", "dismiss", "Close", id="card.close")]

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table

    def compose(self) -> ComposeResult:
        face = self.table.face
        with VerticalScroll(classes="dialog help") as dialog:
            dialog.border_title = "Only you see this"
            dialog.border_subtitle = "Escape closes"
            yield Static(Content("\n").join(face.look.me(self.table, WIDTH)))
            yield Static(Content("\n").join([Content(""), face.look.card(self.table, WIDTH)]))
