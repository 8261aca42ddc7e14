"""Asks for the ladder, for training runs and for past games, and has checkpoints made live, beside the screens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from arena.errors import ArenaError
from arena.protocol.server_messages import LadderListed, MatchesListed, RunsListed
from arena.protocol.text import clean_text
from tui import messages, words
from tui.link import Link
from tui.state import Connection, World

if TYPE_CHECKING:
    from tui.app import ArenaApp
    from tui.screens.board import BoardScreen

Question = Callable[[Link], Awaitable[LadderListed | MatchesListed | RunsListed]]


class BoardDesk:
    """One question is on its way at a time; of those that come up meanwhile the newest is asked next."""

    def __init__(self, app: ArenaApp, take: Callable[[World], None]) -> None:
        """``take`` is told what the world is from now on."""
        self._app, self._take = app, take
        self._next: Question | None = None
        self._asking = False

    def open(self, board: type[BoardScreen]) -> None:
        """Show the ladder, the training runs, or the past games; what is known of them is shown at once."""
        from tui.screens.board import BoardScreen

        if isinstance(self._app.screen, BoardScreen):
            self._app.pop_screen()
        self._app.world = replace(self._app.world, promotion="")
        self._app.push_screen(board(self._app.world, self._app.clock.monotonic_s()))

    def ask(self, question: Question) -> None:
        """Ask; the answer comes as every message does, a refusal becomes the board's notice."""
        if self._app.world.connection is not Connection.CONNECTED:
            return
        self._next = question
        if not self._asking:
            self._asking = True
            self._app.run_worker(self._ask(), name="board")

    def promote(self, checkpoint: str, run: str | None) -> None:
        """Make a checkpoint live, then look at its run again."""

        async def promoting() -> None:
            try:
                promoted = await self._app.link.promote(checkpoint)
            except ArenaError as error:
                notice = words.refusal(error.code, clean_text(error.message, 300))
                self._take(replace(self._app.world, promotion=notice))
            else:
                self._app.post_message(messages.Received(promoted))
                self.ask(lambda link: link.runs(run))

        self._app.run_worker(promoting(), name="promote")

    async def _ask(self) -> None:
        try:
            while (question := self._next) is not None:
                self._next = None
                try:
                    answer = await question(self._app.link)
                except ArenaError as error:
                    notice = words.refusal(error.code, clean_text(error.message, 300))
                    self._take(replace(self._app.world, board_notice=notice))
                else:
                    self._app.post_message(messages.Received(answer))
        finally:
            self._asking = False
