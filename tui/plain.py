"""The game without a screen: lines out, lines in. For screen readers, pipes and tests.

One answer a line: a name or its number, or what you say; an empty line passes. ``/leave`` gives the seat up, ``/back``
takes it back from a stand-in, ``/begin`` begins the game that you opened before all have come, ``/card`` says once more
what only you know. ``/rate`` and one to five stars says at any time how good you think the match; it is sent when the
match is over, and where a person sits at the keyboard they are asked then. What cannot be undone wants a further line,
``yes``. Lines that come early are kept for the next turns, and once the input has ended every further turn is passed.
Who is dead talks with the other dead, where the room allows it.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from arena.client.happenings import ConnectionBack, ConnectionLost, Happening, SeatGone
from arena.clock import Clock, SystemClock
from arena.errors import ArenaError, UserError
from arena.protocol import codes
from arena.protocol.server_messages import ActAccepted, RoomJoined, SeatLost, TurnWarned
from arena.protocol.text import clean_text
from tui import store, words
from tui.faces.face import STAND_IN
from tui.lines import Line, LineKind
from tui.link import Link
from tui.memory import KeptSeat, Memory
from tui.state import OpenTurn, Table, World
from tui.wish import Wish

AGAIN: Final = ""
"""No choice yet."""


async def play(
    link: Link,
    *,
    wish: Wish | None = None,
    memory: Memory | None = None,
    typed: asyncio.Queue[str | None] | None = None,
    write: Callable[[str], None] | None = None,
    clock: Clock | None = None,
    asks: bool | None = None,
) -> int:
    """Play one match to its end; the exit status (0, or 1 when the seat or the connection was lost for good).

    Args:
        asks: whether to ask for stars at the end, and wait for them. None: where standard input is a terminal.

    Raises:
        ArenaError: the server gives no such seat.
    """
    plain = PlainGame(link, write or _print, clock or SystemClock())
    typed = typed or stdin_lines()
    plain.take(await _enter(plain, wish or Wish(), memory))
    stream = aiter(link)
    said: asyncio.Task[Happening] = asyncio.ensure_future(anext(stream))
    line: asyncio.Task[str | None] | None = asyncio.ensure_future(typed.get())
    try:
        while plain.status is None:
            waited: set[asyncio.Task[Any]] = {said, *plain.acts, *({line} if line else ())}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            plain.hear_answers()
            if line is not None and line.done():
                text = line.result()
                line = None if text is None else asyncio.ensure_future(typed.get())
                await plain.type(text)
            if said.done():
                try:
                    happening = said.result()
                except (StopAsyncIteration, ArenaError) as error:
                    plain.say(clean_text(getattr(error, "message", "The connection is closed."), 300))
                    return 1
                said = asyncio.ensure_future(anext(stream))
                plain.take(happening)
        if plain.may_rate:
            if not plain.stars and line is not None and (sys.stdin.isatty() if asks is None else asks):
                plain.say("? How good was it? One to five stars; an empty line says nothing.")
                plain.hear_stars(await line or "")
            await plain.rate()
    finally:
        for task in (said, line, *plain.acts):
            if task is not None:
                task.cancel()
    return plain.status


async def _enter(plain: PlainGame, wish: Wish, memory: Memory | None) -> RoomJoined:
    link = plain.link
    if wish.watch is not None:
        plain.world = replace(plain.world, everything=wish.everything)
        return await link.watch(wish.watch, everything=wish.everything)
    kept: KeptSeat | None = None if memory is None else memory.seat(wish.room)
    if kept is not None and (wish.resume or wish.room is not None):
        return await link.resume(kept.room, kept.token)
    if wish.resume:
        raise UserError("There is no match to go back to on this server.")
    if kept is not None:
        plain.say("(You have a seat in a match that may still be running here. To go back to it: --resume)")
    room, train = wish.room, memory is not None and bool(memory.train)
    if room is None and wish.options:
        room = (await link.create(wish.game, wish.options)).room
    try:
        return await link.join(room, game=wish.game, train=train, blind=wish.blind)
    except ArenaError as error:
        if error.code != codes.BLIND:
            raise
        raise UserError(f"{words.BLIND} Agree with: --blind") from error


class PlainGame:
    """What was said so far, the lines that wait for a turn, and the acts that wait for their answer. ``status`` is the
    exit status once it is over."""

    def __init__(self, link: Link, write: Callable[[str], None], clock: Clock) -> None:
        self.link, self.say, self.clock = link, write, clock
        self.world = World()
        self.early: deque[str] = deque()
        self.acts: dict[asyncio.Task[ActAccepted], str] = {}
        self.input_ended = False
        self.status: int | None = None
        self.stars = 0
        """What was said of the match, and not sent yet."""
        self._told = self._lines = self._notes = 0
        self._asked = self._weighed = ""
        self._notice = ""
        self._away = self._carded = False

    def take(self, happening: Happening) -> None:
        """One more message of the server, or news of the connection."""
        before = self.world.table
        self.world = store.receive(self.world, happening, self.clock.monotonic_s())
        table = self.world.table
        match happening:
            case ConnectionLost(attempt=1):
                self.say("! Connection lost. Trying again …")
            case ConnectionBack():
                self.say("! Connected again.")
            case RoomJoined():
                self._asked = ""
                if table is not None and not table.started and any(s.mind in ("open", "hidden") for s in table.seats):
                    self.say(f"{table.face.waiting(table)} The code for others: {table.room.code}")
            case SeatGone() if table is not None and table.gone:
                self.say(f"! {table.gone}")
                self.status = 1
            case SeatLost() if before is not None and table is None:
                self.say(f"! {self.world.notice}")
                self.status = 1
            case TurnWarned() if table is not None and table.my_turn:
                self.say(f"! {happening.remaining_s:.0f} seconds are left.")
            case _:
                pass
        if table is not None and self.status is None:
            self._show(table)

    def _show(self, table: Table) -> None:
        """What is new at the table, and what is asked of the player."""
        if table.told != self._told:
            self._told, self._lines, self._notes, self._carded = table.told, 0, 0, False
        for note in table.notes[self._notes :]:
            speaker = "" if note.seat is None else f"{table.name(note.seat)}: "
            self.say(f"(only you see this) {speaker}{note.text or 'says nothing'}")
        for line in table.lines[self._lines :]:
            self.say(_line(table, line))
        if not self._carded and table.started:
            self._carded = self._show_card(table)
        self._notes, self._lines = len(table.notes), len(table.lines)
        if table.away and not self._away:
            self.say(f"! {STAND_IN}. /back takes your seat back.")
        self._away = table.away
        if table.notice != self._notice:
            self._notice = table.notice
            if table.notice:
                self.say(f"! {table.notice}")
                self._asked = ""
        if table.gone:
            self.status = 1
        elif table.ended is not None:
            self._end(table)
        elif table.my_turn and table.turn is not None and table.turn.turn_id != self._asked:
            self._asked, self._weighed = table.turn.turn_id, ""
            for text in (*table.face.reminder(table, table.turn), *_question(table, table.turn)):
                self.say(text)
            self._answer_early()

    def _show_card(self, table: Table) -> bool:
        """Whether there was one to show."""
        card = table.face.reading(table)
        for text in card:
            self.say(f"(only you see this) {text}")
        return bool(card)

    async def type(self, text: str | None) -> None:
        """One more line of the person; None: there are no more."""
        table = self.world.table
        match None if text is None else text.strip():
            case None:
                self.input_ended = True
            case "/leave":
                self.status = 0
                if table is not None:
                    await self._tell(self.link.leave)
                self.say("You have left.")
                return
            case "/back":
                await self._tell(self.link.take_seat_back)
            case "/card" if table is not None:
                self._show_card(table)
            case "/begin":
                await self._tell(self.link.begin)
            case rating if rating.split()[:1] == ["/rate"]:
                self.hear_stars(rating.removeprefix("/rate"))
            case words_ if table is not None and table.may_speak_among_dead and not table.my_turn:
                if spoken := clean_text(words_):
                    act_id = uuid4().hex
                    self.world = replace(self.world, table=store.sent_among_dead(table, act_id, spoken))
                    self._send(act_id, self.link.talk_among_dead(table.room.room, spoken, act_id=act_id))
            case _:
                self.early.append(text or "")
        self._answer_early()

    @property
    def may_rate(self) -> bool:
        """Whether this is a match that I played to its end."""
        table = self.world.table
        return self.status == 0 and table is not None and table.ended is not None and table.me is not None

    def hear_stars(self, text: str) -> None:
        """Keep what was said of the match until it is over."""
        match text.strip():
            case "1" | "2" | "3" | "4" | "5" as stars:
                self.stars = int(stars)
            case "":
                pass
            case _:
                self.say("! Stars are 1 to 5: /rate 4")

    async def rate(self) -> None:
        """Send it."""
        if not self.stars or self.world.table is None:
            return
        try:
            rated = await self.link.rate(self.world.table.room.room, self.stars)
        except ArenaError as error:
            self.say(f"! {words.refusal(error.code, clean_text(error.message, 300))}")
        else:
            self.say(f"You gave it {rated.stars} of 5.")

    async def _tell(self, say: Callable[[str], Awaitable[None]]) -> None:
        """Say something about the room that has no reply of its own."""
        if self.world.table is None:
            return
        try:
            await say(self.world.table.room.room)
        except ArenaError as error:
            self.say(f"! {words.refusal(error.code, clean_text(error.message, 300))}")

    def _answer_early(self) -> None:
        table = self.world.table
        if table is None or table.turn is None or not table.my_turn or not (self.early or self.input_ended):
            return
        typed = self.early.popleft() if self.early else ""
        text, choice = clean_text(typed), None
        if table.turn.choices:
            text, choice = "", self._meant(table, table.turn, text)
            if choice == AGAIN:
                self._asked = table.turn.turn_id
                if self.early or self.input_ended:
                    self._answer_early()
                return
        act_id = uuid4().hex
        self.world = replace(self.world, table=store.sent(table, act_id, text, choice))
        self.say(
            f"You chose {clean_text(choice or table.face.offered(table, table.turn).passing, 40)}."
            if table.turn.choices
            else f"You say: {text or 'nothing'}"
        )
        act = self.link.take_turn(table.room.room, table.turn.turn_id, text=text, choice=choice, act_id=act_id)
        self._send(act_id, act)

    def _meant(self, table: Table, turn: OpenTurn, text: str) -> str | None:
        """The choice of a typed line; None passes, ``AGAIN`` where it wants a further word."""
        weighed, self._weighed = self._weighed, ""
        if weighed and text.lower() in ("y", "yes"):
            return weighed
        if weighed and text.lower() in ("", "n", "no") and not self.input_ended:
            self.say("! Not done. Choose again.")
            return AGAIN
        choice = _chosen(turn, text)
        if choice is None and text in ("", "0", table.face.offered(table, turn).passing):
            if turn.may_pass:
                return None
            if self.input_ended and not self.early:
                return turn.choices[0]
            self.say("! You cannot pass here.")
            return AGAIN
        if choice is None:
            self.say(f"! There is no {clean_text(text, 40)!r} here.")
            return AGAIN
        heed = table.face.heed(table, choice)
        if heed is None:
            return choice
        self._weighed = choice
        self.say(f"? {heed.title} {heed.text} Type yes, or choose something else.")
        return AGAIN

    def _send(self, act_id: str, act: Coroutine[Any, Any, ActAccepted]) -> None:
        self.acts[asyncio.ensure_future(act)] = act_id

    def hear_answers(self) -> None:
        """What the server made of the acts; one that was refused leaves its turn to the next line."""
        for act in [a for a in self.acts if a.done()]:
            act_id, error, table = self.acts.pop(act), act.exception(), self.world.table
            if table is None:
                continue
            if error is None:
                self.world = replace(self.world, table=store.accepted(table, act_id))
                continue
            if not isinstance(error, ArenaError):
                raise error
            table = store.refused(table, act_id, error.code, error.message)
            self.world = replace(self.world, table=table)
            self._notice = table.notice
            self.say(f"! {words.refusal(error.code, clean_text(error.message, 300))}")
            if self.early:
                self._answer_early()

    def _end(self, table: Table) -> None:
        self.status = 0
        self.say(f"== {table.face.winner(table)}. {table.face.why(table)}")
        won = table.face.won(table)
        if won is not None:
            self.say("You won." if won else "You lost.")
        for moment in table.face.moments(table):
            self.say(f"{moment.when}: {moment.text}")
        for text in table.face.result_lines(table):
            self.say(text)
        if table.me is not None:
            self.say(f"How good was it? Say so with: arena rate {clean_text(table.room.room, 40)} STARS (1 to 5)")


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
        case LineKind.GHOST:
            return f"(among the dead) {table.name(line.seat)}: {line.text}"
        case LineKind.SHOWN | LineKind.WHISPER | LineKind.OFFER | LineKind.YES | LineKind.GONE:
            return " ".join(
                w for w in (table.name(line.seat), line.how, line.text, line.aside and f"({line.aside})") if w
            )
        case LineKind.SECRET:
            return f"(secret) {'' if line.seat is None else table.name(line.seat) + ': '}{line.text}"
        case _:
            return line.text


def _question(table: Table, turn: OpenTurn) -> list[str]:
    asked = f"? {table.face.question(table, turn)}"
    if not turn.choices:
        return [f"{asked} (at most {turn.text_limit} characters; an empty line says nothing)"]
    offered = table.face.offered(table, turn)
    asides = {c: f" ({aside})" for c, aside in offered.asides.items()}
    numbers = [""] * len(turn.choices) if _numbers(turn) else [f"{i} " for i in range(1, len(turn.choices) + 1)]
    choices = [f"{n}{clean_text(c, 40)}{asides.get(c, '')}" for n, c in zip(numbers, turn.choices, strict=True)]
    return [asked, "  " + ", ".join([*choices, *([f"0 {offered.passing}"] if offered.beside else [])])]


def _chosen(turn: OpenTurn, text: str) -> str | None:
    """By name, or by number: where the names are numbers themselves, by name alone."""
    named = next((c for c in turn.choices if clean_text(c).lower() == text.lower()), None)
    if (
        named is None
        and not _numbers(turn)
        and text.isascii()
        and text.isdigit()
        and 1 <= int(text) <= len(turn.choices)
    ):
        return turn.choices[int(text) - 1]
    return named


def _numbers(turn: OpenTurn) -> bool:
    """Whether the choices are amounts."""
    return all(choice.isdigit() for choice in turn.choices)
