"""One task a room: performs the room's effects, asks its minds, keeps its deadlines.

Everything that happens to a room goes through its inbox, so the room is only ever touched by its own task. Minds are
asked side by side; one that fails, or answers what the rules refuse, has its turn passed, and the reason is logged.

A task that is cancelled parks its match: the log has all of it, and the next server goes on from there.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from arena.clock import Clock
from arena.db.writer import LogWriter
from arena.decision import MindKind
from arena.errors import IllegalAct, StorageError
from arena.games.core import Act, Event
from arena.journal import DecisionLogged, HandedOver, LogRow, MatchAbandoned, MatchEnded, MatchStarted
from arena.protocol import codes
from arena.protocol.client_messages import TakeTurn, TalkAmongDead
from arena.protocol.server_messages import (
    ActAccepted,
    Refused,
    RoomJoined,
    SeatChanged,
    SeatInfo,
    SeatLost,
    ServerMessage,
    TurnClosed,
    TurnWarned,
)
from arena.rooms.effects import (
    Accepted,
    Append,
    Ask,
    CloseTurn,
    Effects,
    Ended,
    HandOver,
    OpenTurn,
    Tell,
    WarnTurn,
)
from arena.rooms.minds import MindSource
from arena.rooms.room import Room
from arena.server.asking import Answered, Asking
from arena.server.connection import Connection
from arena.server.counts import Counts
from arena.server.outbox import Outbox
from arena.server.shown import encoded_body, event_message, match_ended, seat_info, turn_opened

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Acted:
    seat: int
    message: TakeTurn | TalkAmongDead
    sender: Connection


@dataclass(frozen=True, slots=True)
class Dropped:
    seat: int
    connection: Connection


@dataclass(frozen=True, slots=True)
class Returned:
    """``joined`` is said first, then the events from number ``since`` on, then the open turns."""

    seat: int
    connection: Connection
    joined: RoomJoined
    since: int


@dataclass(frozen=True, slots=True)
class TookBack:
    seat: int
    connection: Connection


@dataclass(frozen=True, slots=True)
class Left:
    seat: int
    connection: Connection


@dataclass(frozen=True, slots=True)
class Watched:
    connection: Connection
    everything: bool = False


@dataclass(frozen=True, slots=True)
class NotStored:
    error: BaseException


Incoming = Acted | Answered | Dropped | Returned | TookBack | Left | Watched | NotStored


@dataclass(frozen=True, slots=True)
class Front:
    """What everybody may know of a match. Its first ``events`` events are stored."""

    phase: str
    seats: tuple[SeatInfo, ...]
    events: int


class RoomTask:
    """Runs one room until it is cancelled; ``ended`` is set when the match is over and stored, or has ``failed``.
    ``front`` is what is known of it outside, as of its last commit."""

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
        self._writer = writer
        self._clock = clock
        self._counts = counts
        self._on_over = on_over
        self._inbox: asyncio.Queue[Incoming | None] = asyncio.Queue()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_due = 0.0
        self._asking = Asking(room, minds, clock, mind_s, self.put)
        self._outbox = Outbox()
        self._stored: asyncio.Future[None] | None = None
        self._followers: dict[Connection, asyncio.Task[None]] = {}
        seats = tuple(seat_info(room, seat) for seat in range(len(room.seats)))
        self.front = Front(room.phase, seats, len(room.history.events))
        self._next_front = self.front

    def put(self, what: Incoming) -> None:
        self._inbox.put_nowait(what)

    async def run(self) -> None:
        """Never returns by itself: a finished match still answers repeated acts. Cancel it to stop."""
        try:
            now, wall = self._clock.monotonic_s(), self._clock.wall_s()
            if self.room.started:
                await self._perform(self.room.go_on(now, wall), None)
                if self.room.outcome is not None:
                    self._on_over()
                    self.ended.set()
            else:
                await self._perform(self.room.start(now, wall), None)
                for seat, spec in enumerate(self.room.seats):
                    if spec.person is not None and seat not in self.people:
                        self.room.dropped(seat, now)  # gone while the room waited
            while True:
                await self._handle(await self._next())
        except asyncio.CancelledError:
            self._stop_asking()
            raise
        except StorageError as error:
            log.error("room %s: the log failed: %s", self.room.match_id, error)
            await self._fail("The match could not be stored and is over.")
        except Exception:  # a bug in one room must not take the others down
            log.exception("room %s failed", self.room.match_id)
            await self._fail("The match had to be given up because of an error in the server.")

    # -- in ------------------------------------------------------------------------------------------------------

    async def _next(self) -> Incoming | None:
        """What happens next; None when a deadline may have come."""
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        due = self.room.next_deadline()
        if due is not None and (self._alarm is None or due < self._alarm_due):
            self._set_alarm(due)
        return await self._inbox.get()

    def _set_alarm(self, due: float) -> None:
        """One that is due before the next deadline stays: to ring for nothing now and then is cheaper than a new alarm
        with every act."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_due = due
        wait_s = max(0.0, due - self._clock.monotonic_s())
        self._alarm = asyncio.get_running_loop().call_later(wait_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._inbox.put_nowait(None)

    async def _handle(self, incoming: Incoming | None) -> None:
        now = self._clock.monotonic_s()
        match incoming:
            case None:
                await self._perform(self.room.tick(now), None)
            case Acted():
                await self._act(incoming, now)
            case Answered():
                await self._answer(incoming, now)
            case Returned():
                await self._return(incoming, now)
            case TookBack(seat, connection):
                if self.people.get(seat) is connection:
                    await self._perform(self.room.returned(seat, now), None)
            case Dropped(seat, connection):
                if self.people.get(seat) is connection:
                    del self.people[seat]
                    self.room.dropped(seat, now)
            case Left(seat, connection):
                if self.people.get(seat) is connection:
                    del self.people[seat]
                    await self._perform(self.room.left(seat, now), None)
            case Watched(connection, everything):
                self._show_past(connection, everything)
            case NotStored(error):
                raise error

    async def _act(self, acted: Acted, now: float) -> None:
        message = acted.message
        try:
            if self.people.get(acted.seat) is not acted.sender:
                raise IllegalAct("You no longer sit there.", code=codes.NOT_SEATED)
            match message:
                case TalkAmongDead():
                    effects = self.room.talk_among_dead(acted.seat, message.text, message.act_id, now)
                case TakeTurn():
                    act = Act(message.text, message.choice)
                    effects = self.room.act(
                        acted.seat, message.turn_id, act, MindKind.PERSON, "person", now, act_id=message.act_id
                    )
        except IllegalAct as error:
            acted.sender.refuse(error.code, error.message, message.act_id)
        else:
            await self._perform(effects, acted.sender)

    async def _answer(self, answered: Answered, now: float) -> None:
        turn, answer = answered.turn, answered.answer
        if turn not in self.room.open_turns or self.room.seats[turn.seat].by_person:
            self._counts.came_late()
            return  # the deadline, or the returning person, was faster
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

    async def _return(self, returned: Returned, now: float) -> None:
        """Somebody comes with the seat's secret: they get the seat, and what they have missed."""
        seat, connection, since = returned.seat, returned.connection, returned.since
        if self.room.seats[seat].person is None:
            connection.seats.pop(self.room.match_id, None)
            connection.refuse(codes.NOT_SEATED, "That seat was given up.")
            return
        older = self.people.pop(seat, None)
        if older is not None and older is not connection:
            older.seats.pop(self.room.match_id, None)
            self._say(older, SeatLost(room=self.room.match_id))
        self._say(connection, returned.joined)
        self._outbox.say(connection, self._past(seat, since))
        for turn in self.room.open_turns:
            if turn.seat == seat and self.room.seats[seat].by_person:
                self._say(connection, turn_opened(self.room, turn, self.room.deadline(turn), now))
        if self.room.outcome is not None:
            self._say(connection, match_ended(self.room))
        self.people[seat] = connection
        await self._perform(self.room.returned(seat, now), None)

    # -- out -----------------------------------------------------------------------------------------------------

    async def _perform(self, effects: Effects, sender: Connection | None) -> None:
        now = self._clock.monotonic_s()
        rows: list[LogRow] = [row for e in effects if isinstance(e, Append) for row in e.rows]
        if any(isinstance(e, Ended) for e in effects):
            rows.extend(self._asking.trunks())
        if rows:
            self._stored = await self._writer.append_async(rows)
            self._stored.add_done_callback(partial(self._noticed, self._front(rows)))
            if made := [row.decision for row in rows if isinstance(row, DecisionLogged)]:
                self._counts.decided(self.room.match_id, made, now)
        body: tuple[Event, bytes] | None = None
        for effect in effects:
            match effect:
                case Append():
                    pass
                case Accepted(_, turn_id, act_id):
                    if sender is not None:
                        yes = ActAccepted(room=self.room.match_id, turn_id=turn_id, act_id=act_id)
                        self._say(sender, yes, act_id)
                case Tell(seat, seq, event, line):
                    if not (listeners := self._listeners(seat)):
                        continue
                    if body is None or body[0] is not event:
                        body = (event, encoded_body(event, line))
                    message = event_message(self.room.match_id, seq, body[1])
                    for listener in listeners:
                        self._outbox.say(listener, message)
                case OpenTurn(turn, deadline):
                    self._say_to(turn.seat, turn_opened(self.room, turn, deadline, now))
                case WarnTurn(turn, deadline):
                    warned = TurnWarned(room=self.room.match_id, turn_id=turn.id, remaining_s=max(0.0, deadline - now))
                    self._say_to(turn.seat, warned)
                case CloseTurn(seat, turn_id, reason):
                    if not self._asking.withdraw(seat, turn_id):
                        self._say_to(seat, TurnClosed(room=self.room.match_id, turn_id=turn_id, reason=reason))
                case HandOver(seat):
                    changed = SeatChanged(room=self.room.match_id, seat=seat_info(self.room, seat, to_itself=True))
                    if self.room.terms.blind:  # only people drop out and come back
                        self._say_to(seat, changed)
                    else:
                        self._say_to_all(changed)
                case Ask(turn):
                    self._asking.ask(turn)
                case Ended():
                    assert self._stored is not None
                    # Whoever hears of the end can replay the match; a cancelled task must not take the append with it.
                    await asyncio.shield(self._stored)
                    self._counts.finished(self.room.match_id)
                    self._on_over()
                    self._say_to_all(match_ended(self.room))
                    self.ended.set()
        self._outbox.release(self._stored)

    def _front(self, rows: Sequence[LogRow]) -> Front:
        """The front that these rows give the match once they are stored."""
        changed = any(isinstance(row, MatchStarted | HandedOver | MatchEnded) for row in rows)
        seats = self._next_front.seats
        if changed:
            seats = tuple(seat_info(self.room, seat) for seat in range(len(self.room.seats)))
        self._next_front = Front(self.room.phase, seats, len(self.room.history.events))
        return self._next_front

    def _noticed(self, front: Front, stored: asyncio.Future[None]) -> None:
        if stored.cancelled():
            return
        if (error := stored.exception()) is not None:
            self.put(NotStored(error))
        else:
            self.front = front

    # -- what clients are shown ----------------------------------------------------------------------------------

    def _say(self, listener: Connection, message: ServerMessage, act_id: str | None = None) -> None:
        self._outbox.say(listener, message.model_dump_json().encode(), act_id)

    def _say_to(self, seat: int, message: ServerMessage) -> None:
        if (listener := self.people.get(seat)) is not None:
            self._say(listener, message)

    def _say_to_all(self, message: ServerMessage) -> None:
        encoded = message.model_dump_json().encode()
        for listener in (*self.people.values(), *self.watchers):
            self._outbox.say(listener, encoded)

    def _past(self, seat: int | None, since: int = 0) -> Iterator[bytes]:
        told = self.room.told(seat, since)
        return (event_message(self.room.match_id, tell.seq, encoded_body(tell.event, tell.line)) for tell in told)

    def _listeners(self, seat: int | None) -> list[Connection]:
        if seat is None:
            return list(self.watchers)
        listener = self.people.get(seat)
        return [] if listener is None else [listener]

    def _show_past(self, connection: Connection, everything: bool) -> None:
        """All that spectators have seen so far; from here on the newcomer is one of them."""
        if self.room.match_id not in connection.watching or connection in self.watchers:
            return  # gone again before it was their turn, or gone and here again
        if everything:
            if (earlier := self._followers.get(connection)) is not None:
                earlier.cancel()
            self._followers[connection] = asyncio.create_task(self._follow_all(connection))
            return
        self._outbox.say(connection, self._past(None))
        if self.room.outcome is not None:
            self._say(connection, match_ended(self.room))
        self.watchers.add(connection)
        self._outbox.release(self._stored)

    async def _follow_all(self, connection: Connection) -> None:
        """Every event, secrets too: of a match that is over, or as late as the room's terms want it."""
        room, history = self.room, self.room.history
        n = 0
        while connection.is_open and room.match_id in connection.watching and not self.failed:
            if self.ended.is_set():
                connection.send_past(self._everything(range(n, len(history.events))))
                connection.send(match_ended(room))
                return
            delay = room.terms.show_all_after_s
            assert delay is not None, "only a room that allows it is followed before its end"
            stored = self.front.events
            due = bisect_right(history.times, self._clock.wall_s() - delay, n, stored)
            if due > n:
                connection.send_past(self._everything(range(n, due)))
                n = due
            pause = 0.5 if n == stored else history.times[n] + delay - self._clock.wall_s()
            await asyncio.sleep(max(0.0, pause))

    def _everything(self, numbers: range) -> Iterator[bytes]:
        room = self.room
        for n in numbers:
            event = room.history.events[n]
            body = encoded_body(event, room.game.line(room.names, event))
            yield event_message(room.match_id, n, body)

    # -- the end -------------------------------------------------------------------------------------------------

    async def _fail(self, message: str) -> None:
        self.failed = True
        self._stop_asking()
        self._outbox.drop()
        self._say_to_all(Refused(code=codes.ROOM_FAILED, message=message))
        self._outbox.release(None)
        try:
            row = MatchAbandoned(self.room.match_id, "error", self._clock.wall_s())
            await asyncio.wrap_future(self._writer.append((row,)))
        except StorageError as error:
            log.warning("room %s: cannot be marked as abandoned: %s", self.room.match_id, error)
        self.ended.set()
        self._on_over()

    def _stop_asking(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._counts.given_up(self.room.match_id)
        self._asking.stop()
        self._asking.trunks()
        for follower in self._followers.values():
            follower.cancel()
