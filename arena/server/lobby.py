"""The rooms of this server: making them, finding a seat, coming back, watching, leaving, and clearing away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any, Final

from arena.clock import Clock
from arena.db.writer import LogWriter
from arena.errors import ArenaError, StorageError
from arena.games.registry import game_by_name
from arena.journal import LogRow, MatchAbandoned, MatchStarted, Purpose, RoomGone, RoomWaiting
from arena.protocol import codes
from arena.protocol.client_messages import CreateRoom, JoinRoom, RateMatch, ResumeSeat, TakeTurn, TalkAmongDead
from arena.protocol.server_messages import RoomCreated, RoomInfo, RoomJoined, SeatLost
from arena.protocol.text import clean_text
from arena.rooms.minds import Believing, MindSource, believing_nothing
from arena.rooms.room import Room
from arena.rooms.terms import Terms
from arena.server.connection import Connection
from arena.server.counts import Counts
from arena.server.guesses import Guesses
from arena.server.limits import Limits
from arena.server.listing import Listing
from arena.server.lobby_room import OPEN, LobbyRoom, hashed, is_code, new_code, restored_lobby_room, waiting_lobby_room
from arena.server.match_ratings import MatchRatings
from arena.server.past_matches import PastMatches
from arena.server.recordings import Recordings
from arena.server.refusal import Refusal
from arena.server.room_task import Acted, Dropped, Left, Returned, RoomTask, TookBack, Watched
from arena.server.waiting import WaitingLog

log = logging.getLogger(__name__)

PLAYED_KEPT: Final = 8
"""Of how many cleared rooms a connection is remembered to have played there, so that it may still rate the match."""


class Lobby:
    """``terms`` are those of rooms whose makers ask for nothing else. From ``draws`` comes every secret: ids, codes,
    seeds, seats and tokens. In earnest it is ``random.SystemRandom``."""

    def __init__(
        self,
        minds: MindSource,
        writer: LogWriter,
        clock: Clock,
        counts: Counts,
        limits: Limits,
        terms: Terms,
        draws: Random,
        believing: Believing = believing_nothing,
    ) -> None:
        self.rooms: dict[str, LobbyRoom] = {}
        self.locked = False
        self._stopped = False
        self._codes: dict[str, LobbyRoom] = {}
        self._guesses = Guesses(limits.code_guesses, clock)
        self._minds = minds
        self._writer = writer
        self._clock = clock
        self._counts = counts
        self._limits = limits
        self._terms = terms
        self._draws = draws
        self._log = WaitingLog(writer, self._start_when_ready)
        self._ratings = MatchRatings(writer, clock)
        self.listing = Listing(self, limits, clock)
        self.recordings = Recordings(self, writer, believing)
        self.past_matches = PastMatches(writer, limits, clock)

    # -- what people ask -----------------------------------------------------------------------------------------

    def info(self, room: LobbyRoom) -> RoomInfo:
        return room.info(self._clock.monotonic_s())

    def create(self, connection: Connection, message: CreateRoom) -> None:
        """
        Raises:
            ArenaError: see ``open_room``, or it cannot be stored just now.
        """
        asked = {
            name: value
            for name in ("private", "blind", "dead_talk", "show_all_after_s", "grace_s", "missed_turns", "night_s")
            if (value := getattr(message, name)) is not None
        }
        terms = replace(self._terms, **asked)
        room = self.open_room(message.game, message.options, message.fills, message.seed, maker=connection, terms=terms)
        made = RoomCreated(room=self.info(room))
        self._log.ask(room, [(connection, made)], connection, partial(self._unmade, room))

    def join(self, connection: Connection, message: JoinRoom) -> None:
        """
        Raises:
            ArenaError: no such room, or no such seat is open, or the room is blind and that was not agreed to, or it
                cannot be stored just now.
        """
        playing = sum(self.rooms[room].over_at is None for room in connection.seats if room in self.rooms)
        if playing >= self._limits.rooms_per_connection:
            raise Refusal("You sit in too many rooms; leave one first.", code=codes.TOO_MANY_ROOMS)
        opened = None
        if message.room is None:
            room = self._waiting(connection, message)
            if room is None:
                room = opened = self.open_room(message.game, {}, None, maker=connection)
        else:
            room = self._room(message.room, connection)
        if room.id in connection.seats:
            raise Refusal("You already have a seat in that room.", code=codes.SEAT_TAKEN)
        if not room.open_seats:
            raise Refusal("That room has no open seat. You can watch it.", code=codes.ROOM_FULL)
        if room.terms.blind and not message.blind:
            raise Refusal("Nobody is told there who is a person. Join with blind agreed to.", code=codes.BLIND)
        chosen = None if room.terms.blind else message.seat
        seat = self._draws.choice(room.open_seats) if chosen is None else chosen
        if seat not in room.open_seats:
            open_seats = ", ".join(map(str, room.open_seats))
            if opened is not None:
                self._remove(opened)  # what is refused leaves nothing behind
            raise Refusal(f"Seat {seat} is not open. Open: {open_seats}.", code=codes.SEAT_TAKEN)
        token = self._draws.randbytes(24).hex()
        room.seat_down(seat, connection, message.train, token)
        joined = RoomJoined(room=self.info(room), seat=seat, resume_token=token)
        said = [(connection, joined), *room.changed([seat], but=connection)]
        self._log.ask(room, said, connection, partial(self._unseated, room, seat, hashed(token)))

    def begin(self, connection: Connection, room_id: str) -> None:
        """
        Raises:
            Refusal: no such room, it has begun, or it is for somebody else to begin.
        """
        room = self._room(room_id, connection)
        if not room.may_begin(connection):
            raise Refusal("Whoever opened the room is still there: nobody else can begin.", code=codes.NOT_YOURS)
        if room.task is not None:
            raise Refusal("The match has begun already.", code=codes.BAD_ROOM)
        room.begins = True
        self._start_when_ready(room)

    def resume(self, connection: Connection, message: ResumeSeat) -> None:
        """
        Raises:
            Refusal: no such room, or the token is not that of a seat there.
        """
        room = self._room(message.room, connection)
        if room.task is not None and room.task.failed:
            raise Refusal("That match was given up.", code=codes.ROOM_FAILED)
        seat = room.seat_of(message.token)
        if seat is None:
            raise Refusal("That token opens no seat in that room.", code=codes.BAD_TOKEN)
        if connection.seats.get(room.id, seat) != seat:
            raise Refusal("You have another seat in that room.", code=codes.SEAT_TAKEN)
        connection.seats[room.id] = seat
        connection.visited.append(room.id)
        connection.watching.discard(room.id)
        room.watchers.discard(connection)
        since = message.since
        if room.task is None or since > len(room.task.room.history.stream(seat)):
            since = 0
        joined = RoomJoined(room=self.info(room), seat=seat, resume_token=message.token, since=since)
        if room.task is None:
            older = room.people.get(seat)
            if older is not None and older is not connection:
                older.seats.pop(room.id, None)
                self._log.say([(older, SeatLost(room=room.id))])
            room.back(seat, connection)
            self._log.say([(connection, joined)])
        else:
            room.task.put(Returned(seat, connection, joined, since))

    def take_back(self, connection: Connection, room_id: str) -> None:
        """
        Raises:
            Refusal: this connection has no seat there.
        """
        task, seat = self._seated(connection, room_id)
        task.put(TookBack(seat, connection))

    def watch(self, connection: Connection, room_id: str, everything: bool = False) -> None:
        """
        Raises:
            Refusal: no such room, or a seat in it, or it does not show everything (yet).
        """
        room = self._room(room_id, connection)
        if room.id in connection.seats:
            raise Refusal("You have a seat in that room.", code=codes.BAD_ROOM)
        over = room.task is not None and room.task.ended.is_set() and not room.task.failed
        if everything and not over and (room.terms.show_all_after_s is None or room.task is None):
            raise Refusal("That room shows everything only after its end.", code=codes.BAD_ROOM)
        joined = RoomJoined(room=self.info(room), seat=None, resume_token=None)
        if room.task is None:
            self._log.say([(connection, joined)])
        else:
            connection.send(joined)
        if room.id in connection.watching:
            return
        connection.watching.add(room.id)
        connection.visited.append(room.id)
        if room.task is None:
            room.watchers.add(connection)
        else:
            room.task.put(Watched(connection, everything))

    def act(self, connection: Connection, message: TakeTurn | TalkAmongDead) -> None:
        """
        Raises:
            Refusal: this connection has no seat there, or the match has not begun.
        """
        task, seat = self._seated(connection, message.room)
        if task.failed:
            raise Refusal("That match was given up.", code=codes.ROOM_FAILED)
        task.put(Acted(seat, message, connection))

    def leave(self, connection: Connection, room_id: str, *, for_good: bool = True) -> None:
        """Give up the seat or stop watching; nothing where there is neither."""
        room = self.rooms.get(room_id)
        seat = connection.seats.pop(room_id, None)
        connection.watching.discard(room_id)
        if room is None:
            return
        room.watchers.discard(connection)
        if room.task is not None:
            if seat is not None and for_good:
                room.tokens.pop(seat, None)
                room.task.put(Left(seat, connection))
            elif seat is not None:
                room.task.put(Dropped(seat, connection))
            return
        if seat is not None and not for_good:
            room.gone(seat, self._clock.monotonic_s())
        elif seat is not None:
            self._free(room, [seat])
        if not room.names and (room.maker is connection or room.is_deserted(self._clock.monotonic_s())):
            self._remove(room)

    def rate(self, connection: Connection, message: RateMatch) -> None:
        """
        Raises:
            Refusal: this connection's person did not sit there at the end, or the match is not over.
        """
        if message.token is not None:
            self._ratings.rate_by_secret(connection, message.room, message.token, message.stars)
            return
        seat = connection.played.get(message.room)
        if seat is None:
            task, seat = self._seated(connection, message.room)
            if task.failed or not task.ended.is_set():
                raise Refusal("That match is not over.", code=codes.NOT_OVER)
        self._ratings.rate(connection, message.room, seat, message.stars)

    def drop(self, connection: Connection) -> None:
        """The connection is gone. Its seats wait for it, also where it is the server that goes."""
        self.recordings.forget(connection)
        if self._stopped:
            return
        for room_id in (*connection.seats, *connection.watching):
            self.leave(connection, room_id, for_good=False)
        for room in list(self.rooms.values()):
            if room.maker is connection:
                room.maker = None
                if room.task is None and not room.names:
                    self._remove(room)

    # -- rooms ---------------------------------------------------------------------------------------------------

    def open_room(
        self,
        game_name: str,
        raw_options: Mapping[str, Any],
        fills: Sequence[str] | None,
        seed: int | str | None = None,
        *,
        maker: Connection | None = None,
        purpose: Purpose = "room",
        terms: Terms | None = None,
    ) -> LobbyRoom:
        """A new room, waiting.

        Raises:
            Refusal: the server is stopping, has too many rooms, or the seed is out of range.
            UserError: a game, an option or a filling that does not exist.
        """
        if self.locked:
            raise Refusal("The server is stopping.", code=codes.STOPPING)
        if purpose == "room" and sum(r.purpose == "room" for r in self.rooms.values()) >= self._limits.rooms:
            raise Refusal("The server has no place for another room.", code=codes.TOO_MANY_ROOMS)
        if maker is not None:
            mine = sum(r.maker is maker and r.over_at is None for r in self.rooms.values())
            if mine >= self._limits.rooms_per_connection:
                raise Refusal("You have made too many rooms that are not over yet.", code=codes.TOO_MANY_ROOMS)
        if isinstance(seed, int) and abs(seed) >= 2**63:
            raise Refusal("A seed is a whole number of at most 63 bits.", code=codes.BAD_ROOM)
        terms = terms or self._terms
        game = game_by_name(game_name)
        options = game.options(raw_options)
        seats = game.seat_count(options)
        usual = self._minds.usual(game.name)
        if fills is None:
            chosen = [usual] * seats
            chosen[self._draws.randrange(seats)] = OPEN
        else:
            chosen = [clean_text(fill, 200) for fill in fills]
            if len(chosen) != seats:
                raise Refusal(f"{game.title} has {seats} seats here; fills names {len(chosen)}.", code=codes.BAD_ROOM)
            for fill in set(chosen) - {OPEN}:
                self._minds.mind(fill, game.name)
        room = LobbyRoom(
            id=self._draws.randbytes(6).hex(),
            game=game,
            options=options,
            fills=chosen,
            terms=replace(terms, code=self._free_code(), stand_in=usual),
            made_at=self._clock.monotonic_s(),
            opened_at=self._clock.wall_s(),
            purpose=purpose,
            maker=maker,
            seed=self._draws.randbytes(16).hex() if seed is None else str(seed),
        )
        self._add(room)
        return room

    def start(self, room: LobbyRoom) -> RoomTask:
        """Begin the match. Minds take the seats that are still open."""
        assert room.task is None
        specs = room.specs()
        return self._run(room, Room(room.id, room.game, room.options, room.seed, specs, room.purpose, terms=room.terms))

    def restore(self, rows: Sequence[LogRow]) -> LobbyRoom | None:
        """Go on with a match from its rows; None (and the match marked as abandoned) where that is not possible."""
        started = next(row for row in rows if isinstance(row, MatchStarted))
        try:
            match = Room.restored(rows)
            for seat in match.seats:
                self._minds.mind(seat.fill, started.game)
        except (ArenaError, KeyError, ValueError, AssertionError) as error:
            log.error("match %s cannot go on: %s", started.match_id, error)
            self._writer.append((MatchAbandoned(started.match_id, "not_restorable", self._clock.wall_s()),))
            return None
        room = restored_lobby_room(match, self._clock.monotonic_s())
        self._add(room)
        self._run(room, match)
        return room

    def restore_waiting(self, row: RoomWaiting) -> LobbyRoom | None:
        """Let a room wait on, with its people away since now; None (and the room gone) where that is not possible."""
        try:
            room = waiting_lobby_room(row, self._clock.monotonic_s(), self._clock.wall_s())
            for fill in {*room.fills, room.terms.stand_in} - {OPEN}:
                self._minds.mind(fill, row.game)
        except (ArenaError, KeyError, TypeError, ValueError) as error:
            log.error("room %s cannot wait on: %s", row.match_id, error)
            self._writer.append((RoomGone(row.match_id),))
            return None
        self._add(room)
        self._start_when_ready(room)
        return room

    def sweep(self) -> None:
        """Free the waiting seats whose people did not come back in time, and remove the rooms that have been over, or
        empty, for long enough. What could not be stored is tried again."""
        now = self._clock.monotonic_s()
        for room in list(self.rooms.values()):
            over = room.over_at is not None and now - room.over_at > self._limits.linger_s
            if over:
                self._remove(room)
            if room.task is not None:
                continue
            lost = [seat for seat, since in room.away.items() if now - since > room.terms.grace_s]
            if lost:
                self._free(room, lost)
            elif room.unsaved:
                self._log.keep(room, room.changed(room.open_seats))
            unused = not room.names and now - room.made_at > self._limits.waiting_room_s
            if unused or room.is_deserted(now):
                self._remove(room)

    async def drain(self, seconds: float) -> None:
        """No new rooms; wait for the matches to end, this long at most."""
        self.locked = True
        waiting = [asyncio.ensure_future(r.task.ended.wait()) for r in self.rooms.values() if r.task is not None]
        if waiting:
            await asyncio.wait(waiting, timeout=seconds)
        for wait in waiting:
            wait.cancel()

    async def stop(self) -> None:
        """No new rooms; every running match is parked, and every room that waits is kept: the log has them."""
        self.locked = self._stopped = True
        self.recordings.stop()
        self.past_matches.stop()
        self._ratings.stop()
        running = [room.running for room in self.rooms.values() if room.running is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def finish(self, room: LobbyRoom) -> None:
        """Forget a room of self-play at once: the log has it."""
        self._remove(room)

    # -- inside --------------------------------------------------------------------------------------------------

    def _run(self, room: LobbyRoom, match: Room) -> RoomTask:
        def over() -> None:
            room.over_at = self._clock.monotonic_s()

        room.task = RoomTask(
            match,
            room.people,
            room.watchers,
            self._minds,
            self._writer,
            self._clock,
            self._counts,
            self._limits.mind_s,
            over,
        )
        room.running = asyncio.create_task(room.task.run(), name=f"room-{room.id}")
        return room.task

    def _add(self, room: LobbyRoom) -> None:
        self.rooms[room.id] = room
        self._codes[room.terms.code] = room

    def _free_code(self) -> str:
        while (code := new_code(self._draws)) in self._codes:
            pass
        return code

    def _room(self, name: str, asker: Connection) -> LobbyRoom:
        """The room of this id or code. Codes are short: whoever guesses at them is not listened to for a while."""
        room = self.rooms.get(name)
        if room is None and is_code(code := name.upper()):
            if self._guesses.spent(asker.address):
                raise Refusal("Too many wrong codes came from your address; wait.", code=codes.TOO_MANY_CODES)
            room = self._codes.get(code)
            if room is None:
                self._guesses.wrong(asker.address)
        if room is None:
            raise Refusal("There is no such room.", code=codes.UNKNOWN_ROOM)
        return room

    def _free(self, room: LobbyRoom, seats: Sequence[int]) -> None:
        """These waiting seats are open again."""
        for seat in seats:
            room.stand_up(seat)
        self._log.keep(room, room.changed(seats))

    def _unmade(self, room: LobbyRoom) -> None:
        if room.task is None and not room.names:
            self._remove(room)

    def _unseated(self, room: LobbyRoom, seat: int, token: str) -> None:
        """Nobody was told that this seat was taken, and somebody else may have it by now."""
        if room.task is not None or room.tokens.get(seat) != token:
            return
        if (sitter := room.people.get(seat)) is not None:
            sitter.seats.pop(room.id, None)
        room.stand_up(seat)
        if room.stored_seats is not None:
            self._log.keep(room, room.changed([seat]))
        elif not room.names:
            self._remove(room)

    def _seated(self, connection: Connection, room_id: str) -> tuple[RoomTask, int]:
        seat = connection.seats.get(room_id)
        room = self.rooms.get(room_id)
        if seat is None or room is None:
            raise Refusal("You have no seat in that room.", code=codes.NOT_SEATED)
        if room.task is None:
            raise Refusal("The match has not begun.", code=codes.UNKNOWN_TURN)
        return room.task, seat

    def _waiting(self, connection: Connection, message: JoinRoom) -> LobbyRoom | None:
        """The room that has waited longest, so that people meet."""
        for room in self.rooms.values():
            hidden = room.terms.private or (room.terms.blind and not message.blind)
            if room.game.name == message.game and room.id not in connection.seats and not hidden:
                seats = room.open_seats
                if seats and (message.seat is None or message.seat in seats):
                    return room
        return None

    def _start_when_ready(self, room: LobbyRoom) -> None:
        """Begin where nobody is missing and all that anybody was promised is stored."""
        here = self.rooms.get(room.id) is room and not self._stopped
        if here and room.task is None and room.unsettled == 0 and (room.begins or not room.open_seats):
            self.start(room)

    def _remove(self, room: LobbyRoom) -> None:
        if room.task is None:
            try:
                self._log.strike(room)
            except StorageError:
                return  # ``sweep`` comes by again
        self.rooms.pop(room.id, None)
        self._codes.pop(room.terms.code, None)
        if room.running is not None:
            room.running.cancel()
        played = room.task is not None and room.task.ended.is_set() and not room.task.failed
        for connection in (*room.people.values(), *room.watchers):
            seat = connection.seats.pop(room.id, None)
            if played and seat is not None:
                connection.played = dict([*connection.played.items(), (room.id, seat)][-PLAYED_KEPT:])
            connection.watching.discard(room.id)
