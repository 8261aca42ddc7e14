"""The terminal program: holds the world, hands it to the screens, turns their wishes into requests to the server."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final
from uuid import uuid4

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from arena.clock import Clock, SystemClock
from arena.errors import ArenaError
from arena.protocol.server_messages import RoomJoined, RoomsListed
from tui import commands, messages, store, words
from tui.link import Link
from tui.screens.end import EndScreen
from tui.screens.help import HelpScreen
from tui.screens.leave import LeaveScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.table import TableScreen
from tui.state import Connection, World
from tui.themes import DARK, LIGHT

LIST_EVERY_S: Final = 3.0
WIDTHS: Final[list[tuple[int, str]] | None] = [(0, "-tiny"), (60, "-compact"), (100, "-wide"), (140, "-roomy")]
HEIGHTS: Final[list[tuple[int, str]] | None] = [(0, "-flat"), (16, "-low"), (22, "-normal"), (32, "-tall")]
"""From so many columns and rows on, a screen has this class; the style sheets do the rest."""


class ArenaApp(App[int]):
    """``room`` and ``watch`` go straight to a table; ``options`` are those of games opened from here."""

    TITLE = "Social Arena"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="app.help", priority=True),
        Binding("ctrl+p", "command_palette", "Commands", id="app.commands", priority=True),
        Binding("ctrl+q", "leave_or_quit", "Leave", id="app.leave", priority=True),
    ]

    def __init__(
        self,
        link: Link,
        name: str,
        *,
        room: str | None = None,
        watch: str | None = None,
        options: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        theme: str = DARK.name,
    ) -> None:
        super().__init__()
        self.link, self.player = link, name
        self.first_room, self.first_watch = room, watch
        self.options = dict(options or {})
        self.clock = clock or SystemClock()
        self.world = World()
        for each in (DARK, LIGHT):
            self.register_theme(each)
        self.theme = theme

    # -- life ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.world = store.receive(self.world, self.link.welcome, self.clock.monotonic_s())
        self.push_screen(LobbyScreen(self.world, self.player))
        self.run_worker(self._listen(), name="listen", exit_on_error=True)
        self.set_interval(1.0, self._tick)
        self.set_interval(LIST_EVERY_S, self._list_rooms)
        if self.first_watch is not None:
            self.post_message(messages.Watch(self.first_watch))
        elif self.first_room is not None:
            self.post_message(messages.Join(self.first_room))
        else:
            self._list_rooms()

    async def _listen(self) -> None:
        """Every message of the server becomes a message of the app; widgets are never touched from here."""
        reason = "The server has closed the connection."
        try:
            async for message in self.link:
                self.post_message(messages.Received(message))
        except ArenaError as error:
            reason = error.message
        self.post_message(messages.Disconnected(reason))

    def on_received(self, event: messages.Received) -> None:
        self._take(store.receive(self.world, event.message, self.clock.monotonic_s()))

    def on_disconnected(self, event: messages.Disconnected) -> None:
        self._take(replace(self.world, connection=Connection.LOST, notice=event.reason))

    def _take(self, world: World) -> None:
        """The one place where the world changes: show it, and mark what is new."""
        before, self.world = self.world, world
        old, new = before.table, world.table
        joined = new is not None and (old is None or old.room.room != new.room.room)
        if joined:
            self._to_lobby()
            self.push_screen(TableScreen(world, self.clock.monotonic_s()))
        self._show()
        if new is None:
            return
        turned = new.my_turn and (old is None or not old.turn or not new.turn or old.turn.turn_id != new.turn.turn_id)
        if turned:
            self.bell()
        ended = new.ended is not None and (joined or old is None or old.ended is None)
        if ended and isinstance(self.screen, TableScreen):
            self.push_screen(EndScreen(new))

    def _show(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, TableScreen):
                screen.show(self.world, self.clock.monotonic_s())
            elif isinstance(screen, LobbyScreen):
                screen.show(self.world)

    def _tick(self) -> None:
        if isinstance(self.screen, TableScreen):
            self.screen.tick(self.clock.monotonic_s())

    def _to_lobby(self) -> None:
        while len(self.screen_stack) > 2:
            self.pop_screen()

    # -- asking the server --------------------------------------------------------------------------------------

    def _ask(self, wish: Awaitable[RoomJoined]) -> None:
        """Run a request for a seat beside the screens; what it refuses is shown in words."""

        async def asking() -> None:
            await self._give_up_seat()
            try:
                self.post_message(messages.Received(await wish))
            except ArenaError as error:
                notice = words.refusal(error.code, error.message)
                self._take(replace(self.world, joining=False, early=(), notice=notice))

        self.world = store.joining(self.world)
        self.run_worker(asking(), name="join")

    def _list_rooms(self) -> None:
        if isinstance(self.screen, LobbyScreen) and self.world.connection is not Connection.LOST:
            self.run_worker(self._read_rooms(), name="rooms", exclusive=True, group="rooms")

    async def _read_rooms(self) -> None:
        try:
            rooms = await self.link.rooms()
        except ArenaError:
            return  # a lost connection is told by the stream; the list is asked for again soon
        self.post_message(messages.Received(RoomsListed(rooms=rooms)))

    def on_quick_match(self) -> None:
        self._ask(self._open(self.options) if self.options else self.link.join())

    def on_new_game(self, event: messages.NewGame) -> None:
        self._ask(self._open({**self.options, **event.options}))

    def on_join(self, event: messages.Join) -> None:
        self._ask(self.link.join(room=event.room))

    def on_watch(self, event: messages.Watch) -> None:
        self._ask(self.link.watch(event.room))

    async def _open(self, options: Mapping[str, Any]) -> RoomJoined:
        created = await self.link.create(options=options)
        return await self.link.join(room=created.room)

    def on_answered(self, event: messages.Answered) -> None:
        table = self.world.table
        if table is None or table.turn is None or not table.my_turn:
            return
        act_id, turn_id = uuid4().hex, table.turn.turn_id
        self._take(replace(self.world, table=store.sent(table, act_id, event.text, event.choice)))
        self.run_worker(self._send(table.room.room, turn_id, act_id, event.text, event.choice), name="act")

    async def _send(self, room: str, turn_id: str, act_id: str, text: str, choice: str | None) -> None:
        try:
            await self.link.take_turn(room, turn_id, text=text, choice=choice, act_id=act_id)
        except ArenaError as error:
            if self.world.table is not None:
                refused = store.refused(self.world.table, act_id, error.code, error.message)
                self._take(replace(self.world, table=refused))
        else:
            if self.world.table is not None:
                self._take(replace(self.world, table=store.accepted(self.world.table, act_id)))

    def on_explained(self, event: messages.Explained) -> None:
        if self.world.table is not None:
            self._take(replace(self.world, table=store.noticed(self.world.table, event.notice)))

    # -- leaving ------------------------------------------------------------------------------------------------

    async def on_leave_table(self) -> None:
        await self._give_up_seat()
        self._to_lobby()
        self._take(replace(self.world, table=None))
        self._list_rooms()

    async def _give_up_seat(self) -> None:
        """Also after the end: a server counts the rooms that one sits in."""
        table = self.world.table
        if table is None:
            return
        try:
            await self.link.leave(table.room.room)
        except ArenaError:
            return  # the seat is lost to us either way

    async def action_leave_or_quit(self) -> None:
        table = self.world.table
        if isinstance(self.screen, LeaveScreen):
            return
        if table is not None and table.playing and self.world.connection is Connection.CONNECTED:
            self.push_screen(LeaveScreen(), self._leave_answered)
            return
        await self._quit()

    async def _leave_answered(self, leave: bool | None) -> None:
        if leave:
            await self._quit()

    async def _quit(self) -> None:
        await self._give_up_seat()
        self.exit(0)

    # -- commands -----------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen())

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        return commands.of(self, screen)
