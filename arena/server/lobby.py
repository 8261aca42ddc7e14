"""The rooms of this server: making them, finding a seat, watching, leaving, and clearing away what is over."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from arena.clock import Clock
from arena.db.writer import LogWriter
from arena.errors import ArenaError
from arena.games.core import Game
from arena.games.registry import game_by_name
from arena.journal import Purpose
from arena.protocol import codes
from arena.protocol.client_messages import CreateRoom, JoinRoom, TakeTurn
from arena.protocol.server_messages import RoomCreated, RoomInfo, RoomJoined, SeatChanged, SeatInfo
from arena.protocol.text import clean_text
from arena.rooms.minds import MindSource
from arena.rooms.room import Room
from arena.rooms.seats import SeatSpec
from arena.server.connection import Connection
from arena.server.counts import Counts
from arena.server.limits import Limits
from arena.server.listing import Listing
from arena.server.room_task import Acted, Left, RoomTask, Watched, kind_of_fill

log = logging.getLogger(__name__)

OPEN = "open"
"""The filling of a seat that waits for a person."""


class Refusal(ArenaError):
    """A request that the lobby does not grant; ``code`` is one of ``arena.protocol.codes``."""


@dataclass(slots=True)
class LobbyRoom:
    """A room as the lobby knows it: waiting while ``task`` is None."""

    id: str
    game: Game[Any, Any]
    options: Any
    fills: list[str]
    stand_in: str
    """What plays an open seat whose person has gone."""
    made_at: float
    purpose: Purpose
    maker: Connection | None = None
    seed: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    people: dict[int, Connection] = field(default_factory=dict)
    train: set[int] = field(default_factory=set)
    watchers: set[Connection] = field(default_factory=set)
    task: RoomTask | None = None
    running: asyncio.Task[None] | None = None
    over_at: float | None = None

    @property
    def open_seats(self) -> list[int]:
        if self.task is not None:
            return []
        return [s for s, fill in enumerate(self.fills) if fill == OPEN and s not in self.people]


class Lobby:
    def __init__(
        self,
        minds: MindSource,
        writer: LogWriter,
        clock: Clock,
        counts: Counts,
        limits: Limits,
        default_fill: str,
    ) -> None:
        self.rooms: dict[str, LobbyRoom] = {}
        self.locked = False
        self._minds = minds
        self._writer = writer
        self._clock = clock
        self._counts = counts
        self._limits = limits
        self._default_fill = default_fill
        self.listing = Listing(self, limits, clock)

    # -- what people ask -----------------------------------------------------------------------------------------

    def infos(self) -> list[RoomInfo]:
        """Those that wait first, then the others, the youngest first."""
        rooms = sorted(self.rooms.values(), key=lambda r: (r.task is not None, -r.made_at))
        return [self.info(room) for room in rooms]

    def create(self, connection: Connection, message: CreateRoom) -> None:
        """
        Raises:
            ArenaError: see ``open_room``.
        """
        room = self.open_room(message.game, message.options, message.fills, message.seed, maker=connection)
        connection.send(RoomCreated(room=self.info(room)))
        self._start_when_full(room)

    def join(self, connection: Connection, message: JoinRoom) -> None:
        """
        Raises:
            ArenaError: no such room, or no such seat is open.
        """
        if len(connection.seats) >= self._limits.rooms_per_connection:
            raise Refusal("You sit in too many rooms; leave one first.", code=codes.TOO_MANY_ROOMS)
        opened = None
        if message.room is None:
            room = self._waiting(connection, message)
            if room is None:
                room = opened = self.open_room(message.game, {}, None, maker=connection)
        else:
            room = self._room(message.room)
        if room.id in connection.seats:
            raise Refusal("You already have a seat in that room.", code=codes.SEAT_TAKEN)
        if not room.open_seats:
            raise Refusal("That room has no open seat. You can watch it.", code=codes.ROOM_FULL)
        seat = secrets.choice(room.open_seats) if message.seat is None else message.seat
        if seat not in room.open_seats:
            open_seats = ", ".join(map(str, room.open_seats))
            if opened is not None:
                self._remove(opened)  # what is refused leaves nothing behind
            raise Refusal(f"Seat {seat} is not open. Open: {open_seats}.", code=codes.SEAT_TAKEN)
        room.people[seat] = connection
        connection.seats[room.id] = seat
        if message.train:
            room.train.add(seat)
        connection.send(RoomJoined(room=self.info(room), seat=seat, resume_token=None))
        self._tell_seat(room, seat, but=connection)
        self._start_when_full(room)

    def watch(self, connection: Connection, room_id: str) -> None:
        """
        Raises:
            Refusal: no such room, or a seat in it.
        """
        room = self._room(room_id)
        if room.id in connection.seats:
            raise Refusal("You have a seat in that room.", code=codes.BAD_ROOM)
        connection.send(RoomJoined(room=self.info(room), seat=None, resume_token=None))
        if room.id in connection.watching:
            return
        connection.watching.add(room.id)
        if room.task is None:
            room.watchers.add(connection)
        else:
            room.task.put(Watched(connection))

    def take_turn(self, connection: Connection, message: TakeTurn) -> None:
        """
        Raises:
            Refusal: this connection has no seat there, or the match has not begun.
        """
        seat = connection.seats.get(message.room)
        room = self.rooms.get(message.room)
        if seat is None or room is None:
            raise Refusal("You have no seat in that room.", code=codes.NOT_SEATED)
        if room.task is None:
            raise Refusal("The match has not begun.", code=codes.UNKNOWN_TURN)
        if room.task.failed:
            raise Refusal("That match was given up.", code=codes.ROOM_FAILED)
        room.task.put(Acted(seat, message, connection))

    def leave(self, connection: Connection, room_id: str) -> None:
        """Give up the seat or stop watching; nothing where there is neither."""
        room = self.rooms.get(room_id)
        seat = connection.seats.pop(room_id, None)
        connection.watching.discard(room_id)
        if room is None:
            return
        room.watchers.discard(connection)
        if room.task is not None:
            if seat is not None:
                room.task.put(Left(seat, connection))
            return
        if seat is not None:
            room.people.pop(seat, None)
            room.train.discard(seat)
            self._tell_seat(room, seat, but=connection)
        if not room.people and room.maker in (None, connection):
            self._remove(room)

    def drop(self, connection: Connection) -> None:
        """The connection is gone: its seats are played on by their stand-ins."""
        for room_id in (*connection.seats, *connection.watching):
            self.leave(connection, room_id)
        for room in list(self.rooms.values()):
            if room.maker is connection:
                room.maker = None
                if room.task is None and not room.people:
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
    ) -> LobbyRoom:
        """A new room, waiting.

        Raises:
            Refusal: the server is stopping, has too many rooms, or the seed is out of range.
            UserError: a game, an option or a filling that does not exist.
        """
        if self.locked:
            raise Refusal("The server is stopping.", code=codes.TOO_MANY_ROOMS)
        if purpose == "room" and sum(r.purpose == "room" for r in self.rooms.values()) >= self._limits.rooms:
            raise Refusal("The server has no place for another room.", code=codes.TOO_MANY_ROOMS)
        if maker is not None:
            mine = sum(r.maker is maker and r.over_at is None for r in self.rooms.values())
            if mine >= self._limits.rooms_per_connection:
                raise Refusal("You have made too many rooms that are not over yet.", code=codes.TOO_MANY_ROOMS)
        if isinstance(seed, int) and abs(seed) >= 2**63:
            raise Refusal("A seed is a whole number of at most 63 bits.", code=codes.BAD_ROOM)
        game = game_by_name(game_name)
        options = game.options(raw_options)
        seats = game.seat_count(options)
        if fills is None:
            chosen = [self._default_fill] * seats
            chosen[secrets.randbelow(seats)] = OPEN
        else:
            chosen = [clean_text(fill, 200) for fill in fills]
            if len(chosen) != seats:
                raise Refusal(f"{game.title} has {seats} seats here; fills names {len(chosen)}.", code=codes.BAD_ROOM)
            for fill in set(chosen) - {OPEN}:
                self._minds.mind(fill)
        room = LobbyRoom(
            id=secrets.token_hex(6),
            game=game,
            options=options,
            fills=chosen,
            stand_in=self._default_fill,
            made_at=self._clock.monotonic_s(),
            purpose=purpose,
            maker=maker,
        )
        if seed is not None:
            room.seed = str(seed)
        self.rooms[room.id] = room
        return room

    def start(self, room: LobbyRoom) -> RoomTask:
        """Begin the match of a room whose seats are all filled."""
        assert room.task is None
        assert not room.open_seats
        seats = []
        for seat, fill in enumerate(room.fills):
            person = room.people.get(seat)
            handle = None if person is None else person.name
            seats.append(SeatSpec(room.stand_in if fill == OPEN else fill, handle, train=seat in room.train))

        def over() -> None:
            room.over_at = self._clock.monotonic_s()

        room.task = RoomTask(
            Room(room.id, room.game, room.options, room.seed, seats, room.purpose),
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

    def sweep(self) -> None:
        """Remove the rooms that have been over, or empty, for long enough."""
        now = self._clock.monotonic_s()
        for room in list(self.rooms.values()):
            over = room.over_at is not None and now - room.over_at > self._limits.linger_s
            empty = room.task is None and not room.people and now - room.made_at > self._limits.waiting_room_s
            if over or empty:
                self._remove(room)

    async def stop(self) -> None:
        """Give every running match up."""
        self.locked = True
        running = [room.running for room in self.rooms.values() if room.running is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def finish(self, room: LobbyRoom) -> None:
        """Forget a room of self-play at once: the log has it."""
        self._remove(room)

    def info(self, room: LobbyRoom) -> RoomInfo:
        if room.task is None:
            seats = [self._waiting_seat(room, seat) for seat in range(len(room.fills))]
            status, phase = "waiting", ""
        else:
            seats = [room.task.seat_info(seat) for seat in range(len(room.fills))]
            status = "playing" if room.over_at is None else "over"
            phase = room.task.room.phase
        return RoomInfo(
            room=room.id,
            game=room.game.name,
            status=status,
            seats=seats,
            options=room.game.options_json(room.options),
            phase=phase,
            age_s=self._clock.monotonic_s() - room.made_at,
        )

    # -- inside --------------------------------------------------------------------------------------------------

    def _room(self, room_id: str) -> LobbyRoom:
        room = self.rooms.get(room_id)
        if room is None:
            raise Refusal("There is no such room.", code=codes.UNKNOWN_ROOM)
        return room

    def _waiting(self, connection: Connection, message: JoinRoom) -> LobbyRoom | None:
        """The room that has waited longest, so that people meet."""
        for room in self.rooms.values():
            if room.game.name == message.game and room.id not in connection.seats:
                seats = room.open_seats
                if seats and (message.seat is None or message.seat in seats):
                    return room
        return None

    def _start_when_full(self, room: LobbyRoom) -> None:
        if room.task is None and not room.open_seats:
            self.start(room)

    def _waiting_seat(self, room: LobbyRoom, seat: int) -> SeatInfo:
        fill = room.fills[seat]
        if seat in room.people:
            return SeatInfo(seat=seat, name=None, mind="person")
        return SeatInfo(seat=seat, name=None, mind=OPEN if fill == OPEN else kind_of_fill(fill))

    def _tell_seat(self, room: LobbyRoom, seat: int, but: Connection) -> None:
        changed = SeatChanged(room=room.id, seat=self._waiting_seat(room, seat))
        for listener in {*room.people.values(), *room.watchers} - {but}:
            listener.send(changed)

    def _remove(self, room: LobbyRoom) -> None:
        self.rooms.pop(room.id, None)
        if room.running is not None:
            room.running.cancel()
        for connection in (*room.people.values(), *room.watchers):
            connection.seats.pop(room.id, None)
            connection.watching.discard(room.id)
