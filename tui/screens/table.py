"""The table: talk, seats, phase, what only I know, and the place where I act."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer

from tui.messages import Begin, LeaveTable, TakeBack
from tui.screens.card import CardScreen
from tui.screens.informed import Informed
from tui.state import World
from tui.widgets.banner import Banner
from tui.widgets.chat import Chat
from tui.widgets.phase_track import PhaseTrack
from tui.widgets.picture import Picture
from tui.widgets.private_panel import PrivatePanel
from tui.widgets.seat_list import SeatList
from tui.widgets.too_small import TooSmall
from tui.widgets.turn_panel import TurnPanel
from tui.widgets.vote_matrix import VoteMatrix
from tui.widgets.waiting_room import WaitingRoom

ACTIONS: Final = ("take_back", "begin", "pass_turn", "card", "result", "lobby")
"""What can be done at some times and not at others."""


class TableScreen(Informed, Screen[None]):
    """Shows a ``World``; acts leave it as messages to the app."""

    CSS_PATH = "table.tcss"
    AUTO_FOCUS = ""
    at_table = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "take_back", "Take my seat back", id="table.back", priority=True),
        Binding("ctrl+g", "begin", "Begin now", id="table.begin", priority=True),
        Binding("ctrl+n", "pass_turn", "Pass", id="table.pass", priority=True),
        Binding("pageup", "scroll_talk(-1)", "Older", id="table.older", priority=True, show=False),
        Binding("pagedown", "scroll_talk(1)", "Newer", id="table.newer", priority=True, show=False),
        Binding("f2", "card", "My card", id="table.card", priority=True),
        Binding("enter", "result", "Result", id="table.result"),
        Binding("enter", "lobby", "Lobby", id="table.lobby"),
    ]

    def __init__(self, world: World, now_s: float) -> None:
        super().__init__()
        self.world, self.now_s = world, now_s
        self.drawn = False
        self._able: tuple[bool | None, ...] = ()
        self.phase, self.banner, self.waiting = PhaseTrack(), Banner(), WaitingRoom()
        self.chat, self.turn = Chat(id="chat"), TurnPanel(id="turn")
        self.seats, self.votes, self.picture = SeatList(id="seats"), VoteMatrix(id="votes"), Picture(id="picture")
        self.private = PrivatePanel(id="private")

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield self.phase
        yield self.banner
        with Horizontal(id="body"):
            with Vertical(id="talk"):
                yield self.waiting
                yield self.chat
                yield self.turn
            with Vertical(id="side"):
                with Vertical(id="people"):
                    yield self.seats
                    yield self.votes
                    yield self.picture
                yield self.private
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.drawn = True
        self.hear(self.world, self.now_s)

    def hear(self, world: World, now_s: float) -> None:
        self.world, self.now_s = world, now_s
        table = world.table
        if table is None or not self._is_whole():
            return
        self.phase.show(world, now_s)
        self.banner.show(world, now_s)
        self.waiting.show(world)
        self.seats.show(table)
        self.votes.show(table)
        self.picture.show(table)
        self.private.show(table)
        self.chat.show(table)
        self.turn.show(table, now_s, world.hint)
        self.chat.display = table.started or table.over
        self.chat.border_title = Content(table.face.talk_title(table))
        self.set_class(table.face.broad, "-broad")
        able = tuple(self.check_action(name, ()) for name in ACTIONS)
        if able != self._able:
            self._able = able
            self.refresh_bindings()  # composes the foot anew, so only where it changes

    def tick(self, world: World, now_s: float) -> None:
        self.now_s = now_s
        if self._is_whole():
            self.phase.show(self.world, now_s)
            self.banner.show(self.world, now_s)
            self.turn.tick(now_s)

    def _is_whole(self) -> bool:
        """Whether all widgets are there: the clock also ticks, and the server speaks, while a screen comes or goes."""
        parts = (self.phase, self.banner, self.waiting, self.chat, self.turn, self.seats, self.picture, self.private)
        return self.drawn and all(part.is_mounted and part.is_attached for part in parts)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        table = self.world.table
        if table is None:
            return action == "scroll_talk"
        match action:
            case "result":
                return table.over
            case "lobby":
                return bool(table.gone) and not table.over
            case "take_back":
                return table.away
            case "card":
                return bool(table.face.look.card(table, 60).plain)
            case "begin":
                return not table.started and not table.gone
            case "pass_turn":
                must = table.turn is not None and not table.turn.may_pass
                return (
                    table.playing
                    and table.started
                    and not table.away
                    and not must
                    and (table.my_turn or not table.dead)
                )
            case _:
                return True

    def action_card(self) -> None:
        if self.world.table is not None and not isinstance(self.app.screen, CardScreen):
            self.app.push_screen(CardScreen(self.world.table))

    def action_take_back(self) -> None:
        self.post_message(TakeBack())

    def action_begin(self) -> None:
        self.post_message(Begin())

    def action_lobby(self) -> None:
        self.post_message(LeaveTable())

    def action_pass_turn(self) -> None:
        self.turn.pass_turn()

    def action_scroll_talk(self, by: int) -> None:
        chat = self.chat
        if by < 0:
            chat.release_anchor()
        chat.scroll_relative(y=by * max(1, chat.size.height - 2), animate=False)

    def action_result(self) -> None:
        from tui.screens.end import EndScreen

        if self.world.table is not None:
            self.app.push_screen(EndScreen(self.world.table))
