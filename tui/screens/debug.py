"""What goes over the wire, for when something is wrong: the connection, the versions, the last messages."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from arena.client.trace import Traced
from tui import connection_facts
from tui.link import Link
from tui.screens.informed import Informed
from tui.state import World


class DebugScreen(Informed, ModalScreen[None]):
    """Reads the link every second. Tokens are never in what it shows or copies (``arena.client.trace``)."""

    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "#messages"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f12,q", "dismiss", "Close", id="debug.close"),
        Binding("c", "copy", "Copy", id="debug.copy"),
    ]

    def __init__(self, link: Link, world: World, here: str | None = None) -> None:
        """``here`` names the programs on this side."""
        super().__init__()
        self.link, self.world = link, world
        self.here = connection_facts.programs() if here is None else here
        self.round_trip = "…"
        self.traced: tuple[Traced, ...] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog debug") as dialog:
            dialog.border_title = "The connection"
            dialog.border_subtitle = "c copies it all · Escape closes"
            yield Static(id="facts")
            with VerticalScroll(id="messages"):
                yield Static(id="lines")
            with Horizontal(classes="buttons"):
                yield Button("Copy", id="copy")
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        self.query_one("#messages", VerticalScroll).anchor()
        self._measure()

    def hear(self, world: World, now_s: float) -> None:
        self.world = world
        self._draw()

    def tick(self, world: World, now_s: float) -> None:
        self._measure()

    def closes(self, action: str) -> bool:
        return action == "debug"

    def _measure(self) -> None:
        self._draw()
        self.run_worker(self.measure(), exclusive=True, group="round-trip")

    def _draw(self) -> None:
        if not self.query("#lines"):
            return
        facts = [Content.assemble((f"{name:<12}", "$faint"), value) for name, value in self.facts()]
        self.query_one("#facts", Static).update(Content("\n").join(facts))
        if (traced := self.link.trace.lines()) != self.traced:
            self.traced = traced
            self.query_one("#lines", Static).update(Content("\n").join(map(_drawn, traced)))

    async def measure(self) -> None:
        """Ask how long a message takes, and show it."""
        self.round_trip = await connection_facts.round_trip(self.link)
        self._draw()

    def facts(self) -> list[tuple[str, str]]:
        """(name, value), cleaned."""
        return connection_facts.facts(self.link, self.world, self.round_trip, self.here)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "copy":
            self.action_copy()
        else:
            self.dismiss()

    def action_copy(self) -> None:
        rows = [f"{name:<12}{value}" for name, value in self.facts()]
        self.app.copy_to_clipboard("\n".join([*rows, "", *(_drawn(t).plain for t in self.traced)]) + "\n")
        self.query_one(".dialog").border_subtitle = "copied · Escape closes"


def _drawn(traced: Traced) -> Content:
    kind, _, rest = traced.line.partition(" ")
    return Content.assemble(
        (f"{connection_facts.when(traced)} ", "$faint"), (kind, "bold $primary"), (f" {rest}".rstrip(), "")
    )
