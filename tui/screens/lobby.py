"""The lobby: play at once, open a game, watch one."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Footer, Static

from arena.protocol.text import clean_text
from tui import words
from tui.faces.registry import face_of
from tui.house_rules import NewGameChoice
from tui.messages import Join, NewGame, QuickMatch, ReadReplay, Watch
from tui.screens.informed import Informed
from tui.state import Connection, World
from tui.widgets.room_list import HEAD, RoomList
from tui.widgets.too_small import TooSmall


class LobbyScreen(Informed, Screen[None]):
    """Thin: the list of games, and three ways into one."""

    CSS_PATH = "lobby.tcss"
    AUTO_FOCUS = "#quick"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quick", "Play now", id="lobby.quick"),
        Binding("n", "new", "New game", id="lobby.new"),
        Binding("j", "code", "Code", id="lobby.code"),
        Binding("w", "watch", "Watch", id="lobby.watch"),
        Binding("e", "watch_all", "With secrets", id="lobby.watch-all"),
        Binding("left", "app.focus_previous", "Previous", show=False, id="lobby.previous"),
        Binding("right", "app.focus_next", "Next", show=False, id="lobby.next"),
        Binding("r", "app.ladder", "Ladder", id="lobby.ladder", show=False),
        Binding("p", "app.past", "Past games", id="lobby.past", show=False),
        Binding("t", "app.training", "Training", id="lobby.training", show=False),
    ]

    def __init__(self, world: World, name: str, now_s: float, game: str = "werewolf") -> None:
        super().__init__()
        self.world, self.player, self.now_s = world, clean_text(name, 40), now_s
        self.game = game
        self.drawn = False

    def compose(self) -> ComposeResult:
        yield TooSmall()
        with Vertical(id="body"):
            with Horizontal(id="head"):
                yield Static(Content.styled("Social Arena", "bold $accent"), id="brand")
                yield Static(id="server")
            yield Static(Content(self._pitch()), id="pitch")
            with Horizontal(id="buttons"):
                yield Button("Play now", id="quick", variant="primary")
                yield Button("New game", id="new")
                yield Button("Join by code", id="code")
                yield Button("Watch", id="watch")
            with Horizontal(id="boards"):
                yield Button("Ladder (r)", id="ladder", action="app.ladder")
                yield Button("Past games (p)", id="past", action="app.past")
                yield Button("Training (t)", id="training", action="app.training")
            with Vertical(id="games"):
                yield Static(HEAD, id="columns")
                yield RoomList(id="rooms")
                yield Static(id="empty")
            yield Static(id="lobby-notice")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.drawn = True
        self.query_one("#games").border_title = "Games on this server"
        self.hear(self.world, self.now_s)

    def tick(self, world: World, now_s: float) -> None:
        if world.lost is not None:  # it says when the next attempt comes
            self.hear(world, now_s)

    def hear(self, world: World, now_s: float) -> None:
        self.world, self.now_s = world, now_s
        if not (self.drawn and self.query("#lobby-notice")):
            return
        state = {
            Connection.CONNECTING: Content.styled("connecting…", "$accent"),
            Connection.CONNECTED: Content.styled(self._server(world), "$faint"),
            Connection.LOST: Content.styled("no connection", "bold $error"),
            Connection.ENDED: Content.styled("no connection", "bold $error"),
        }[world.connection]
        self.query_one("#server", Static).update(Content.assemble((self.player, "bold"), "  ", state))
        rooms = world.rooms or ()
        self.query_one(RoomList).show(rooms)
        empty = self.query_one("#empty", Static)
        empty.display = not rooms
        self.query_one("#columns").display = self.query_one(RoomList).display = bool(rooms)
        said = "Asking the server…" if world.rooms is None else "No games yet. Play now opens one for you."
        empty.update(Content.styled(said, "$faint"))
        notice = self.query_one("#lobby-notice", Static)
        said = words.lost(world.lost, now_s) if world.lost is not None else world.notice
        notice.update(Content(said))
        notice.display = bool(said)

    def _pitch(self) -> str:
        """What one can play here: the game that was asked for."""
        return face_of(self.game).pitch

    def _server(self, world: World) -> str:
        return words.server(world)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.id:
            case "quick":
                self.action_quick()
            case "new":
                self.action_new()
            case "code":
                self.action_code()
            case _:
                self.action_watch()

    def on_option_list_option_selected(self, event: RoomList.OptionSelected) -> None:
        """Enter on a game: sit down where a seat is or may be open, read it when it is over, watch otherwise."""
        event.stop()
        room = self.query_one(RoomList).marked()
        if room is None:
            return
        if room.status == "over":
            self.post_message(ReadReplay(room.room))
            return
        waits = room.status == "waiting" and any(s.mind in ("open", "hidden") for s in room.seats)
        self.post_message(Join(room.room) if waits else Watch(room.room))

    def action_quick(self) -> None:
        self.post_message(QuickMatch())

    def action_new(self) -> None:
        from tui.screens.new_game import NewGameScreen

        def chosen(choice: NewGameChoice | None) -> None:
            if choice is not None:
                self.post_message(NewGame(choice))

        self.app.push_screen(NewGameScreen(self.game), chosen)

    def action_code(self) -> None:
        from tui.screens.join_code import JoinCodeScreen

        def told(code: str | None) -> None:
            if code is not None:
                self.post_message(Join(code))

        self.app.push_screen(JoinCodeScreen(), told)

    def action_watch(self) -> None:
        rooms = self.query_one(RoomList)
        room = rooms.marked() or next((r for r in rooms.rooms if r.status == "playing"), None)
        if room is not None:
            self.post_message(Watch(room.room))

    def action_watch_all(self) -> None:
        rooms = self.query_one(RoomList)
        room = rooms.marked() or next((r for r in rooms.rooms if words.shows_everything(r)), None)
        if room is not None:
            self.post_message(Watch(room.room, everything=True))
