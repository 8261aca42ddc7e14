"""What the outside hears of a room: in order, once, and nothing that is not stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future
from random import Random
from typing import Any, cast

import pytest

from arena.clock import SystemClock
from arena.db.writer import QUEUE_FULL, LogWriter
from arena.errors import StorageError
from arena.games.core import Event
from arena.journal import LogRow
from arena.protocol import codes
from arena.protocol.client_messages import CreateRoom, JoinRoom, ResumeSeat
from arena.rooms.terms import Terms
from arena.server.connection import Connection
from arena.server.counts import Counts
from arena.server.limits import Limits
from arena.server.lobby import Lobby
from arena.server.lobby_room import OPEN, LobbyRoom
from arena.server.refusal import Refusal
from arena.server.shown import encoded_body
from tests.fakes.minds import FakeMinds, RandomMind


class Listener(Connection):
    """Keeps what it is told."""

    def __init__(self, name: str) -> None:
        super().__init__(cast(Any, None), Limits(), SystemClock())
        self.name = name
        self.heard: list[dict[str, Any]] = []

    def send_encoded(self, message: bytes) -> None:
        self.heard.append(json.loads(message))

    def send_past(self, messages: Iterator[bytes]) -> None:
        for message in messages:
            self.send_encoded(message)

    def kinds(self) -> list[str]:
        return [m["type"] for m in self.heard]


class HeldLog:
    """Stores nothing until ``store`` is called, if it is ``held``; takes nothing at all while it is ``full``."""

    def __init__(self) -> None:
        self.held = self.full = False
        self.waiting: list[asyncio.Future[None]] = []

    async def append_async(self, rows: Sequence[LogRow]) -> asyncio.Future[None]:
        return self.append_here(rows)

    def append_here(self, rows: Sequence[LogRow]) -> asyncio.Future[None]:
        if self.full:
            raise StorageError("The disk cannot keep up with the log.", code=QUEUE_FULL)
        self.waiting.append(asyncio.get_running_loop().create_future())
        if not self.held:
            self.store()
        return self.waiting[-1] if self.held else _done()

    def append(self, rows: Sequence[LogRow]) -> Future[None]:
        raise AssertionError("a room was given up")

    def store(self) -> None:
        waiting, self.waiting = self.waiting, []
        for stored in waiting:
            stored.set_result(None)

    def fail(self) -> None:
        """The batch that waits longest cannot be stored."""
        self.waiting.pop(0).set_exception(StorageError("The log did not take a batch."))


def _done() -> asyncio.Future[None]:
    stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stored.set_result(None)
    return stored


@pytest.fixture
def log() -> HeldLog:
    return HeldLog()


@pytest.fixture
async def lobby(log: HeldLog) -> AsyncIterator[Lobby]:
    minds = FakeMinds(RandomMind(silent=True))
    lobby = Lobby(minds, cast(LogWriter, log), SystemClock(), Counts(), Limits(), Terms(), Random(1))
    yield lobby
    await lobby.stop()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def room_of(lobby: Lobby, *people: Listener, **terms: Any) -> LobbyRoom:
    room = lobby.open_room("werewolf", {}, [OPEN] * len(people) + ["self"] * (7 - len(people)), terms=Terms(**terms))
    for seat, person in enumerate(people):
        lobby.join(person, JoinRoom(room=room.id, seat=seat))
    if not people:
        lobby.start(room)
    return room


async def test_nobody_hears_of_a_phase_that_is_not_stored(lobby: Lobby, log: HeldLog) -> None:
    log.held = True
    room = room_of(lobby)
    await settled()
    assert room.task is not None
    assert room.task.room.phase == "Night 1"
    eve = Listener("Eve")
    lobby.watch(eve, room.id)
    await settled()
    assert eve.heard[0]["room"]["phase"] == lobby.info(room).phase == ""
    assert eve.heard[0]["room"]["seats"][0]["name"] is None
    assert len(eve.heard) == 1
    log.store()
    await settled()
    assert lobby.info(room).phase == "Night 1"
    assert lobby.info(room).seats[0].name == room.task.room.names[0]


WAITING = CreateRoom(fills=[OPEN] * 7)


def taken(lobby: Lobby, connection: Connection) -> list[list[int]]:
    """The seats that people hold, in each room that is listed."""
    connection.changed()  # or the list may be the one that somebody else has just got
    listed = lobby.listing.rooms(connection)
    return [[seat.seat for seat in room.seats if seat.mind == "person"] for room in listed]


async def test_nobody_hears_of_a_waiting_room_that_is_not_stored(lobby: Lobby, log: HeldLog) -> None:
    ann, bob, eve = Listener("Ann"), Listener("Bob"), Listener("Eve")
    log.held = True
    lobby.create(ann, WAITING)
    await settled()
    assert (ann.heard, taken(lobby, eve)) == ([], [])
    log.store()
    await settled()
    assert ann.kinds() == ["room_created"]
    (room,) = lobby.rooms
    lobby.watch(eve, room)
    lobby.join(ann, JoinRoom(room=room, seat=1))
    lobby.join(bob, JoinRoom(room=room, seat=2))
    await settled()
    assert (ann.kinds(), bob.kinds(), eve.kinds()) == (["room_created"], [], ["room_joined"])
    assert taken(lobby, Listener("Zoë")) == [[]]
    log.store()
    await settled()
    assert ann.kinds() == ["room_created", "room_joined", "seat_changed"]
    assert (bob.kinds(), eve.kinds()) == (["room_joined"], ["room_joined", "seat_changed", "seat_changed"])
    assert taken(lobby, bob) == [[1, 2]]
    lobby.leave(bob, room)
    lobby.watch(bob, room)
    await settled()
    assert bob.kinds() == ["room_joined"], "what is shown of the free seat waits until it is stored"
    log.store()
    await settled()
    assert bob.heard[-1]["room"]["seats"][2]["mind"] == "open"


async def test_what_cannot_be_stored_never_was(lobby: Lobby, log: HeldLog) -> None:
    ann, bob = Listener("Ann"), Listener("Bob")
    log.held = True
    lobby.create(ann, WAITING)
    log.fail()
    await settled()
    assert [m.get("code") for m in ann.heard] == [codes.ROOM_NOT_STORED]
    assert lobby.rooms == {}
    lobby.create(ann, WAITING)
    (room,) = lobby.rooms.values()
    log.store()
    lobby.join(ann, JoinRoom(room=room.id, seat=1))
    lobby.join(bob, JoinRoom(room=room.id, seat=2))
    log.fail()
    log.store()
    await settled()
    assert [m.get("code") for m in ann.heard if m["type"] == "refused"] == [codes.ROOM_NOT_STORED] * 2
    assert bob.kinds()[0] == "room_joined", "each stands for itself"
    assert (ann.seats, sorted(room.names)) == ({}, [2])
    lobby.join(ann, JoinRoom(room=room.id, seat=1))
    log.store()
    await settled()
    assert ann.kinds()[-1] == "room_joined"


async def test_a_log_that_takes_nothing_refuses_who_asks(lobby: Lobby, log: HeldLog) -> None:
    ann, bob = Listener("Ann"), Listener("Bob")
    lobby.create(ann, WAITING)
    (room,) = lobby.rooms.values()
    lobby.join(bob, JoinRoom(room=room.id, seat=2))
    await settled()
    log.full = True
    with pytest.raises(Refusal) as refused:
        lobby.create(bob, WAITING)
    assert refused.value.code == codes.ROOM_NOT_STORED
    with pytest.raises(Refusal) as refused:
        lobby.join(ann, JoinRoom(room=room.id, seat=1))
    assert refused.value.code == codes.ROOM_NOT_STORED
    assert (list(lobby.rooms), sorted(room.names), ann.seats) == ([room.id], [2], {})
    lobby.leave(bob, room.id)
    heard = len(ann.heard)
    log.full = False
    lobby.watch(ann, room.id)
    lobby.sweep()
    await settled()
    assert "seat_changed" in [m["type"] for m in ann.heard[heard:]], "what was left undone is done by the sweep"
    assert not room.unsaved


async def test_of_two_who_resume_at_once_the_first_is_told(lobby: Lobby) -> None:
    first, second, third = Listener("Ann"), Listener("Ann"), Listener("Ann")
    room = room_of(lobby, first)
    await settled()
    token = first.heard[0]["resume_token"]
    for listener in (second, third):
        lobby.resume(listener, ResumeSeat(room=room.id, token=token))
    await settled()
    assert "seat_lost" in first.kinds()
    assert second.kinds()[-1] == "seat_lost"
    assert "seat_lost" not in third.kinds()
    assert [listener.seats for listener in (first, second, third)] == [{}, {}, {room.id: 0}]


async def test_whoever_stops_watching_at_once_is_shown_nothing(lobby: Lobby) -> None:
    room = room_of(lobby)
    await settled()
    eve = Listener("Eve")
    lobby.watch(eve, room.id)
    lobby.leave(eve, room.id)
    await settled()
    assert eve.kinds() == ["room_joined"]
    assert room.watchers == set()


async def test_whoever_watches_again_at_once_is_shown_everything_once(lobby: Lobby) -> None:
    for everything in (False, True):
        room = room_of(lobby, show_all_after_s=0.0)
        await settled()
        eve = Listener("Eve")
        lobby.watch(eve, room.id, everything)
        lobby.leave(eve, room.id)
        lobby.watch(eve, room.id, everything)
        async with asyncio.timeout(10):
            while "event_happened" not in eve.kinds():
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        numbers = [m["seq"] for m in eve.heard if m["type"] == "event_happened"]
        assert numbers == list(range(len(numbers)))


async def test_a_seat_that_is_handed_over_as_its_turn_opens_was_given_a_deadline(lobby: Lobby) -> None:
    """The stream shows both; the turn as it was when it was opened."""
    ann = Listener("Ann")
    room = room_of(lobby, ann, grace_s=0.0)
    await settled()
    assert room.task is not None
    task = room.task
    now = SystemClock().monotonic_s()
    turn = next((t for t in task.room.open_turns if t.seat == 0), None)
    while turn is None:
        passed = task.room.open_turns[0]
        await task._perform(task.room.pass_turn(passed.seat, passed.id, "test", now), None)
        turn = next((t for t in task.room.open_turns if t.seat == 0), None)
    task.room.dropped(0, now)
    back = task.room.tick(now) + task.room.returned(0, now) + task.room.left(0, now)
    await task._perform(back, None)
    await settled()
    opened = [m for m in ann.heard if m["type"] == "turn_opened"]
    assert opened
    assert all(m["remaining_s"] is not None for m in opened)


def test_the_order_in_which_data_was_filled_in_tells_nothing() -> None:
    """A count of the roles as they were dealt, seat by seat, would name the first seat's role first."""
    one = Event("started", {"names": ["Ada"], "cast": {"werewolf": 2, "seer": 1}})
    other = Event("started", {"cast": {"seer": 1, "werewolf": 2}, "names": ["Ada"]})
    assert encoded_body(one, "") == encoded_body(other, "")
