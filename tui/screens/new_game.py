"""The choices for a new game: house rules, who fills the seats, and what the room agrees on."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui import house_rules
from tui.faces.registry import face_of
from tui.house_rules import Choice, NewGameChoice
from tui.widgets.pick import Pick


class NewGameScreen(ModalScreen[NewGameChoice | None]):
    """Gives what was chosen, or None when dismissed. One row a choice, whatever ``tui.house_rules`` holds."""

    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "Pick"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="new.cancel"),
        Binding("down", "app.focus_next", "Next row", show=False, id="new.down"),
        Binding("up", "app.focus_previous", "Previous row", show=False, id="new.up"),
        Binding("ctrl+o", "open", "Open it", id="new.open"),
    ]

    def __init__(self, game: str = "werewolf") -> None:
        super().__init__()
        self.game = game
        self.choices: dict[str, Choice] = house_rules.rows(game)
        self.picked: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog new-game") as dialog:
            dialog.border_title = f"New game of {face_of(self.game).title}"
            dialog.border_subtitle = "arrows choose · Ctrl+O opens it"
            with VerticalScroll(id="rows", can_focus=False):
                for name, choice in self.choices.items():
                    with Horizontal(classes="row"):
                        yield Static(Content(choice.label), classes="row-label")
                        yield Pick(tuple(v.shown for v in choice.values), self._at(choice), id=name)
            yield Static(id="explained")
            with Horizontal(classes="buttons"):
                yield Button("Open it", id="open", variant="primary")
                yield Button("Cancel", id="cancel")

    def _at(self, choice: Choice) -> int:
        """Where the picked value stands in a row, or the one to start with."""
        values = [v.value for v in choice.values]
        picked = self.picked.get(choice.name, choice.start)
        return values.index(picked if picked in values else choice.start)

    async def on_pick_changed(self) -> None:
        """One pick may change what others offer; those that are still offered stay."""
        focused = self.focused.id if self.focused is not None else None
        self.picked = {name: self._value(name) for name in self.choices}
        if self.picked["game"] != self.game:
            self.game = self.picked["game"]
            self.picked = {}
        before, self.choices = self.choices, house_rules.rows(self.game, self.picked)
        if before.keys() != self.choices.keys():
            await self.recompose()
            self.query_one(f"#{focused or 'game'}", Pick).focus()
            return
        for name, choice in self.choices.items():
            if choice.values != before[name].values:
                self.query_one(f"#{name}", Pick).offer(tuple(v.shown for v in choice.values), self._at(choice))
        self._explain()

    def on_descendant_focus(self) -> None:
        self._explain()

    def _explain(self) -> None:
        focused = self.focused
        if isinstance(focused, Pick) and focused.id is not None:
            choice = self.choices[focused.id]
            said = choice.explained(choice.values[focused.at])
            self.query_one("#explained", Static).update(Content.styled(said, "$faint"))

    def _value(self, name: str) -> Any:
        return self.choices[name].values[self.query_one(f"#{name}", Pick).at].value

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "open":
            self.action_open()
        else:
            self.dismiss(None)

    def action_open(self) -> None:
        self.dismiss(house_rules.chosen({name: self._value(name) for name in self.choices}))

    def action_cancel(self) -> None:
        self.dismiss(None)
