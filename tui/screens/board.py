"""What ladder, training runs and past games have in common: they ask now and then, and Escape leads back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui import words
from tui.screens.informed import Informed
from tui.state import Connection, World


class BoardScreen(Informed, Screen[None]):
    """``ask`` posts the message that asks for what is shown, every ``EVERY_S`` seconds; ``draw`` shows it."""

    EVERY_S: ClassVar[float] = 10.0
    CSS_PATH = "board.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "app.pop_screen", "Back", id="board.back")]

    def __init__(self, world: World, now_s: float) -> None:
        super().__init__()
        self.world, self.now_s = world, now_s
        self.drawn = False

    def on_mount(self) -> None:
        self.drawn = True
        self.set_interval(self.EVERY_S, self.ask)
        self.ask()
        self.hear(self.world, self.now_s)

    def tick(self, world: World, now_s: float) -> None:
        if world.lost is not None:  # it says when the next attempt comes
            self.hear(world, now_s)

    def hear(self, world: World, now_s: float) -> None:
        self.world, self.now_s = world, now_s
        if self.drawn and self.query("#board-notice"):
            self.draw()
            self._draw_notice()

    def commands(self) -> Iterator[SystemCommand]:
        """The entries of the command palette that belong to this screen."""
        yield from ()

    # Textual's screens have a metaclass of their own, so these two cannot be abstract.

    def ask(self) -> None:
        """Post the message that asks for what is shown."""
        raise NotImplementedError(f"{type(self).__name__} asks for nothing")

    def draw(self) -> None:
        """Show what the world has of it."""
        raise NotImplementedError(f"{type(self).__name__} shows nothing")

    def _draw_notice(self) -> None:
        world, notice = self.world, self.query_one("#board-notice", Static)
        said = world.board_notice
        if world.lost is not None:
            said = words.lost(world.lost, self.now_s)
        elif world.connection is Connection.ENDED:
            said = world.notice
        notice.update(Content(said))
        notice.display = bool(said)
