"""What people think of a match: one word a seat, stored, counted, forgotten."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import Engine, select
from websockets.asyncio.client import connect as open_socket

from arena.cli.main import main
from arena.client.client import Arena, RequestRefused, connect
from arena.db.forget import forget
from arena.db.match_ratings import MatchRating, ratings_of
from arena.db.tables import MatchRatingTable, table_of
from arena.db.writer import LogWriter
from arena.journal import MatchRated
from arena.protocol import codes
from arena.server.limits import Limits
from tests.db.test_waiting_rooms import ROOM, begun
from tests.fakes.servers import play_to_end, running

TWO_OPEN = ["open", "open", *["self"] * 5]


def rows(engine: Engine) -> list[tuple[int, int]]:
    """(seat, stars), by seat."""
    table = table_of(MatchRatingTable)
    with engine.connect() as connection:
        found = connection.execute(select(table.c.seat, table.c.stars).order_by(table.c.seat))
        return [tuple(row) for row in found]


async def refusal(arena: Arena, room: str, stars: int = 3, token: str | None = None) -> str:
    with pytest.raises(RequestRefused) as refused:
        await arena.rate(room, stars, token)
    return refused.value.code


async def test_one_word_a_seat_which_can_be_changed(
    engine: Engine, writer: LogWriter, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Bob") as bob:
        made = await ann.create(fills=TWO_OPEN)
        seats = [(await person.join(made.room)).seat for person in (ann, bob)]
        assert await refusal(ann, made.room) == codes.NOT_OVER
        await asyncio.gather(play_to_end(ann), play_to_end(bob))
        rated = await ann.rate(made.room, 2)
        assert (rated.room, rated.stars) == (made.room, 2)
        assert rows(engine) == [(seats[0], 2)], "it is said when it is stored"
        await ann.rate(made.room, 4)
        await bob.rate(made.room, 5)
    assert sorted(rows(engine)) == sorted([(seats[0], 4), (seats[1], 5)])
    assert ratings_of(engine, [made.room, "none"]) == {made.room: MatchRating(2, 4.5)}
    with pytest.raises(SystemExit):
        main(["matches", "--db", database_url, "--json"])
    (match,) = json.loads(capsys.readouterr().out)
    assert match["rated_by_people"] == {"count": 2, "mean": 4.5}
    removed = forget(engine, "Ann")
    assert removed.ratings == 1
    assert rows(engine) == [(seats[1], 5)]


async def test_nobody_else_has_a_word(engine: Engine, writer: LogWriter) -> None:
    async with (
        running(writer) as server,
        connect(server.url, "Ann") as ann,
        connect(server.url, "Eve") as eve,
        connect(server.url, "Sam") as sam,
    ):
        made = await ann.create(fills=["open", *["self"] * 6])
        await ann.join(made.room)
        await sam.watch(made.room)
        await play_to_end(ann)
        for stranger in (eve, sam):
            assert await refusal(stranger, made.room) == codes.NOT_SEATED
        assert await refusal(ann, "nowhere") == codes.NOT_SEATED
        await ann.leave(made.room)
        assert await refusal(ann, made.room) == codes.NOT_SEATED, "who has left has no seat"
    assert rows(engine) == []


async def test_also_after_the_room_is_cleared_away(engine: Engine, writer: LogWriter) -> None:
    async with running(writer, limits=Limits(linger_s=0.0)) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(fills=["open", *["self"] * 6])
        await ann.join(made.room)
        await play_to_end(ann)
        while await ann.rooms():  # the lobby sweeps now and then
            await asyncio.sleep(0.7)
        await ann.rate(made.room, 1)
    assert [stars for _, stars in rows(engine)] == [1]


async def test_with_the_secret_of_the_seat_from_anywhere(engine: Engine, writer: LogWriter) -> None:
    async with (
        running(writer, limits=Limits(linger_s=0.0)) as server,
        connect(server.url, "Ann") as ann,
        connect(server.url, "Bob") as bob,
    ):
        made = await ann.create(fills=TWO_OPEN, options={"first_night_kill": False}, private=True)
        seat, token = (joined := await ann.join(made.room)).seat, joined.resume_token
        left = (await bob.join(made.room)).resume_token
        assert token is not None
        assert left is not None
        async with connect(server.url, "Eve") as eve:
            while await refusal(eve, made.room, token=token) == codes.UNKNOWN_ROOM:  # until its beginning is stored
                await asyncio.sleep(0.05)
            assert await refusal(eve, made.room, token=token) == codes.NOT_OVER
            await bob.leave(made.room)
            await play_to_end(ann)
            await ann.leave(made.room)
            for wrong in ("0" * 48, made.room, ""):
                assert await refusal(eve, made.room, token=wrong) == codes.UNKNOWN_ROOM
            assert await refusal(eve, "nowhere", token=token) == codes.UNKNOWN_ROOM
            assert await refusal(eve, made.room[:4], token=token) == codes.UNKNOWN_ROOM
            assert await refusal(eve, made.room, token=left) == codes.NOT_SEATED, "who left has no word"
            assert rows(engine) == []
            while made.room in server.lobby.rooms:
                await asyncio.sleep(0.2)
            await eve.rate(made.room, 2, token)
            await eve.rate(made.room, 5, token)
    assert rows(engine) == [(seat, 5)]


async def test_one_secret_is_looked_for_at_a_time(writer: LogWriter) -> None:
    wish = json.dumps({"type": "rate_match", "room": "r", "stars": 3, "token": "x"})
    async with running(writer) as server, open_socket(server.url) as socket:
        await socket.send(json.dumps({"type": "hello", "name": "Ann"}))
        for _ in range(20):
            await socket.send(wish)
        await socket.recv()
        told = [json.loads(await socket.recv())["code"] for _ in range(20)]
    assert set(told) <= {codes.UNKNOWN_ROOM, codes.TOO_FAST}
    assert codes.UNKNOWN_ROOM in told


async def test_what_cannot_be_stored_is_refused(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(fills=["open", *["self"] * 6])
        await ann.join(made.room)
        await play_to_end(ann)
        await asyncio.to_thread(writer.close)
        assert await refusal(ann, made.room) == codes.NOT_STORED


def test_the_last_word_counts_within_a_batch_and_after_it(engine: Engine, writer: LogWriter) -> None:
    writer.append((begun(ROOM),)).result(60)
    writer.append((MatchRated("r1", 2, 1, 5.0), MatchRated("r1", 2, 3, 6.0), MatchRated("r1", 0, 5, 6.0))).result(60)
    assert rows(engine) == [(0, 5), (2, 3)]
    writer.append((MatchRated("r1", 2, 4, 7.0),)).result(60)
    assert rows(engine) == [(0, 5), (2, 4)]
