"""What the app asks of the server: a seat, a room, an act. Each request runs beside the screens."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

from textual.app import App

from arena.client.happenings import Happening
from arena.clock import Clock
from arena.errors import ArenaError
from arena.protocol import codes
from arena.protocol.server_messages import ActAccepted, RoomJoined, RoomsListed
from tui import messages, store, words
from tui.faces.registry import face_of
from tui.house_rules import NewGameChoice
from tui.link import Link
from tui.memory import KeptSeat, Remembered
from tui.next_game import Opened, lesson, next_game, open_room
from tui.screens.lobby import LobbyScreen
from tui.screens.question import back_question, blind_question, lesson_question, train_question
from tui.state import Connection, World
from tui.wish import Wish


class Requests(App[int]):
    """The half of the app that speaks to the server. What comes of it goes into the world by ``_take``."""

    link: Link
    wish: Wish
    memory: Remembered
    clock: Clock
    world: World
    opened: Opened | None = None
    """The room that was opened last from here, and as what: to play again is to play by the same rules."""

    @abstractmethod
    def _take(self, world: World) -> None:
        """Make this the world, and show it."""

    @abstractmethod
    def hear(self, message: Happening | messages.Disconnected) -> None:
        """Take this into the world, after all that came before it."""

    # -- a seat -------------------------------------------------------------------------------------------------

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
                self.hear(joined)

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
        self.hear(RoomsListed(rooms=rooms))

    def on_quick_match(self) -> None:
        game = next_game(self.world.table, self.opened, self.wish)
        if isinstance(game, NewGameChoice):
            self._ask_for_seat(lambda _: self._open(game))
        else:
            self._ask_for_seat(lambda blind: self.link.join(game=game, train=bool(self.memory.train), blind=blind))

    def on_new_game(self, event: messages.NewGame) -> None:
        choice = event.choice
        if choice.game == self.wish.game:
            choice = replace(choice, options={**self.wish.options, **choice.options})
        self._ask_for_seat(lambda _: self._open(choice))

    def on_learn(self) -> None:
        if (choice := lesson(self.wish.game)) is not None:
            self._ask_for_seat(lambda _: self._open(choice, teaches=True))

    def on_join(self, event: messages.Join) -> None:
        room = event.room
        self._ask_for_seat(lambda blind: self.link.join(room, train=bool(self.memory.train), blind=blind))

    def on_watch(self, event: messages.Watch) -> None:
        async def enter(_: bool) -> RoomJoined:
            joined = await self.link.watch(event.room, everything=event.everything)
            self.world = replace(self.world, everything=event.everything)
            return joined

        self._ask(enter)

    async def _open(self, choice: NewGameChoice, *, teaches: bool = False) -> RoomJoined:
        """After a game that ``teaches`` one plays others."""
        joined = await open_room(self.link, choice, train=bool(self.memory.train))
        room = joined.room.room
        self.world = replace(self.world, mine=room, lesson=room if teaches else self.world.lesson)
        self.opened = None if teaches else (room, choice)
        return joined

    def _offer_to_teach(self) -> None:
        """Once and never again, whatever the answer."""
        taught = face_of(self.wish.game).lesson
        self.memory.newcomer = False
        if taught is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.post_message(messages.Learn())

        self.push_screen(lesson_question(taught.text), answered)

    def _go_back(self, seat: KeptSeat) -> None:
        self._ask(lambda _: self.link.resume(seat.room, seat.token))

    def _offer_to_go_back(self, seat: KeptSeat) -> None:
        def answered(back: bool | None) -> None:
            if back:
                self._go_back(seat)

        self.push_screen(back_question(seat.code), answered)

    # -- at the table -------------------------------------------------------------------------------------------

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

    def on_rate(self, event: messages.Rate) -> None:
        async def rating(room: str) -> None:
            try:
                rated = await self.link.rate(room, event.stars)
            except ArenaError as error:
                self.on_explained(messages.Explained(words.refusal(error.code, error.message)))
            else:
                self.hear(rated)

        if self.world.table is not None:
            self.run_worker(rating(self.world.table.room.room), name="rate", exclusive=True, group="rate")

    def on_explained(self, event: messages.Explained) -> None:
        if self.world.table is not None:
            self._take(replace(self.world, table=store.noticed(self.world.table, event.notice)))

    async def _give_up_seat(self) -> None:
        """Also after the end: a server counts the rooms that one sits in."""
        table = self.world.table
        if table is None:
            return
        try:
            await self.link.leave(table.room.room)
        except ArenaError:
            return  # the seat is lost to us either way
