"""One task a room: performs the room's effects, asks its minds, keeps its deadlines.

Everything that happens to a room goes through its inbox, so the room is only ever touched by its own task. Minds are
asked side by side; one that fails, or answers what the rules refuse, has its turn passed, and the reason is logged.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from arena.clock import Clock
from arena.db.writer import LogWriter
from arena.decision import MindKind
from arena.errors import ArenaError, IllegalAct, StorageError
from arena.games.core import Act, Event, Turn
from arena.journal import DecisionLogged, LogRow, MatchAbandoned, TrunkLogged
from arena.protocol import codes
from arena.protocol.client_messages import TakeTurn
from arena.protocol.server_messages import (
    ActAccepted,
    MatchEnded,
    Refused,
    SeatChanged,
    SeatInfo,
    ServerMessage,
    TurnClosed,
    TurnOpened,
)
from arena.rooms.effects import Accepted, Append, Ask, CloseTurn, Effects, Ended, OpenTurn, Tell
from arena.rooms.minds import Answer, Mind, MindSource
from arena.rooms.room import Room
from arena.server.connection import Connection
from arena.server.counts import Counts

log = logging.getLogger(__name__)

SeatMind = Literal["person", "model", "script"]


def kind_of_fill(fill: str) -> SeatMind:
    """What everybody may know of a seat that this filling plays."""
    return "script" if fill == "random" or fill.startswith("scripted:") else "model"


@dataclass(frozen=True, slots=True)
class Acted:
    seat: int
    message: TakeTurn
    sender: Connection


@dataclass(frozen=True, slots=True)
class Answered:
    turn: Turn
    answer: Answer | None
    reason: str
    latency_s: float


@dataclass(frozen=True, slots=True)
class Left:
    seat: int
    connection: Connection


@dataclass(frozen=True, slots=True)
class Watched:
    connection: Connection


@dataclass(frozen=True, slots=True)
class NotStored:
    error: BaseException


Incoming = Acted | Answered | Left | Watched | NotStored


class RoomTask:
    """Runs one room from its start until it is cancelled; ``ended`` is set when the match is over and stored."""

    def __init__(
        self,
        room: Room,
        people: dict[int, Connection],
        watchers: set[Connection],
        minds: MindSource,
        writer: LogWriter,
        clock: Clock,
        counts: Counts,
        mind_s: float,
        on_over: Callable[[], None] = lambda: None,
    ) -> None:
        self.room = room
        self.people = people
        self.watchers = watchers
        self.ended = asyncio.Event()
        self.failed = False
        self._minds = minds
        self._writer = writer
        self._clock = clock
        self._counts = counts
        self._mind_s = mind_s
        self._on_over = on_over
        self._inbox: asyncio.Queue[Incoming] = asyncio.Queue()
        self._asks: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._used: dict[str, Mind] = {}
        self._stored: asyncio.Future[None] | None = None

    def put(self, what: Incoming) -> None:
        self._inbox.put_nowait(what)

    async def run(self) -> None:
        """Never returns by itself: a finished match still answers repeated acts. Cancel it to stop."""
        try:
            now = self._clock.monotonic_s()
            await self._perform(self.room.start(now, self._clock.wall_s()), None)
            while True:
                await self._handle(await self._next())
        except asyncio.CancelledError:
            await self._abandon("stopped")
            raise
        except StorageError as error:
            log.error("room %s: the log failed: %s", self.room.match_id, error)
            await self._fail("The match could not be stored and is over.")
        except Exception:  # a bug in one room must not take the others down
            log.exception("room %s failed", self.room.match_id)
            await self._fail("The match had to be given up because of an error in the server.")

    # -- in ------------------------------------------------------------------------------------------------------

    async def _next(self) -> Incoming | None:
        """What happens next; None when a deadline has come."""
        due = self.room.next_deadline()
        if due is None:
            return await self._inbox.get()
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        try:
            async with asyncio.timeout(max(0.0, due - self._clock.monotonic_s())):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _handle(self, incoming: Incoming | None) -> None:
        now = self._clock.monotonic_s()
        match incoming:
            case None:
                await self._perform(self.room.tick(now), None)
            case Acted():
                await self._act(incoming, now)
            case Answered():
                await self._answer(incoming, now)
            case Left(seat, connection):
                if self.people.get(seat) is connection:
                    del self.people[seat]
                    effects = self.room.vacate(seat, now)
                    self._tell_all(SeatChanged(room=self.room.match_id, seat=self.seat_info(seat)))
                    await self._perform(effects, None)
            case Watched(connection):
                self._show_past(connection)
            case NotStored(error):
                raise error

    async def _act(self, acted: Acted, now: float) -> None:
        message = acted.message
        try:
            if self.people.get(acted.seat) is not acted.sender:
                raise IllegalAct("You no longer sit there.", code=codes.NOT_SEATED)
            effects = self.room.act(
                acted.seat,
                message.turn_id,
                Act(message.text, message.choice),
                MindKind.PERSON,
                "person",
                now,
                act_id=message.act_id,
            )
        except IllegalAct as error:
            acted.sender.refuse(error.code, error.message, message.act_id)
        else:
            await self._perform(effects, acted.sender)

    async def _answer(self, answered: Answered, now: float) -> None:
        turn, answer = answered.turn, answered.answer
        if turn not in self.room.open_turns or self.room.seats[turn.seat].person is not None:
            self._counts.came_late()
            return  # the deadline was faster
        if answer is None:
            await self._perform(self.room.pass_turn(turn.seat, turn.id, answered.reason, now), None)
            return
        try:
            effects = self.room.act(
                turn.seat,
                turn.id,
                answer.act,
                answer.kind,
                answer.mind,
                now,
                tokens=answer.tokens,
                fallback=answer.fallback,
                latency_s=answered.latency_s,
            )
        except IllegalAct as error:
            effects = self.room.pass_turn(turn.seat, turn.id, error.code, now, kind=answer.kind, mind=answer.mind)
        await self._perform(effects, None)

    # -- out -----------------------------------------------------------------------------------------------------

    async def _perform(self, effects: Effects, sender: Connection | None) -> None:
        now = self._clock.monotonic_s()
        rows: list[LogRow] = [row for e in effects if isinstance(e, Append) for row in e.rows]
        over = any(isinstance(e, Ended) for e in effects)
        if over:
            rows.extend(self._trunks())
        if rows:
            self._stored = await self._writer.append_async(rows)
            self._stored.add_done_callback(self._noticed)
            if made := [row.decision for row in rows if isinstance(row, DecisionLogged)]:
                self._counts.decided(self.room.match_id, made, now)
        body: tuple[Event, bytes] | None = None
        for effect in effects:
            match effect:
                case Append():
                    pass
                case Accepted(_, turn_id, act_id):
                    if sender is not None:
                        self._acknowledge(sender, turn_id, act_id)
                case Tell(seat, seq, event, line):
                    if body is None or body[0] is not event:
                        body = (event, encoded_body(event, line))
                    message = event_message(self.room.match_id, seq, body[1])
                    for listener in self._listeners(seat):
                        listener.send_encoded(message)
                case OpenTurn(turn):
                    if (listener := self.people.get(turn.seat)) is not None:
                        listener.send(self._turn_opened(turn, now))
                case CloseTurn(seat, turn_id, reason):
                    if (ask := self._asks.pop((seat, turn_id), None)) is not None:
                        ask.cancel()
                    elif (listener := self.people.get(seat)) is not None:
                        listener.send(TurnClosed(room=self.room.match_id, turn_id=turn_id, reason=reason))
                case Ask(turn):
                    self._asks[turn.seat, turn.id] = asyncio.create_task(self._ask(turn))
                case Ended():
                    assert self._stored is not None
                    # Whoever hears of the end can replay the match; a cancelled task must not take the append with it.
                    await asyncio.shield(self._stored)
                    self._counts.finished(self.room.match_id)
                    self._on_over()
                    self._tell_all(self.match_ended())
                    self.ended.set()

    def _noticed(self, stored: asyncio.Future[None]) -> None:
        if not stored.cancelled() and (error := stored.exception()) is not None:
            self.put(NotStored(error))

    def _acknowledge(self, sender: Connection, turn_id: str, act_id: str) -> None:
        """Say yes once the act is durable; rooms append in order, so the last append covers all before it."""
        assert self._stored is not None

        def settled(stored: asyncio.Future[None]) -> None:
            if stored.cancelled() or stored.exception() is not None:
                sender.refuse(codes.NOT_STORED, "The act could not be stored; the match is over.", act_id)
            else:
                sender.send(ActAccepted(room=self.room.match_id, turn_id=turn_id, act_id=act_id))

        self._stored.add_done_callback(settled)

    async def _ask(self, turn: Turn) -> None:
        began = self._clock.monotonic_s()
        answer, reason = None, "mind/timeout"
        try:
            async with asyncio.timeout(self._mind_s):
                answer = await self._mind_of(turn.seat).decide(self.room.request(turn))
        except TimeoutError:
            log.warning("room %s: the mind of seat %d did not answer", self.room.match_id, turn.seat)
        except ArenaError as error:
            reason = f"{error.code}: {error}"
            log.warning("room %s: the mind of seat %d failed: %s", self.room.match_id, turn.seat, reason)
        except Exception as error:  # a mind is foreign code: whatever it raises costs it the turn, not the match
            reason = f"{type(error).__name__}: {error}"
            log.exception("room %s: the mind of seat %d failed", self.room.match_id, turn.seat)
        self._asks.pop((turn.seat, turn.id), None)
        self.put(Answered(turn, answer, reason, self._clock.monotonic_s() - began))

    def _mind_of(self, seat: int) -> Mind:
        fill = self.room.seats[seat].fill
        if fill not in self._used:
            self._used[fill] = self._minds.mind(fill)
        return self._used[fill]

    def _trunks(self) -> list[TrunkLogged]:
        """Let the minds forget the match, and take what they recorded of it."""
        trunks: dict[tuple[str, str], TrunkLogged] = {}
        for mind in {id(m): m for m in self._used.values()}.values():
            trunk = mind.finish(self.room.match_id)
            if trunk is None:
                continue
            # One tokenizer has one trunk. Minds stop reading at their seats' last turns, so one may have less of it.
            known = trunks.get(key := (trunk.tokenizer, trunk.prompt_version))
            if known is None or len(known.trunk.tokens) < len(trunk.tokens):
                trunks[key] = TrunkLogged(self.room.match_id, trunk)
        return list(trunks.values())

    # -- what clients are shown ----------------------------------------------------------------------------------

    def seat_info(self, seat: int) -> SeatInfo:
        spec = self.room.seats[seat]
        name = self.room.names[seat] if self.room.names else None
        return SeatInfo(seat=seat, name=name, mind="person" if spec.person is not None else kind_of_fill(spec.fill))

    def match_ended(self) -> MatchEnded:
        outcome = self.room.outcome
        assert outcome is not None
        return MatchEnded(
            room=self.room.match_id,
            winner=outcome.winner,
            reason=outcome.reason,
            sides=list(outcome.sides),
            returns=list(outcome.returns),
        )

    def _turn_opened(self, turn: Turn, now: float) -> TurnOpened:
        deadline = self.room.deadline(turn)
        return TurnOpened(
            room=self.room.match_id,
            turn_id=turn.id,
            kind=turn.kind,
            question=turn.question,
            choices=list(turn.choices),
            text_limit=turn.text_limit,
            may_pass=turn.may_pass,
            deadline_s=None if deadline is None else self.room.wall(deadline),
            remaining_s=None if deadline is None else deadline - now,
        )

    def _show_past(self, connection: Connection) -> None:
        """All that spectators have seen so far; from here on the newcomer is one of them."""
        for tell in self.room.told(None):
            body = encoded_body(tell.event, tell.line)
            connection.send_encoded(event_message(self.room.match_id, tell.seq, body))
        if self.room.outcome is not None:
            connection.send(self.match_ended())
        self.watchers.add(connection)

    def _listeners(self, seat: int | None) -> list[Connection]:
        if seat is None:
            return list(self.watchers)
        listener = self.people.get(seat)
        return [] if listener is None else [listener]

    def _tell_all(self, message: ServerMessage) -> None:
        encoded = message.model_dump_json().encode()
        for listener in (*self.people.values(), *self.watchers):
            listener.send_encoded(encoded)

    # -- the end -------------------------------------------------------------------------------------------------

    async def _fail(self, message: str) -> None:
        self.failed = True
        self._tell_all(Refused(code=codes.ROOM_FAILED, message=message))
        await self._abandon("error")
        self.ended.set()
        self._on_over()

    async def _abandon(self, reason: str) -> None:
        self._counts.given_up(self.room.match_id)
        for ask in self._asks.values():
            ask.cancel()
        if self.ended.is_set() or not self.room.started:
            return
        if self.room.outcome is not None and not self.failed:
            if self._stored is not None:
                await asyncio.wait([self._stored])
            return
        self._trunks()
        row = MatchAbandoned(self.room.match_id, reason, self._clock.wall_s())
        try:
            await asyncio.wrap_future(self._writer.append((row,)))
        except StorageError as error:
            log.warning("room %s: cannot be marked as abandoned: %s", self.room.match_id, error)


def encoded_body(event: Event, line: str) -> bytes:
    """What all who see an event are sent alike; only the number in front of it differs."""
    shown = {"kind": event.kind, "data": dict(event.data), "public": event.audience.is_public, "line": line}
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def event_message(room: str, seq: int, body: bytes) -> bytes:
    """An ``EventHappened`` with its number spliced in."""
    return b'{"type":"event_happened","room":"%s","seq":%d,%s' % (room.encode(), seq, body[1:])
