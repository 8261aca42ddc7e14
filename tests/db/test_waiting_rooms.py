"""Rooms whose match has not begun: the newest state of each is stored, until there is a match or no room."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from arena.db.check import check_log
from arena.db.forget import forget, matches_of
from arena.db.open_matches import open_matches, waiting_rooms
from arena.db.writer import LogWriter
from arena.errors import StorageError, UnknownName
from arena.journal import MatchAbandoned, MatchStarted, RoomGone, RoomWaiting, WaitingSeat

ANN = WaitingSeat(2, "Ann", True, "a hash for Ann")
ZOE = WaitingSeat(4, "Zoë ☀", False, "a hash for Zoë")
ROOM = RoomWaiting(
    "r1", "werewolf", {"seats": 7}, "secret", ("open",) * 7, {"grace_s": 5.0, "show_all_after_s": None}, 2, (ANN,), 1.5
)


def begun(room: RoomWaiting) -> MatchStarted:
    return MatchStarted(room.match_id, room.game, room.options, room.seed, "room", False, (), 3.0, room.terms)


def test_the_newest_state_of_each_room_is_kept(engine: Engine, writer: LogWriter) -> None:
    later = replace(ROOM, match_id="r2", opened_at=2.5, seats=(), maker_seat=None)
    writer.append((ROOM,)).result(60)
    assert waiting_rooms(engine) == [ROOM]
    fuller = replace(ROOM, seats=(ANN, ZOE))
    for stored in [writer.append((row,)) for row in (later, fuller, ROOM, fuller)]:
        stored.result(60)
    assert waiting_rooms(engine) == [fuller, later]
    writer.append((fuller,)).result(60)  # as after a COMMIT whose answer was lost
    assert waiting_rooms(engine) == [fuller, later]
    writer.append((RoomGone("r2"), RoomGone("r0"))).result(60)
    assert waiting_rooms(engine) == [fuller]
    assert "secret" not in repr(ROOM)
    assert "hash" not in repr(ROOM)


def test_a_room_waits_until_its_match_is_stored(engine: Engine, writer: LogWriter) -> None:
    writer.append((ROOM, begun(ROOM))).result(60)
    assert waiting_rooms(engine) == []
    again = replace(ROOM, match_id="r2")
    writer.append((again,)).result(60)
    with pytest.raises(StorageError):
        writer.append((begun(again), begun(ROOM))).result(60)
    assert waiting_rooms(engine) == [again], "the match is not stored, so the room waits"
    writer.append((MatchAbandoned("r2", "error", 4.0),)).result(60)
    assert waiting_rooms(engine) == []
    assert [match[0].match_id for match in open_matches(engine, ended_after=0)] == ["r1"]
    assert [check.faults for check in check_log(engine)] == [()]


def test_who_waits_is_forgotten(engine: Engine, writer: LogWriter) -> None:
    writer.append((replace(ROOM, seats=(ANN, ZOE)), replace(ROOM, match_id="r2", seats=(ZOE,), maker_seat=4))).result(
        60
    )
    assert matches_of(engine, "Zoë ☀") == ()
    assert forget(engine, "Zoë ☀").waiting == 2
    assert waiting_rooms(engine) == [ROOM, replace(ROOM, match_id="r2", seats=(), maker_seat=None)]
    with pytest.raises(UnknownName):
        forget(engine, "Zoë ☀")
