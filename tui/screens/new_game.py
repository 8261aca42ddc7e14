"""The options of a new game that a person may want to choose."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.widgets.pick import Pick

DISCUSSION = {
    "rounds": "One after the other, in an order drawn anew each day.",
    "parallel": "All write at once; everybody hears the others when the last has spoken.",
}


class NewGameScreen(ModalScreen[dict[str, object] | None]):
    """Gives the options, or None when dismissed."""

    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "#talk-rounds"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="new.cancel"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "New game of Werewolf"
            yield Static(Content("Talk rounds a day"), classes="label")
            yield Pick(("1", "2", "3", "4", "5"), id="talk-rounds")
            yield Static(Content("Discussion"), classes="label")
            yield Pick(tuple(DISCUSSION), id="discussion")
            yield Static(Content.styled(DISCUSSION["rounds"], "$faint"), id="explained")
            with Horizontal(classes="buttons"):
                yield Button("Open it", id="open", variant="primary")
                yield Button("Cancel", id="cancel")

    def on_pick_changed(self) -> None:
        discussion = self.query_one("#discussion", Pick).value
        self.query_one("#explained", Static).update(Content.styled(DISCUSSION[discussion], "$faint"))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "open":
            self.dismiss(
                {
                    "talk_rounds": int(self.query_one("#talk-rounds", Pick).value),
                    "discussion": self.query_one("#discussion", Pick).value,
                }
            )
        else:
            self.dismiss(None)

    def action_cancel(self) -> None:
        self.dismiss(None)
