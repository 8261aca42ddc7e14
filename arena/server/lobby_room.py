"""A room as the lobby knows it, from the first chair to the last look back."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from arena.games.core import Game
from arena.games.registry import game_by_name
from arena.journal import Purpose, RoomWaiting, WaitingSeat
from arena.protocol.server_messages import RoomInfo, SeatChanged, SeatInfo, ServerMessage
from arena.rooms.room import Room
from arena.rooms.seats import SeatSpec
from arena.rooms.terms import Terms
from arena.server.connection import Connection
from arena.server.room_task import RoomTask
from arena.server.shown import mind_of_fill

OPEN: Final = "open"
"""The filling of a seat that waits for a person."""

_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Of codes that people tell each other: no vowels, so no words, and nothing that looks like a digit."""
CODE_LETTERS: Final = 5


@dataclass(slots=True)
class LobbyRoom:
    """Waiting while ``task`` is None. ``tokens`` holds the sha256 of each person's resume token, by seat.

    Before the match ``names`` holds who sits where, ``away`` since when (monotonic seconds) the connection of one of
    them is gone, and whoever comes back to ``maker_seat`` is the room's ``maker`` again. A room that nobody sits in and
    nobody made stays until ``kept_until`` (monotonic seconds). ``opened_at`` is in seconds since the Unix epoch.

    ``written`` says that the log was given a row of this room, ``unsettled`` counts those rows of which it is not known
    yet whether they are stored, ``unsaved`` that the newest change is not among them. ``stored_seats`` are those that
    were taken in the last row that is stored; None while there is none.

    ``seed`` is the match's: empty for one that has been played already.
    """

    id: str
    game: Game[Any, Any]
    options: Any
    fills: list[str]
    terms: Terms
    made_at: float
    purpose: Purpose
    opened_at: float = 0.0
    maker: Connection | None = None
    seed: str = field(default="", repr=False)
    maker_seat: int | None = None
    names: dict[int, str] = field(default_factory=dict)
    away: dict[int, float] = field(default_factory=dict)
    people: dict[int, Connection] = field(default_factory=dict)
    train: set[int] = field(default_factory=set)
    tokens: dict[int, str] = field(default_factory=dict, repr=False)
    watchers: set[Connection] = field(default_factory=set)
    task: RoomTask | None = None
    running: asyncio.Task[None] | None = None
    over_at: float | None = None
    begins: bool = False
    """Its maker wants to begin, whoever is missing."""
    kept_until: float = 0.0
    written: bool = False
    unsettled: int = 0
    unsaved: bool = False
    stored_seats: frozenset[int] | None = None

    @property
    def open_seats(self) -> list[int]:
        if self.task is not None:
            return []
        return [s for s, fill in enumerate(self.fills) if fill == OPEN and s not in self.names]

    def seat_down(self, seat: int, connection: Connection, train: bool, token: str) -> None:
        """Give a waiting seat to a person. ``token`` is the secret with which they can come back to it."""
        self.people[seat] = connection
        self.names[seat] = connection.name
        if self.maker is connection:
            self.maker_seat = seat
        self.tokens[seat] = hashed(token)
        if train:
            self.train.add(seat)
        connection.seats[self.id] = seat
        connection.visited.append(self.id)

    def gone(self, seat: int, now: float) -> None:
        """The connection of a waiting seat's person broke."""
        self.people.pop(seat, None)
        self.away[seat] = now

    def back(self, seat: int, connection: Connection) -> None:
        """The person of a waiting seat is here again, with all rights."""
        self.away.pop(seat, None)
        self.people[seat] = connection
        if seat == self.maker_seat:
            self.maker = connection

    def stand_up(self, seat: int) -> None:
        """The person of a waiting seat has gone for good."""
        self.people.pop(seat, None)
        self.names.pop(seat, None)
        self.away.pop(seat, None)
        if seat == self.maker_seat:
            self.maker_seat = None
        self.tokens.pop(seat, None)
        self.train.discard(seat)

    def may_begin(self, connection: Connection) -> bool:
        """Who opened the room; where that one has gone and kept no seat to come back to, everybody who sits in it."""
        if self.maker is not None or self.maker_seat is not None:
            return self.maker is connection
        return connection in self.people.values()

    def seat_of(self, token: str) -> int | None:
        """The seat whose secret this is."""
        given = hashed(token)
        found = None
        for seat, expected in self.tokens.items():
            if hmac.compare_digest(given, expected):
                found = seat
        return found

    def specs(self) -> list[SeatSpec]:
        """The seats as the match begins with them."""
        seats = []
        for seat, fill in enumerate(self.fills):
            seats.append(
                SeatSpec(
                    self.terms.stand_in if fill == OPEN else fill,
                    self.names.get(seat),
                    seat in self.train,
                    self.tokens.get(seat),
                )
            )
        return seats

    def row(self) -> RoomWaiting:
        """The room as it waits now."""
        return RoomWaiting(
            match_id=self.id,
            game=self.game.name,
            options=self.game.options_json(self.options),
            seed=self.seed,
            fills=tuple(self.fills),
            terms=self.terms.to_json(),
            maker_seat=self.maker_seat,
            seats=tuple(
                WaitingSeat(seat, name, seat in self.train, self.tokens[seat])
                for seat, name in sorted(self.names.items())
            ),
            opened_at=self.opened_at,
        )

    def seat_info(self, seat: int, taken: Container[int] | None = None) -> SeatInfo:
        """``taken`` are the seats that people hold before the match, by default as it is now."""
        if self.task is not None:
            return self.task.front.seats[seat]
        if self.terms.blind:
            return SeatInfo(seat=seat, name=None, mind="hidden")
        if seat in (self.names if taken is None else taken):
            return SeatInfo(seat=seat, name=None, mind="person")
        fill = self.fills[seat]
        return SeatInfo(seat=seat, name=None, mind="open" if fill == OPEN else mind_of_fill(fill))

    def is_deserted(self, now: float) -> bool:
        """Whether nobody waits in it, or is waited for."""
        return not self.names and self.maker is None and now >= self.kept_until

    def changed(self, seats: Iterable[int], but: Connection | None = None) -> list[tuple[Connection, ServerMessage]]:
        """What all who are here but one are to hear of these seats, before the match."""
        if self.terms.blind:
            return []
        listeners = [other for other in (*self.people.values(), *self.watchers) if other is not but]
        changes = [SeatChanged(room=self.id, seat=self.seat_info(seat)) for seat in seats]
        return [(listener, change) for change in changes for listener in listeners]

    @property
    def is_stored(self) -> bool:
        """Whether a crash leaves something of this room, so that others may see it."""
        return self.task is not None or self.stored_seats is not None

    def info(self, now: float, *, taken: Container[int] | None = None) -> RoomInfo:
        """``taken`` as in ``seat_info``."""
        playing = "playing" if self.over_at is None else "over"
        return RoomInfo(
            room=self.id,
            game=self.game.name,
            status="waiting" if self.task is None else playing,
            seats=[self.seat_info(seat, taken) for seat in range(len(self.fills))],
            options=self.game.options_json(self.options),
            phase="" if self.task is None else self.task.front.phase,
            age_s=now - self.made_at,
            code=self.terms.code,
            private=self.terms.private,
            blind=self.terms.blind,
            dead_talk=self.terms.dead_talk,
            show_all_after_s=self.terms.show_all_after_s,
            night_s=self.terms.night_s,
        )


def restored_lobby_room(room: Room, now: float) -> LobbyRoom:
    """The lobby's side of a match that goes on after a restart."""
    return LobbyRoom(
        id=room.match_id,
        game=room.game,
        options=room.options,
        fills=[OPEN if seat.person is not None else seat.fill for seat in room.seats],
        terms=room.terms,
        made_at=now,
        purpose=room.purpose,
        tokens={s: seat.token_hash for s, seat in enumerate(room.seats) if seat.person and seat.token_hash},
        train={s for s, seat in enumerate(room.seats) if seat.train},
    )


def waiting_lobby_room(row: RoomWaiting, now: float, wall: float) -> LobbyRoom:
    """A room that waits on after a restart, with everybody away since now.

    Raises:
        ArenaError: a game or an option that this program does not know.
    """
    game = game_by_name(row.game)
    terms = Terms.from_json(row.terms)
    taken = {seat.seat: seat for seat in row.seats}
    return LobbyRoom(
        id=row.match_id,
        game=game,
        options=game.options(row.options),
        fills=list(row.fills),
        terms=terms,
        made_at=now - max(0.0, wall - row.opened_at),
        purpose="room",
        opened_at=row.opened_at,
        seed=row.seed,
        maker_seat=row.maker_seat,
        names={seat: held.person for seat, held in taken.items()},
        away=dict.fromkeys(taken, now),
        train={seat for seat, held in taken.items() if held.train},
        tokens={seat: held.token_hash for seat, held in taken.items()},
        kept_until=now + terms.grace_s,
        written=True,
        stored_seats=frozenset(taken),
    )


def is_code(name: str) -> bool:
    """Whether this could be the code of a room. An id never is: it has other letters and more of them."""
    return len(name) == CODE_LETTERS and set(name) <= set(_LETTERS)


def new_code(draws: Random) -> str:
    return "".join(draws.choices(_LETTERS, k=CODE_LETTERS))


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
