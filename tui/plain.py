"""The game without a screen: lines out, lines in. For screen readers, pipes and tests.

One answer a line: a name or its number, or what you say; an empty line passes. Lines that begin with a stroke do other
things at any time: ``/help`` names them (``tui.plain_lines.COMMANDS``). What cannot be undone wants a further line,
``yes``. Lines that come early are kept for the next turns, and once the input has ended every further turn is passed.
Who is dead talks with the other dead, where the room allows it. When the match is over a person at the keyboard is
asked for stars, and whether to play another; from a pipe ``/rate`` and ``/again`` say so before.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from arena.client.happenings import Happening
from arena.clock import Clock, SystemClock
from arena.errors import ArenaError, UserError
from arena.protocol import codes
from arena.protocol.server_messages import RoomJoined
from arena.protocol.text import clean_text
from tui import words
from tui.house_rules import NewGameChoice
from tui.link import Link
from tui.memory import KeptSeat, NothingRemembered, Remembered
from tui.next_game import Opened, lesson, next_game, open_room
from tui.plain_game import PlainGame
from tui.wish import Wish

YES: Final = frozenset(("y", "yes", "a", "again", "/again"))


async def play(
    link: Link,
    *,
    wish: Wish | None = None,
    memory: Remembered | None = None,
    typed: asyncio.Queue[str | None] | None = None,
    write: Callable[[str], None] | None = None,
    clock: Clock | None = None,
    asks: bool | None = None,
) -> int:
    """Play one match to its end, and others if that is wanted; the exit status (0, or 1 when the seat or the connection
    was lost for good).

    Args:
        asks: whether to ask for stars, and whether to play again, and wait for the answers. None: where standard input
            is a terminal.

    Raises:
        ArenaError: the server gives no such seat.
    """
    memory = memory or NothingRemembered()
    plain = PlainGame(link, write or _print, clock or SystemClock(), hints=memory.settings.hints)
    at_keyboard = sys.stdin.isatty() if asks is None else asks
    seating = _Seating(plain, wish or Wish(), memory)
    ears = _Ears(link, typed or stdin_lines())
    try:
        plain.take(await seating.first(at_keyboard))
        while True:
            status = await _to_the_end(plain, ears)
            if not plain.may_rate:
                return status
            if at_keyboard and not plain.stars:
                plain.say("? How good was it? One to five stars; an empty line says nothing.")
                plain.hear_stars(await ears.answer())
            await plain.rate()
            if at_keyboard and not plain.again:
                plain.say("? Play again? yes or no.")
                plain.again = int((await ears.answer()).strip().lower() in YES)
            if not plain.again:
                return status
            plain.take(await seating.another())
    finally:
        ears.close()
        plain.close()


async def _to_the_end(plain: PlainGame, ears: _Ears) -> int:
    """The exit status, when this match is over or left."""
    while plain.status is None:
        await ears.hear(plain.acts)
        plain.hear_answers()
        if ears.has_line:
            await plain.type(ears.line())
        if ears.has_news:
            try:
                happening = ears.news()
            except (StopAsyncIteration, ArenaError) as error:
                plain.say(clean_text(getattr(error, "message", "The connection is closed."), 300))
                return 1
            plain.take(happening)
    return plain.status


class _Ears:
    """What comes from the server and what is typed, whichever is first."""

    def __init__(self, link: Link, typed: asyncio.Queue[str | None]) -> None:
        self._stream, self._typed = aiter(link), typed
        self._news: asyncio.Task[Happening] = self._next_news()
        self._line: asyncio.Task[str | None] | None = self._next_line()
        """None: the input has ended."""

    def _next_news(self) -> asyncio.Task[Happening]:
        return asyncio.ensure_future(anext(self._stream))

    def _next_line(self) -> asyncio.Task[str | None]:
        return asyncio.ensure_future(self._typed.get())

    async def hear(self, others: Any) -> None:
        """Until there is news or a line, or one of the ``others`` is done."""
        waited: set[asyncio.Task[Any]] = {self._news, *others, *({self._line} if self._line else ())}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)

    @property
    def has_news(self) -> bool:
        return self._news.done()

    @property
    def has_line(self) -> bool:
        return self._line is not None and self._line.done()

    def news(self) -> Happening:
        """
        Raises:
            ArenaError: there will be no further connection.
            StopAsyncIteration: it was closed from here.
        """
        happening = self._news.result()
        self._news = self._next_news()
        return happening

    def line(self) -> str | None:
        """None: there are no more."""
        assert self._line is not None, "nothing comes after the end"
        text = self._line.result()
        self._line = None if text is None else self._next_line()
        return text

    async def answer(self) -> str:
        """The next line; empty where there is none."""
        if self._line is None:
            return ""
        await asyncio.wait([self._line])
        return self.line() or ""

    def close(self) -> None:
        for task in (self._news, self._line):
            if task is not None:
                task.cancel()


class _Seating:
    """Where the player sits down: first as the command line has it, then by the same rules again."""

    def __init__(self, plain: PlainGame, wish: Wish, memory: Remembered) -> None:
        self._plain, self._link = plain, plain.link
        self._wish, self._memory = wish, memory
        self._opened: Opened | None = None

    async def first(self, at_keyboard: bool) -> RoomJoined:
        """
        Raises:
            UserError: there is no match to go back to, or none that teaches, or a blind room was not agreed to.
            ArenaError: the server gives no such seat.
        """
        wish, plain, memory = self._wish, self._plain, self._memory
        if wish.watch is not None:
            plain.world = replace(plain.world, everything=wish.everything)
            return await self._link.watch(wish.watch, everything=wish.everything)
        kept: KeptSeat | None = None if wish.learn else memory.seat(wish.room)
        if kept is not None and (wish.resume or wish.room is not None):
            return await self._link.resume(kept.room, kept.token)
        if wish.resume:
            raise UserError("There is no match to go back to on this server.")
        if kept is not None:
            plain.say("(You have a seat in a match that may still be running here. To go back to it: --resume)")
        if wish.learn:
            memory.newcomer = False
            return await self._learn()
        if wish.room is not None:
            return await self._join(wish.room, wish.game)
        if at_keyboard and memory.newcomer and lesson(wish.game) is not None:
            memory.newcomer = False
            plain.say("(New here? A short game with advice: --learn. /help explains the rules.)")
        return await self._sit_down()

    async def another(self) -> RoomJoined:
        """As the screens' "play again" does. The old seat is given up first, for a server counts them."""
        before = self._plain.world.table
        if before is not None:
            await self._plain.tell(self._link.leave)
        game = next_game(before, self._opened, self._wish)
        self._plain.begin_another()
        return await self._sit_down(game)

    async def _sit_down(self, game: NewGameChoice | str | None = None) -> RoomJoined:
        game = game or next_game(None, None, self._wish)
        if isinstance(game, str):
            return await self._join(None, game)
        joined = await open_room(self._link, game, train=bool(self._memory.train))
        self._opened = (joined.room.room, game)
        return joined

    async def _learn(self) -> RoomJoined:
        taught = lesson(self._wish.game)
        if taught is None:
            raise UserError(f"No game teaches {self._wish.game}.")
        joined = await open_room(self._link, taught, train=bool(self._memory.train))
        self._plain.world = replace(self._plain.world, lesson=joined.room.room)
        return joined

    async def _join(self, room: str | None, game: str) -> RoomJoined:
        try:
            return await self._link.join(room, game=game, train=bool(self._memory.train), blind=self._wish.blind)
        except ArenaError as error:
            if error.code != codes.BLIND:
                raise
            raise UserError(f"{words.BLIND} Agree with: --blind") from error


def stdin_lines() -> asyncio.Queue[str | None]:
    """The lines of standard input, read by a thread that dies with the program; None at the end."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line.rstrip("\n"))
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True, name="stdin").start()
    return lines


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
