"""The choices for a new game: house rules, who fills the seats, and what the room agrees on."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui import any_game, house_rules
from tui.house_rules import Choice, NewGameChoice
from tui.widgets.pick import Pick


class NewGameScreen(ModalScreen[NewGameChoice | None]):
    """Gives what was chosen, or None when dismissed. One row a choice, whatever ``tui.house_rules`` holds."""

    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "Pick"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="new.cancel"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("ctrl+o", "open", "Open it", id="new.open"),
    ]

    def __init__(self, game: str = "werewolf") -> None:
        super().__init__()
        self.game = game
        self.choices: dict[str, Choice] = house_rules.rows(game)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog new-game") as dialog:
            dialog.border_title = f"New game of {any_game.title(self.game)}"
            dialog.border_subtitle = "arrows choose · Ctrl+O opens it"
            with VerticalScroll(id="rows", can_focus=False):
                for name, choice in self.choices.items():
                    with Horizontal(classes="row"):
                        yield Static(Content(choice.label), classes="row-label")
                        at = next((i for i, v in enumerate(choice.values) if v.value == choice.start), 0)
                        yield Pick(tuple(v.shown for v in choice.values), at, id=name)
            yield Static(id="explained")
            with Horizontal(classes="buttons"):
                yield Button("Open it", id="open", variant="primary")
                yield Button("Cancel", id="cancel")

    async def on_pick_changed(self) -> None:
        if (game := self._value("game")) != self.game:
            self.game, self.choices = game, house_rules.rows(game)
            await self.recompose()
            self.query_one("#game", Pick).focus()
            return
        if "seats" in self.choices:
            people = house_rules.people(self._value("seats"))
            self.choices[people.name] = people
            self.query_one(f"#{people.name}", Pick).offer(tuple(v.shown for v in people.values))
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
