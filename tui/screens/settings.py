"""How the screens look and which keys do what; every change counts at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from tui import keymap
from tui.keymap import Bound
from tui.screens.informed import Informed
from tui.settings import CHOICES, Settings
from tui.widgets.pick import Pick

DOES_CELLS = 26
PLACE_CELLS = 14


class KeyList(OptionList):
    """Everything that has a key, a row each."""

    DEFAULT_CSS = """
    KeyList { height: 1fr; min-height: 3; border: none; background: transparent; padding: 0; margin-top: 1;
        scrollbar-size-vertical: 1; }
    KeyList:focus { border: none; }
    KeyList > .option-list--option { text-wrap: nowrap; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "cursor_down", "Next key", show=False, id="settings.next-key"),
        Binding("up", "cursor_up", "Previous key", show=False, id="settings.previous-key"),
        Binding("delete,backspace", "reset", "Back to the first key", show=False, id="settings.reset"),
    ]

    class Reset(Message):
        """This is to have the key that it had at first."""

        def __init__(self, bound: Bound) -> None:
            super().__init__()
            self.bound = bound

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.all = keymap.bound()

    def show(self, settings: Settings) -> None:
        marked = self.highlighted
        self.clear_options()
        self.add_options([Option(_row(b, settings)) for b in self.all])
        self.highlighted = marked

    def marked(self) -> Bound | None:
        return None if self.highlighted is None else self.all[self.highlighted]

    def action_reset(self) -> None:
        if (marked := self.marked()) is not None:
            self.post_message(self.Reset(marked))


class SettingsScreen(Informed, ModalScreen[None]):
    """``changed`` hears of every change."""

    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "Pick"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f4", "dismiss", "Close", id="settings.close"),
        Binding("down", "app.focus_next", "Next row", show=False, id="settings.down"),
        Binding("up", "app.focus_previous", "Previous row", show=False, id="settings.up"),
    ]

    def __init__(self, settings: Settings, changed: Callable[[Settings], None]) -> None:
        super().__init__()
        self.settings, self.changed = settings, changed

    def closes(self, action: str) -> bool:
        return action == "settings"

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog settings") as dialog:
            dialog.border_title = "Settings"
            dialog.border_subtitle = "Escape closes"
            for choice in CHOICES:
                values = tuple(v.shown for v in choice.values)
                at = [v.value for v in choice.values].index(getattr(self.settings, choice.name))
                with Horizontal(classes="row"):
                    yield Static(Content(choice.label), classes="row-label")
                    yield Pick(values, at, id=choice.name)
            yield KeyList(id="keys")
            yield Static(id="explained")
            with Horizontal(classes="buttons"):
                yield Button("Done", id="done", variant="primary")
                yield Button("All keys as at first", id="reset")

    def on_mount(self) -> None:
        self.query_one(KeyList).show(self.settings)

    def _use(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)
        self.query_one(KeyList).show(self.settings)
        self.changed(self.settings)

    def _say(self, text: str, style: str = "$faint") -> None:
        self.query_one("#explained", Static).update(Content.styled(text, style))

    # -- rows -----------------------------------------------------------------------------------------------------

    def on_pick_changed(self) -> None:
        picked = {c.name: c.values[self.query_one(f"#{c.name}", Pick).at].value for c in CHOICES}
        self._use(**picked)
        self._explain()

    def on_descendant_focus(self) -> None:
        self._explain()

    def _explain(self) -> None:
        choice = next((c for c in CHOICES if self.focused is not None and c.name == self.focused.id), None)
        if choice is not None:
            self._say(choice.explained(choice.values[self.query_one(f"#{choice.name}", Pick).at]))
        elif isinstance(self.focused, KeyList):
            self._say("Enter gives it another key, Del the one that it had at first.")
        else:
            self._say("")

    # -- keys -----------------------------------------------------------------------------------------------------

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        marked = self.query_one(KeyList).marked()
        if marked is None:
            return

        def pressed(key: str | None) -> None:
            if key is not None:
                self.give(marked, key)

        self.app.push_screen(PressKeyScreen(marked), pressed)

    def on_key_list_reset(self, event: KeyList.Reset) -> None:
        event.stop()
        self.give(event.bound, None)

    def give(self, bound: Bound, key: str | None) -> None:
        """Let ``key`` do this from now on; None: the key that it had at first."""
        changed, why = keymap.rebound(bound, key, self.settings)
        if why:
            self._say(f"{why} Nothing has changed.", "bold $error")
            return
        self._use(keys=changed.keys)
        now = keymap.shown(keymap.keys_of(bound.id, self.settings))
        self._say(f"{bound.does} ({bound.place}): {now}.", "bold $success")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "done":
            self.dismiss()
        else:
            self._use(keys={})
            self._say("Every key does again what it did at first.", "bold $success")


class PressKeyScreen(Informed, ModalScreen[str | None]):
    """Gives the next key that is pressed, or None for Escape. While it is open no key does anything else."""

    CSS_PATH = "dialog.tcss"

    def __init__(self, bound: Bound) -> None:
        super().__init__()
        self.bound = bound

    def closes(self, action: str) -> bool:
        return True

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = f"{self.bound.does} ({self.bound.place})"
            dialog.border_subtitle = "Escape keeps it"
            yield Static(Content("Press the key that is to do this."))

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.dismiss(None if event.key == "escape" else event.key)

    def on_click(self) -> None:
        self.dismiss(None)


def _row(bound: Bound, settings: Settings) -> Content:
    own = bound.id in settings.keys
    keys = keymap.shown(keymap.keys_of(bound.id, settings))
    return Content.assemble(
        (f"{bound.place:<{PLACE_CELLS}}", "$faint"),
        f"{bound.does:<{DOES_CELLS}}",
        (keys, "bold $accent" if own else "bold"),
        ("  yours" if own else "", "$accent"),
    )
