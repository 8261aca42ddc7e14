"""The terminal program: holds the world, hands it to the screens, turns their wishes into requests to the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar, Final, Protocol
from uuid import uuid4

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from arena.client.happenings import ConnectionBack
from arena.clock import Clock, SystemClock
from arena.errors import ArenaError
from arena.protocol import codes
from arena.protocol.server_messages import ActAccepted, RoomJoined, RoomsListed
from tui import commands, messages, store, words
from tui.board_desk import BoardDesk
from tui.house_rules import NewGameChoice
from tui.link import Link
from tui.memory import KeptSeat
from tui.screens.board import BoardScreen
from tui.screens.end import EndScreen
from tui.screens.help import HelpScreen
from tui.screens.ladder import LadderScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.question import (
    QuestionScreen,
    back_question,
    blind_question,
    leave_question,
    train_question,
)
from tui.screens.table import TableScreen
from tui.screens.training import TrainingScreen
from tui.state import Connection, World
from tui.themes import DARK, LIGHT
from tui.wish import Wish

LIST_EVERY_S: Final = 3.0
WIDTHS: Final[list[tuple[int, str]] | None] = [(0, "-tiny"), (60, "-compact"), (100, "-wide"), (140, "-roomy")]
HEIGHTS: Final[list[tuple[int, str]] | None] = [(0, "-flat"), (16, "-low"), (22, "-normal"), (32, "-tall")]
"""From so many columns and rows on, a screen has this class; the style sheets do the rest."""


class Remembered(Protocol):
    """What was kept from earlier starts; ``tui.memory.Memory`` keeps it on disk."""

    @property
    def train(self) -> bool | None: ...

    @train.setter
    def train(self, answer: bool) -> None: ...

    def seat(self, room: str | None = None) -> KeptSeat | None: ...


class NothingRemembered:
    """A player without a past who does not want to be asked."""

    train: bool | None = False

    def seat(self, room: str | None = None) -> KeptSeat | None:
        return None


class ArenaApp(App[int]):
    """``wish`` may go straight to a table; without one the lobby opens, and a kept seat is offered."""

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
        wish: Wish | None = None,
        memory: Remembered | None = None,
        clock: Clock | None = None,
        theme: str = DARK.name,
    ) -> None:
        super().__init__()
        self.link, self.player = link, name
        self.wish = wish or Wish()
        self.memory: Remembered = memory or NothingRemembered()
        self.clock = clock or SystemClock()
        self.world = World()
        self.boards = BoardDesk(self, self._take)
        for each in (DARK, LIGHT):
            self.register_theme(each)
        self.theme = theme

    # -- life ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.world = store.receive(self.world, self.link.welcome, self.clock.monotonic_s())
        self.push_screen(LobbyScreen(self.world, self.player, self.clock.monotonic_s(), self.wish.game))
        self.run_worker(self._listen(), name="listen", exit_on_error=True)
        self.set_interval(1.0, self._tick)
        self.set_interval(LIST_EVERY_S, self._list_rooms)
        wish = self.wish
        kept = self.memory.seat(wish.room) if wish.watch is None else None
        if wish.watch is not None:
            self.post_message(messages.Watch(wish.watch, wish.everything))
        elif kept is not None and (wish.resume or wish.room is not None):
            self._go_back(kept)
        elif wish.room is not None:
            self.post_message(messages.Join(wish.room))
        else:
            self._list_rooms()
            if kept is not None:
                self._offer_to_go_back(kept)
            elif wish.resume:
                self._take(replace(self.world, notice="There is no match to go back to on this server."))

    async def _listen(self) -> None:
        """Every message of the server becomes a message of the app; widgets are never touched from here."""
        reason = "The connection is closed."
        try:
            async for message in self.link:
                self.post_message(messages.Received(message))
        except ArenaError as error:
            reason = error.message
        self.post_message(messages.Disconnected(reason))

    def on_received(self, event: messages.Received) -> None:
        now_s = self.clock.monotonic_s()
        if isinstance(event.message, ConnectionBack):  # another server may stand there now
            self.world = store.receive(self.world, self.link.welcome, now_s)
        self._take(store.receive(self.world, event.message, now_s))

    def on_disconnected(self, event: messages.Disconnected) -> None:
        self._take(store.ended(self.world, event.reason))

    def _take(self, world: World) -> None:
        """The one place where the world changes: show it, and mark what is new."""
        before, self.world = self.world, world
        old, new = before.table, world.table
        joined = new is not None and (old is None or old.room.room != new.room.room)
        if joined:
            self._to_lobby()
            self.push_screen(TableScreen(world, self.clock.monotonic_s()))
        if old is not None and new is None:
            self._to_lobby()
        self._show()
        if new is None:
            return
        turned = new.my_turn and (old is None or not old.turn or not new.turn or old.turn.turn_id != new.turn.turn_id)
        warned = new.my_turn and new.warned and (old is None or not old.warned)
        if turned or warned or (new.away and (old is None or not old.away)):
            self.bell()
        ended = new.ended is not None and (joined or old is None or old.ended is None)
        if ended and isinstance(self.screen, TableScreen):
            self.push_screen(EndScreen(new))

    def _show(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, TableScreen | LobbyScreen | BoardScreen):
                screen.show(self.world, self.clock.monotonic_s())

    def _tick(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, TableScreen):
                screen.tick(self.clock.monotonic_s())
            elif isinstance(screen, LobbyScreen | BoardScreen) and self.world.lost is not None:
                screen.show(self.world, self.clock.monotonic_s())

    def _to_lobby(self) -> None:
        while len(self.screen_stack) > 2:
            self.pop_screen()

    # -- asking the server --------------------------------------------------------------------------------------

    def _ask(self, enter: Callable[[bool], Awaitable[RoomJoined]], *, blind: bool = False) -> None:
        """Run a request for a seat beside the screens; what it refuses is shown in words. ``enter`` is told whether a
        blind room is agreed to; where that is what is missing, the player is asked."""

        async def asking() -> None:
            await self._give_up_seat()
            try:
                joined = await enter(blind)
            except ArenaError as error:
                if error.code == codes.BLIND and not blind:
                    self._take(replace(self.world, joining=False, early=()))
                    if await self.push_screen_wait(blind_question()):
                        self._ask(enter, blind=True)
                    return
                notice = words.refusal(error.code, error.message)
                self._take(replace(self.world, joining=False, early=(), notice=notice))
            else:
                self.post_message(messages.Received(joined))

        self.world = store.joining(self.world)
        self.run_worker(asking(), name="join")

    def _ask_for_seat(self, enter: Callable[[bool], Awaitable[RoomJoined]]) -> None:
        """As ``_ask``, after the one question about training has been answered."""

        def answered(train: bool | None) -> None:
            self.memory.train = bool(train)
            self._ask(enter, blind=self.wish.blind)

        if self.memory.train is None:
            self.push_screen(train_question(), answered)
        else:
            self._ask(enter, blind=self.wish.blind)

    def ask_about_training(self) -> None:
        """The question once more, for who thinks otherwise now; it counts from the next game on."""

        def answered(train: bool | None) -> None:
            self.memory.train = bool(train)

        self.push_screen(train_question(), answered)

    def _list_rooms(self) -> None:
        if isinstance(self.screen, LobbyScreen) and self.world.connection is Connection.CONNECTED:
            self.run_worker(self._read_rooms(), name="rooms", exclusive=True, group="rooms")

    async def _read_rooms(self) -> None:
        try:
            rooms = await self.link.rooms()
        except ArenaError:
            return  # a lost connection is told by the stream; the list is asked for again soon
        self.post_message(messages.Received(RoomsListed(rooms=rooms)))

    def on_quick_match(self) -> None:
        before = self.world.table
        game = self.wish.game if before is None else before.room.game
        if self.wish.options and game == self.wish.game:
            self.on_new_game(messages.NewGame(NewGameChoice(game)))
        else:
            self._ask_for_seat(lambda blind: self.link.join(game=game, train=bool(self.memory.train), blind=blind))

    def on_new_game(self, event: messages.NewGame) -> None:
        choice = event.choice
        if choice.game == self.wish.game:
            choice = replace(choice, options={**self.wish.options, **choice.options})
        self._ask_for_seat(lambda _: self._open(choice))

    def on_join(self, event: messages.Join) -> None:
        room = event.room
        self._ask_for_seat(lambda blind: self.link.join(room, train=bool(self.memory.train), blind=blind))

    def on_watch(self, event: messages.Watch) -> None:
        async def enter(_: bool) -> RoomJoined:
            joined = await self.link.watch(event.room, everything=event.everything)
            self.world = replace(self.world, everything=event.everything)
            return joined

        self._ask(enter)

    async def _open(self, choice: NewGameChoice) -> RoomJoined:
        """Whoever opens a blind game has agreed to it."""
        fills = None if choice.fills is None else list(choice.fills)
        made = await self.link.create(choice.game, choice.options, fills=fills, **choice.terms)
        joined = await self.link.join(made.room, train=bool(self.memory.train), blind=made.blind)
        self.world = replace(self.world, mine=made.room)
        return joined

    def _go_back(self, seat: KeptSeat) -> None:
        self._ask(lambda _: self.link.resume(seat.room, seat.token))

    def _offer_to_go_back(self, seat: KeptSeat) -> None:
        def answered(back: bool | None) -> None:
            if back:
                self._go_back(seat)

        self.push_screen(back_question(seat.code), answered)

    def on_begin(self) -> None:
        self._tell(self.link.begin)

    def on_take_back(self) -> None:
        self._tell(self.link.take_seat_back)

    def _tell(self, say: Callable[[str], Awaitable[None]]) -> None:
        """Say something about the room that has no reply of its own."""

        async def telling(room: str) -> None:
            try:
                await say(room)
            except ArenaError as error:
                self.on_explained(messages.Explained(words.refusal(error.code, error.message)))

        if self.world.table is not None:
            self.run_worker(telling(self.world.table.room.room), name="tell")

    def on_answered(self, event: messages.Answered) -> None:
        table = self.world.table
        if table is None or table.turn is None or not table.my_turn:
            return
        act_id, turn_id = uuid4().hex, table.turn.turn_id
        self._take(replace(self.world, table=store.sent(table, act_id, event.text, event.choice)))
        act = self.link.take_turn(table.room.room, turn_id, text=event.text, choice=event.choice, act_id=act_id)
        self.run_worker(self._send(act_id, act), name="act")

    def on_spoke_among_dead(self, event: messages.SpokeAmongDead) -> None:
        table = self.world.table
        if table is None or not table.may_speak_among_dead:
            return
        act_id = uuid4().hex
        self._take(replace(self.world, table=store.sent_among_dead(table, act_id, event.text)))
        act = self.link.talk_among_dead(table.room.room, event.text, act_id=act_id)
        self.run_worker(self._send(act_id, act), name="act")

    async def _send(self, act_id: str, act: Awaitable[ActAccepted]) -> None:
        try:
            await act
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

    # -- the ladder and training --------------------------------------------------------------------------------

    def on_ask_ladder(self, event: messages.AskLadder) -> None:
        self.boards.ask(lambda link: link.ladder(event.game))

    def on_ask_runs(self, event: messages.AskRuns) -> None:
        self.boards.ask(lambda link: link.runs(event.run))

    def on_promote(self, event: messages.Promote) -> None:
        self.boards.promote(event.checkpoint, event.run)

    def action_ladder(self) -> None:
        self.boards.open(LadderScreen)

    def action_training(self) -> None:
        self.boards.open(TrainingScreen)

    # -- leaving ------------------------------------------------------------------------------------------------

    async def on_leave_table(self) -> None:
        await self._give_up_seat()
        self._take(replace(self.world, table=None, mine="", notice=""))
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

    def action_leave_table(self) -> None:
        """Back to the lobby, after asking where a seat is given up."""
        table = self.world.table
        if table is None or not table.playing or self.world.connection is not Connection.CONNECTED:
            self.post_message(messages.LeaveTable())
            return

        def answered(leave: bool | None) -> None:
            if leave:
                self.post_message(messages.LeaveTable())

        self.push_screen(leave_question(not table.started), answered)

    async def action_leave_or_quit(self) -> None:
        table = self.world.table
        if isinstance(self.screen, QuestionScreen):
            return
        if table is not None and table.playing and self.world.connection is Connection.CONNECTED:
            self.push_screen(leave_question(not table.started), self._leave_answered)
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
            table = self.world.table
            self.push_screen(HelpScreen(self.wish.game) if table is None else HelpScreen(table.room.game, table.events))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        return commands.of(self, screen)
