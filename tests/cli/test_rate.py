"""``arena rate``: the seat that this machine remembers, against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from arena.cli.main import main
from arena.cli.rate import remembered
from arena.client.reconnecting import reconnecting
from arena.db.match_ratings import ratings_of
from arena.db.writer import LogWriter
from arena.errors import UnknownName
from arena.paths import state_folder
from arena.protocol.server_messages import RoomInfo
from arena.server.app import ArenaServer
from arena.server.limits import Limits
from tests.fakes.servers import play_to_end, running
from tui.memory import KeptSeat, Memory

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
async def server(writer: LogWriter) -> AsyncIterator[ArenaServer]:
    async with running(writer, limits=Limits(linger_s=0.0)) as server:
        yield server


async def rate(*arguments: str) -> int:
    """The exit status; the server goes on meanwhile."""

    def run() -> int:
        with pytest.raises(SystemExit) as ended:
            main(("rate", *arguments))
        return ended.value.code if isinstance(ended.value.code, int) else 0

    return await asyncio.to_thread(run)


async def played(server: ArenaServer) -> RoomInfo:
    """A match that I have played, as the terminal plays it, and left."""
    async with reconnecting(server.url, "Ann", memory=Memory(server.url)) as ann:
        made = await ann.create(fills=["open", *["self"] * 6], options={"first_night_kill": False})
        await ann.join(made.room)
        async with asyncio.timeout(120):
            await play_to_end(ann)  # type: ignore[arg-type]
        await ann.leave(made.room)
    return made


async def test_a_match_is_rated_by_id_beginning_and_code(
    server: ArenaServer, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    room = await played(server)
    for stars, name in enumerate((room.room, room.room[:5], room.code.lower()), start=2):
        assert await rate(name, str(stars)) == 0
        assert capsys.readouterr().out == f"{'★' * stars}{'☆' * (5 - stars)} for {room.room}. Thank you.\n"
    assert await rate(room.room, "5", "--json", "--url", f"{server.url}/") == 0
    assert json.loads(capsys.readouterr().out) == {"match": room.room, "stars": 5}
    (rated,) = ratings_of(engine, [room.room]).values()
    assert (rated.count, rated.mean) == (1, 5.0), "one seat has one word"


async def test_what_cannot_be_rated_is_one_line(
    server: ArenaServer, writer: LogWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = Memory(server.url)

    async def said(*arguments: str) -> str:
        assert await rate(*arguments) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert "Traceback" not in told.err
        return told.err

    assert "It remembers no match at all." in await said("KRTWN", "3")
    assert "less than or equal to 5" in await said("KRTWN", "6")
    async with reconnecting(server.url, "Ann", memory=memory) as ann:
        made = await ann.create(fills=["open", "open", *["self"] * 5], options={"first_night_kill": False})
        await ann.join(made.room)
        assert "has no match" in await said(made.code, "3"), "one that has not begun is none"
        await ann.begin(made.room)
        while "not over" not in (told := await said(made.code, "3")):
            assert "has no match" in told
            await asyncio.sleep(0.05)
        kept = memory.seat()
        assert kept is not None
        await ann.leave(made.room)
        async with reconnecting(server.url, "Bob") as bob:
            await bob.watch(made.room)
            async with asyncio.timeout(120):
                await play_to_end(bob)  # type: ignore[arg-type]
    memory.keep(made, kept.token)
    assert f"no seat of yours in a match 'x'. The last ones: {made.room} ({made.code})." in await said("x", "3")
    assert "no seat of yours" in await said(made.code, "3", "--url", "ws://elsewhere")
    assert "You left that match before its end." in await said(made.code, "3")
    memory.keep(made, "0" * 48)
    assert "in which you sat" in await said(made.code, "3")
    await server.stop()
    assert "No server answers" in await said(made.code, "3")


def test_one_of_several(database_url: str) -> None:
    assert not state_folder().exists()
    seats = [KeptSeat("ws://a", room, code, "t", 0.0) for room, code in (("ab1", "X"), ("ab2", "Y"), ("ab3", "X"))]
    assert remembered(seats, "x") is seats[0], "codes are used again: the newest"
    assert remembered(seats, "ab3") is seats[2]
    with pytest.raises(UnknownName, match="several"):
        remembered(seats, "ab")
    with pytest.raises(UnknownName):
        remembered(seats, "")
