"""The last messages as lines: no token, nothing that a terminal would obey, and not without bound."""

from __future__ import annotations

from arena.client.client import connect
from arena.client.reconnecting import reconnecting
from arena.client.trace import HIDDEN, KEPT, LINE_LIMIT, Trace, line_of
from arena.db.writer import LogWriter
from arena.protocol.client_messages import Hello, ListRooms, ResumeSeat, TakeTurn
from arena.protocol.server_messages import EventHappened, RoomInfo, RoomJoined
from tests.fakes.servers import running


def test_no_secret_is_shown() -> None:
    room = RoomInfo(room="r", game="werewolf", status="playing", seats=[], options={})
    for message in (
        Hello(name="Ann", token="hush"),
        ResumeSeat(room="r", token="hush", since=3),
        RoomJoined(room=room, seat=1, resume_token="hush"),
    ):
        assert "hush" not in line_of(message)
        assert HIDDEN in line_of(message)
        assert "hush" not in repr(message)
    assert line_of(Hello(name="Ann")) == 'hello name="Ann"'


def test_lines_are_harmless_and_short() -> None:
    said = EventHappened(room="r", seq=1, kind="said", data={"text": "a\x1b[31m\u202e\n" * 200}, public=True, line="")
    line = line_of(said)
    assert not set(line) & set("\x1b\u202e\n")
    assert len(line) <= LINE_LIMIT


def test_the_last_of_each_way_in_their_order() -> None:
    trace = Trace(lambda: 1.0)
    for n in range(KEPT + 10):
        trace.note("sent", TakeTurn(room="r", turn_id=str(n), act_id="a"))
    trace.note("heard", ListRooms())
    lines = trace.lines()
    assert len(lines) == KEPT + 1
    assert 'turn_id="10"' in lines[0].line
    assert (lines[-1].way, lines[-1].line) == ("heard", "list_rooms")


async def test_what_really_went_over_the_wire(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        await ann.rooms()
        joined = await ann.join()
        lines = ann.trace.lines()
        assert [t.line.split(" ")[0] for t in lines[:6]] == [
            "hello", "welcomed", "list_rooms", "rooms_listed", "join_room", "room_joined",
        ]  # fmt: skip
        assert joined.resume_token is not None
        assert not any(joined.resume_token in t.line for t in lines)
        assert 0 < await ann.round_trip_s() < 10
    async with running(writer) as server, reconnecting(server.url, "Ann") as arena:
        await arena.rooms()
        assert arena.url == server.url
        assert "rooms_listed" in arena.trace.lines()[-1].line
        assert 0 < await arena.round_trip_s() < 10
