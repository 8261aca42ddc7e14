"""The terminal program: holds the world, hands it to the screens, turns their wishes into requests to the server.

Only the lobby is imported with it, so that it stands soon; every other screen is where it is opened.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar, Final

from textual.app import SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import Screen

from arena.client.happenings import ConnectionBack, Happening
from arena.clock import Clock, SystemClock
from arena.errors import ArenaError
from tui import keymap, messages, store
from tui.board_desk import BoardDesk
from tui.link import Link
from tui.memory import NothingRemembered, Remembered
from tui.requests import Requests
from tui.screens.informed import Informed
from tui.screens.lobby import LobbyScreen
from tui.screens.question import QuestionScreen, leave_question
from tui.settings import Settings
from tui.state import Connection, World
from tui.themes import TERMINAL, THEMES
from tui.wish import Wish

LIST_EVERY_S: Final = 3.0
SLICE_S: Final = 0.004
PAUSE_S: Final = 0.001
"""So long messages of the server are taken in at a time, then keys have their turn. The pause is a real one: the thread
that writes to the terminal gets the interpreter only while the loop waits, not where it merely looks for events."""
TAKING: Final = "taking"
"""The group of the worker that does so."""
UNSEEN_S: Final = 0.5
"""What has come is drawn when all of it is taken in, but it never waits longer than this."""
WIDTHS: Final[list[tuple[int, str]] | None] = [(0, "-tiny"), (60, "-compact"), (100, "-wide"), (140, "-roomy")]
HEIGHTS: Final[list[tuple[int, str]] | None] = [(0, "-flat"), (16, "-low"), (22, "-normal"), (32, "-tall")]
"""From so many columns and rows on, a screen has this class; the style sheets do the rest."""


class ArenaApp(Requests):
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
        Binding("f12", "debug", "Connection", id="app.debug", priority=True, show=False),
        Binding("f4", "settings", "Settings", id="app.settings", priority=True, show=False),
    ]

    def __init__(
        self,
        link: Link,
        name: str,
        *,
        wish: Wish | None = None,
        memory: Remembered | None = None,
        clock: Clock | None = None,
        theme: str | None = None,
    ) -> None:
        colourless = "NO_COLOR" in os.environ
        super().__init__(ansi_color=True if colourless else None)
        self.link, self.player = link, name
        self.wish = wish or Wish()
        self.memory: Remembered = memory or NothingRemembered()
        self.clock = clock or SystemClock()
        self.boards = BoardDesk(self, self._take)
        self._show_due = False
        self._heard: deque[Happening | messages.Disconnected] = deque()
        self._taking = False
        for each in THEMES.values():
            self.register_theme(each)
        self._fixed_theme = TERMINAL.name if colourless else theme
        self.settings, wrong = keymap.checked(self.memory.settings)
        self.world = World(hints=self.settings.hints, notice=" ".join(filter(None, (self.memory.complaint, wrong))))
        self._apply(self.settings)

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
        elif wish.learn:
            self.memory.newcomer = False
            self.post_message(messages.Learn())
        else:
            self._list_rooms()
            if kept is not None:
                self._offer_to_go_back(kept)
            elif self.memory.newcomer and not wish.resume:
                self._offer_to_teach()
            elif wish.resume:
                self._take(replace(self.world, notice="There is no match to go back to on this server."))

    async def _listen(self) -> None:
        reason = "The connection is closed."
        try:
            async for message in self.link:
                self.hear(message)
        except ArenaError as error:
            reason = error.message
        self.hear(messages.Disconnected(reason))

    def on_received(self, event: messages.Received) -> None:
        self.hear(event.message)

    def hear(self, message: Happening | messages.Disconnected) -> None:
        """What comes first is taken in first, whichever way it comes."""
        self._heard.append(message)
        if not self._taking:
            self._taking = True
            self.run_worker(self._take_in(), name="take-in", group=TAKING)

    async def _take_in(self) -> None:
        """Beside the queue of the app, in which the keys are: a long past comes at once, and they must not wait."""
        drawn_s = time.monotonic()
        while self._heard:
            until_s = time.monotonic() + SLICE_S
            while self._heard and time.monotonic() < until_s:
                self._take_one(self._heard.popleft())
            if until_s - drawn_s > UNSEEN_S:
                drawn_s = until_s
                self._show_soon()
            if self._heard:
                await asyncio.sleep(PAUSE_S)
        self._taking = False
        self._show_soon()

    def _take_one(self, message: Happening | messages.Disconnected) -> None:
        now_s = self.clock.monotonic_s()
        if isinstance(message, messages.Disconnected):
            self._take(store.ended(self.world, message.reason))
            return
        if isinstance(message, ConnectionBack):  # another server may stand there now
            self.world = store.receive(self.world, self.link.welcome, now_s)
        self._take(store.receive(self.world, message, now_s))

    def _take(self, world: World) -> None:
        """The one place where the world changes: show it, and mark what is new."""
        before, self.world = self.world, world
        old, new = before.table, world.table
        joined = new is not None and (old is None or old.room.room != new.room.room)
        if joined:
            from tui.screens.table import TableScreen

            self._to_lobby()
            self.push_screen(TableScreen(world, self.clock.monotonic_s()))
        if old is not None and new is None:
            self._to_lobby()
        if not self._taking:
            self._show_soon()
        if new is None:
            return
        turned = new.my_turn and (old is None or not old.turn or not new.turn or old.turn.turn_id != new.turn.turn_id)
        warned = new.my_turn and new.warned and (old is None or not old.warned)
        called = turned or warned or (new.away and (old is None or not old.away))
        if called and self.settings.bell:
            self.bell()
        ended = new.ended is not None and (joined or old is None or old.ended is None)
        if ended and isinstance(self.screen, Informed) and self.screen.at_table:
            from tui.screens.end import EndScreen

            self.push_screen(EndScreen(new))

    def _show_soon(self) -> None:
        """Once for all that is asked for by now."""
        if not self._show_due:
            self._show_due = True
            self.call_later(self._show)

    def _show(self) -> None:
        self._show_due = False
        for screen in self._in_sight():
            screen.hear(self.world, self.clock.monotonic_s())

    def _tick(self) -> None:
        for screen in self._in_sight():
            screen.tick(self.world, self.clock.monotonic_s())

    def _in_sight(self) -> list[Informed]:
        """The screen on top, and what shows through from below it. Others hear what they missed when they come back."""
        seen: list[Informed] = []
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Informed):
                seen.append(screen)
            if not screen.is_modal:
                break
        return seen

    def pop_screen(self) -> AwaitComplete:
        popped = super().pop_screen()
        self._show_soon()
        return popped

    def _to_lobby(self) -> None:
        while len(self.screen_stack) > 2:
            self.pop_screen()

    def on_read_replay(self, event: messages.ReadReplay) -> None:
        from tui.replaying import open_replay

        asked_on, at_table = self.screen, self.world.table is not None

        def still_wanted() -> bool:
            table = self.world.table
            if at_table:
                return table is not None and table.room.room == event.room
            return table is None and self.screen is asked_on and not self.world.joining

        opening = open_replay(self, self.link, event.room, still_wanted)
        self.run_worker(opening, name="replay", group="replay", exclusive=True)

    # -- the ladder, training and past games --------------------------------------------------------------------

    def on_ask_ladder(self, event: messages.AskLadder) -> None:
        self.boards.ask(lambda link: link.ladder(event.game))

    def on_ask_runs(self, event: messages.AskRuns) -> None:
        self.boards.ask(lambda link: link.runs(event.run))

    def on_ask_matches(self, event: messages.AskMatches) -> None:
        self.boards.ask(lambda link: link.matches(event.before))

    def on_promote(self, event: messages.Promote) -> None:
        self.boards.promote(event.checkpoint, event.run)

    def action_ladder(self) -> None:
        from tui.screens.ladder import LadderScreen

        self.boards.open(LadderScreen)

    def action_past(self) -> None:
        from tui.screens.past import PastScreen

        self.boards.open(PastScreen)

    def action_training(self) -> None:
        from tui.screens.training import TrainingScreen

        self.boards.open(TrainingScreen)

    # -- leaving ------------------------------------------------------------------------------------------------

    async def on_leave_table(self) -> None:
        await self._give_up_seat()
        self._take(replace(self.world, table=None, mine="", notice=""))
        self._list_rooms()

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

    # -- settings -----------------------------------------------------------------------------------------------

    def use(self, settings: Settings) -> None:
        """From now on, and from the next start on."""
        if settings.theme != self.settings.theme:
            self._fixed_theme = TERMINAL.name if self.no_color else None
        self.settings = self.memory.settings = settings
        self.world = replace(self.world, hints=settings.hints)
        self._apply(settings)
        if self.is_running:
            self._show_soon()

    def _apply(self, settings: Settings) -> None:
        self.theme = self._fixed_theme or THEMES[settings.theme].name
        self.set_class(settings.compact, "-dense")
        self.set_keymap(keymap.keymap(settings))

    def action_debug(self) -> None:
        from tui.screens.debug import DebugScreen

        self.push_screen(DebugScreen(self.link, self.world))

    def action_settings(self) -> None:
        from tui.screens.settings import SettingsScreen

        self.push_screen(SettingsScreen(self.settings, self.use))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (isinstance(self.screen, Informed) and self.screen.closes(action))

    # -- commands -----------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen
        from tui.screens.replay import ReplayScreen
        from tui.screens.replay_keys import ReplayKeys

        if isinstance(self.screen, HelpScreen | ReplayKeys):
            self.pop_screen()
        elif isinstance(self.screen, ReplayScreen):
            self.screen.action_keys()
        else:
            table = self.world.table
            game, events = (self.wish.game, ()) if table is None else (table.room.game, table.events)
            self.push_screen(HelpScreen(game, events, self.settings))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        from tui import commands

        return commands.of(self, screen)
