"""The game without a screen: lines out, lines in. For screen readers, pipes and tests.

One answer a line: a name or its number, or what you say; an empty line passes; ``/leave`` gives the seat up. Lines that
come early are kept for the next turns, and once the input has ended every further turn is passed.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from arena.clock import Clock, SystemClock
from arena.errors import ArenaError
from arena.games.werewolf.types import NOBODY
from arena.protocol.server_messages import AnyServerMessage, RoomJoined
from arena.protocol.text import clean_text
from tui import store, words
from tui.link import Link
from tui.state import Line, LineKind, OpenTurn, Table, World

LEAVE: Final = "/leave"


async def play(
    link: Link,
    *,
    room: str | None = None,
    watch: str | None = None,
    options: Mapping[str, Any] | None = None,
    typed: asyncio.Queue[str | None] | None = None,
    write: Callable[[str], None] | None = None,
    clock: Clock | None = None,
) -> int:
    """Play one match to its end; the exit status (0, or 1 when the connection was lost)."""
    plain = PlainGame(link, write or _print, clock or SystemClock())
    typed = typed or stdin_lines()
    joined = await _enter(link, room, watch, options)
    await plain.take(joined)
    stream = aiter(link)
    said: asyncio.Task[AnyServerMessage] = asyncio.ensure_future(anext(stream))
    line: asyncio.Task[str | None] | None = asyncio.ensure_future(typed.get())
    try:
        while not plain.done:
            await asyncio.wait({said, *({line} if line else ())}, return_when=asyncio.FIRST_COMPLETED)
            if line is not None and line.done():
                text = line.result()
                line = None if text is None else asyncio.ensure_future(typed.get())
                await plain.type(text)
            if said.done():
                try:
                    message = said.result()
                except (StopAsyncIteration, ArenaError) as error:
                    plain.say(getattr(error, "message", "The server has closed the connection."))
                    return 1
                said = asyncio.ensure_future(anext(stream))
                await plain.take(message)
    finally:
        for task in (said, line):
            if task is not None:
                task.cancel()
    return 0


async def _enter(link: Link, room: str | None, watch: str | None, options: Mapping[str, Any] | None) -> RoomJoined:
    if watch is not None:
        return await link.watch(watch)
    if room is None and options:
        created = await link.create(options=options)
        room = created.room
    return await link.join(room=room)


class PlainGame:
    """What was said so far, and the lines that wait for a turn."""

    def __init__(self, link: Link, write: Callable[[str], None], clock: Clock) -> None:
        self.link, self.say, self.clock = link, write, clock
        self.world = World()
        self.early: deque[str] = deque()
        self.input_ended = False
        self.done = False
        self._lines = self._notes = 0
        self._asked = ""
        self._notice = ""

    async def take(self, message: AnyServerMessage) -> None:
        """One more message of the server."""
        self.world = store.receive(self.world, message, self.clock.monotonic_s())
        table = self.world.table
        if table is None:
            return
        for note in table.notes[self._notes :]:
            speaker = "" if note.seat is None else f"{table.name(note.seat)}: "
            self.say(f"(only you see this) {speaker}{note.text or 'says nothing'}")
        for line in table.lines[self._lines :]:
            self.say(_line(table, line))
        self._notes, self._lines = len(table.notes), len(table.lines)
        if table.notice != self._notice:
            self._notice = table.notice
            if table.notice:
                self.say(f"! {table.notice}")
                self._asked = ""
        if table.ended is not None:
            self._end(table)
            return
        if table.my_turn and table.turn is not None and table.turn.turn_id != self._asked:
            self._asked = table.turn.turn_id
            for text in _question(table.turn):
                self.say(text)
            await self._answer_early()

    async def type(self, text: str | None) -> None:
        """One more line of the person; None: there are no more."""
        if text is None:
            self.input_ended = True
        elif text.strip() == LEAVE:
            self.done = True
            if self.world.table is not None:
                await self.link.leave(self.world.table.room.room)
            self.say("You have left.")
            return
        else:
            self.early.append(text)
        await self._answer_early()

    async def _answer_early(self) -> None:
        table = self.world.table
        if table is None or table.turn is None or not table.my_turn or not (self.early or self.input_ended):
            return
        typed = self.early.popleft() if self.early else ""
        text, choice = clean_text(typed), None
        if table.turn.choices:
            text, choice = "", _chosen(table.turn, text)
            if choice is None and clean_text(typed) not in ("", "0", "nobody"):
                self.say(f"! There is no {clean_text(typed, 40)!r} here.")
                self._asked = table.turn.turn_id
                if self.early or self.input_ended:
                    await self._answer_early()
                return
        act_id = uuid4().hex
        self.world = replace(self.world, table=store.sent(table, act_id, text, choice))
        self.say(
            f"You chose {clean_text(choice or 'nobody', 40)}."
            if table.turn.choices
            else f"You say: {text or 'nothing'}"
        )
        try:
            await self.link.take_turn(table.room.room, table.turn.turn_id, text=text, choice=choice, act_id=act_id)
        except ArenaError as error:
            assert self.world.table is not None, "a table does not go away"
            self.world = replace(self.world, table=store.refused(self.world.table, act_id, error.code, error.message))
            self.say(f"! {words.refusal(error.code, clean_text(error.message, 300))}")
            if self.early:
                await self._answer_early()

    def _end(self, table: Table) -> None:
        self.done = True
        self.say(f"== {words.winner_sentence(table)}. {words.why_sentence(table)}")
        won = words.did_i_win(table)
        if won is not None:
            self.say("You won." if won else "You lost.")
        for seat in range(table.count()):
            self.say(f"{table.name(seat)}: {table.known_role(seat)}, {words.fate(table, seat)}")


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


def _line(table: Table, line: Line) -> str:
    match line.kind:
        case LineKind.PHASE:
            return f"== {line.text}"
        case LineKind.TALK:
            return f"{table.name(line.seat)}: {line.text or 'says nothing'}"
        case _:
            return line.text


def _question(turn: OpenTurn) -> list[str]:
    if not turn.choices:
        return [f"? {turn.question} (at most {turn.text_limit} characters; an empty line says nothing)"]
    choices = [f"{i} {clean_text(c, 40)}" for i, c in enumerate(turn.choices, 1)]
    return [
        f"? {turn.question}",
        "  " + ", ".join([*choices, *(["0 nobody"] if turn.may_pass and NOBODY not in turn.choices else [])]),
    ]


def _chosen(turn: OpenTurn, text: str) -> str | None:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= len(turn.choices):
        return turn.choices[int(text) - 1]
    return next((c for c in turn.choices if clean_text(c).lower() == text.lower()), None)
