"""A match in plain lines: what was said of it, what a typed line does, and the acts that are on their way."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from arena.client.happenings import ConnectionBack, ConnectionLost, Happening, SeatGone
from arena.clock import Clock
from arena.errors import ArenaError
from arena.protocol.server_messages import ActAccepted, RoomJoined, SeatLost, TurnWarned
from arena.protocol.text import clean_text
from tui import connection_facts, store, words
from tui.faces.face import STAND_IN
from tui.link import Link
from tui.plain_lines import chosen, connection_lines, help_lines, line_of, question, seat_lines
from tui.state import Connection, OpenTurn, Table, World

AGAIN: Final = ""
"""No choice yet."""
_SHOWN: Final = frozenset(("/card", "/seats", "/time", "/help", "/hint"))
"""Commands that only say something about the table."""
_COMMAND: Final = re.compile(r"/[a-z]{1,20}")
"""What looks like one: mistyped it is not said at the table."""


@dataclass(slots=True)
class _Told:
    """What has been said of the match, so that it is said once."""

    streams: int = 0
    lines: int = 0
    notes: int = 0
    card: bool = False
    asked: str = ""
    """The turn that was asked last."""
    notice: str = ""
    away: bool = False


class PlainGame:
    """What was said so far, the lines that wait for a turn, and the acts that wait for their answer. ``status`` is the
    exit status once the match is over."""

    def __init__(self, link: Link, write: Callable[[str], None], clock: Clock, *, hints: str = "first") -> None:
        self.link, self.say, self.clock = link, write, clock
        self.world = World(hints=hints, connection=Connection.CONNECTED)
        self.early: deque[str] = deque()
        self.acts: dict[asyncio.Task[ActAccepted], str] = {}
        self.input_ended = False
        self.status: int | None = None
        self.stars = 0
        """What was said of the match, and not sent yet."""
        self.again = 0
        """So many more matches are wanted."""
        self._told = _Told()
        self._weighed = ""

    def begin_another(self) -> None:
        """One of those that are wanted: nothing is known of it yet. Lines that came early are for its turns."""
        self.again -= 1
        self.status, self.stars, self._weighed = None, 0, ""
        self.world, self._told = replace(self.world, table=None, early=(), notice=""), _Told()

    def close(self) -> None:
        for act in self.acts:
            act.cancel()

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
                self._told.asked = ""
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
        told = self._told
        if table.told != told.streams:
            told.streams, told.lines, told.notes, told.card = table.told, 0, 0, False
        for note in table.notes[told.notes :]:
            speaker = "" if note.seat is None else f"{table.name(note.seat)}: "
            self.say(f"(only you see this) {speaker}{note.text or 'says nothing'}")
        for line in table.lines[told.lines :]:
            self.say(line_of(table, line))
        if not told.card and table.started:
            told.card = self._show_card(table)
        told.notes, told.lines = len(table.notes), len(table.lines)
        if table.away and not told.away:
            self.say(f"! {STAND_IN}. /back takes your seat back.")
        told.away = table.away
        if table.notice != told.notice:
            told.notice = table.notice
            if table.notice:
                self.say(f"! {table.notice}")
                told.asked = ""
        if table.gone:
            self.status = 1
        elif table.ended is not None:
            self._end(table)
        elif table.my_turn and table.turn is not None and table.turn.turn_id != told.asked:
            told.asked, self._weighed = table.turn.turn_id, ""
            hint = (f"Hint: {self.world.hint}",) if self.world.hint else ()
            for text in (*table.face.reminder(table, table.turn), *hint, *question(table, table.turn)):
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
                    await self.tell(self.link.leave)
                self.say("You have left.")
                return
            case "/back":
                await self.tell(self.link.take_seat_back)
            case "/begin":
                await self.tell(self.link.begin)
            case "/again":
                self.again += 1
            case "/connection":
                await self._show_connection()
            case rating if rating.split()[:1] == ["/rate"]:
                self.hear_stars(rating.removeprefix("/rate"))
            case asked if table is not None and asked in _SHOWN:
                self._explain(asked, table)
            case strange if _COMMAND.fullmatch(strange):
                self.say(f"! There is no {strange}; /help names what there is. Nothing was said.")
            case words_ if table is not None and table.may_speak_among_dead and not table.my_turn:
                if spoken := clean_text(words_):
                    act_id = uuid4().hex
                    self.world = replace(self.world, table=store.sent_among_dead(table, act_id, spoken))
                    self._send(act_id, self.link.talk_among_dead(table.room.room, spoken, act_id=act_id))
            case _:
                self.early.append(text or "")
        self._answer_early()

    def _explain(self, asked: str, table: Table) -> None:
        """Say one of ``_SHOWN``."""
        match asked:
            case "/card":
                self._show_card(table)
            case "/seats":
                self._say_all(seat_lines(table))
            case "/time":
                self.say(self._time_left(table))
            case "/help":
                self._say_all(help_lines(table))
            case _:
                hint = table.face.hint(table)
                self.say(f"Hint: {hint}" if hint else "There is no advice for now.")

    def _time_left(self, table: Table) -> str:
        left_s = table.turn.left_s(self.clock.monotonic_s()) if table.turn is not None and table.my_turn else None
        if left_s is not None:
            return f"{left_s:.0f} seconds are left."
        if table.away:
            return f"{STAND_IN}. /back takes your seat back."
        return "Nothing hurries you." if table.my_turn else table.face.waiting(table)

    async def _show_connection(self) -> None:
        round_trip, here = await connection_facts.round_trip(self.link), connection_facts.programs()
        facts = connection_facts.facts(self.link, self.world, round_trip, here)
        self._say_all(connection_lines(facts, self.link.trace.lines()))

    def _say_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.say(line)

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
        """Send it, or say how it can be said later."""
        if self.world.table is None:
            return
        if not self.stars:
            self.say(f"To rate it later: arena rate {clean_text(self.world.table.room.room, 40)} STARS")
            return
        try:
            rated = await self.link.rate(self.world.table.room.room, self.stars)
        except ArenaError as error:
            self.say(f"! {words.refusal(error.code, clean_text(error.message, 300))}")
        else:
            self.say(f"You gave it {rated.stars} of 5.")

    async def tell(self, say: Callable[[str], Awaitable[None]]) -> None:
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
                self._told.asked = table.turn.turn_id
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
        choice = chosen(turn, text)
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
            self._told.notice = table.notice
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
        room, url = clean_text(table.room.room, 40), clean_text(self.link.url, 200)
        self.say(f"Turn by turn, with every secret: arena replay {room} --server {url}")
