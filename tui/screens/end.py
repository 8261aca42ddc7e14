"""The end of a game: who won and why, who was what, by which votes; play again or leave."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Footer, Static

from tui.messages import LeaveTable, QuickMatch, Rate, ReadReplay
from tui.screens.informed import Informed
from tui.state import Table, World
from tui.widgets.result_grid import ResultGrid
from tui.widgets.stars import Stars
from tui.widgets.too_small import TooSmall


class EndScreen(Informed, Screen[None]):
    """Stands above the table, so that Escape goes back to what was said."""

    CSS_PATH = "end.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "again", "Play again", id="end.again"),
        Binding("r", "replay", "Replay", id="end.replay"),
        Binding("l", "leave", "Lobby", id="end.leave"),
        Binding("escape", "back", "Talk", id="end.back"),
        Binding("left", "app.focus_previous", "Previous", show=False, id="end.previous"),
        Binding("right", "app.focus_next", "Next", show=False, id="end.next"),
        *(Binding(str(n), f"rate({n})", f"Rate it {n} of 5", show=False, id=f"end.rate-{n}") for n in range(1, 6)),
        Binding("up", "scroll_result(-1)", "Back", show=False, id="end.up"),
        Binding("down", "scroll_result(1)", "More", id="end.more"),
        Binding("pageup", "scroll_result(-10)", show=False),
        Binding("pagedown", "scroll_result(10)", show=False),
    ]

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table

    def compose(self) -> ComposeResult:
        won = self.table.face.won(self.table)
        yield TooSmall()
        with VerticalScroll(id="body", can_focus=False), Vertical(id="card", classes="lost" if won is False else ""):
            yield Static(self._headline(won), id="headline")
            yield Static(Content.styled(self.table.face.why(self.table), "$faint"), id="why")
            yield Static(id="end-notice")
            yield Static(_moments(self.table), id="moments")
            yield ResultGrid(self.table, id="result")
            yield Stars(id="stars")
            with Horizontal(id="buttons"):
                yield Button("Play again", id="again", variant="primary")
                yield Button("Replay", id="replay")
                yield Button("Read the talk", id="back")
                yield Button("Lobby", id="leave")
        yield Footer(show_command_palette=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What fits onto the screen needs no scrolling."""
        return action != "scroll_result" or bool(self.query("#body") and self.query_one("#body").max_scroll_y)

    def on_mount(self) -> None:
        self.call_after_refresh(self.refresh_bindings)
        self._show_stars()
        self.set_focus(self.query_one("#again"), scroll_visible=False)  # what it is about stands first

    def hear(self, world: World, now_s: float) -> None:
        if world.table is not None:
            self.table = world.table
            self._show_stars()

    def _show_stars(self) -> None:
        """What changes after the end: how I rate it."""
        for stars in self.query(Stars):
            stars.display = self.table.me is not None
            stars.show(self.table.stars, self.table.notice)

    def _headline(self, won: bool | None) -> Content:
        winner = self.table.face.winner(self.table)
        if won is None:
            return Content.styled(f"{winner}.", "bold $accent")
        mine = "You won." if won else "You lost."
        return Content.assemble((mine, "bold $success" if won else "bold $error"), (f"  {winner}.", "bold"))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.id:
            case "again":
                self.action_again()
            case "replay":
                self.action_replay()
            case "leave":
                self.action_leave()
            case _:
                self.action_back()

    def action_scroll_result(self, by: int) -> None:
        self.query_one("#body").scroll_relative(y=by, animate=False)

    def on_stars_given(self, event: Stars.Given) -> None:
        event.stop()
        self.action_rate(event.stars)

    def action_rate(self, stars: int) -> None:
        if self.table.me is not None:
            self.post_message(Rate(stars))

    def action_again(self) -> None:
        self.post_message(QuickMatch())

    def action_replay(self) -> None:
        self.say("Reading the match …")
        self.post_message(ReadReplay(self.table.room.room))

    def say(self, notice: str) -> None:
        """A line below the buttons."""
        shown = self.query_one("#end-notice", Static)
        shown.update(Content(notice))
        shown.display = bool(notice)

    def on_screen_resume(self) -> None:
        self.say("")

    def action_leave(self) -> None:
        self.post_message(LeaveTable())

    def action_back(self) -> None:
        self.dismiss()


def _moments(table: Table) -> Content:
    rows = [
        Content.assemble((f"{moment.when:<9}", "bold $primary"), moment.text) for moment in table.face.moments(table)
    ]
    return Content("\n").join(rows)
