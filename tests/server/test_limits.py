"""Every limit, with what a client is told at it: one test a line of the table in ``docs/protocol.md``."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import InvalidStatus

from arena.client.client import Arena, RequestRefused, connect
from arena.db.writer import LogWriter
from arena.errors import ArenaError
from arena.protocol import codes
from arena.protocol.client_messages import ListRooms
from arena.protocol.server_messages import TurnOpened
from arena.server import app
from arena.server.counts import Counts
from arena.server.doors import Doors, address_of
from arena.server.limits import Limits, Rate
from tests.fakes.servers import running
from tests.fakes.sockets import UPGRADE, address, closed_with, frame, get, greeted, heard, say
from tests.soak import count

SCARCE = Rate(3, 0.001)
PLENTY = Rate(1000, 1000)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is tested here has nothing to do with storage."""
    return f"sqlite:///{tmp_path / 'arena.db'}"


async def test_a_message_of_64_kib_is_taken_and_a_larger_one_closes(writer: LogWriter) -> None:
    async with running(writer) as server:
        room = '{"type":"watch_room","room":"%s"}'
        async with greeted(server.url) as one:
            await one.send(" " * (64 * 1024 - len(room % "x")) + room % "x")
            assert (await heard(one))["code"] == codes.UNKNOWN_ROOM
            await one.send(" " * (64 * 1024 - len(room % "x") + 1) + room % "x")
            assert await closed_with(one) == codes.CLOSE_TOO_LARGE


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("list", {"type": "list_rooms"}),
        ("create", {"type": "create_room"}),
        ("join", {"type": "watch_room", "room": "nope"}),
        ("act", {"type": "take_turn", "room": "nope", "turn_id": "t", "act_id": "a"}),
    ],
)
async def test_each_kind_of_message_has_its_own_credits(writer: LogWriter, kind: str, message: dict[str, str]) -> None:
    limits = Limits(rates={**dict.fromkeys(("act", "list", "create"), PLENTY), "join": Rate(30, 30), kind: SCARCE})
    if kind == "join":
        limits = Limits(rates={**limits.rates, "join": Rate(4, 0.001)})  # the hello costs one as well
    async with running(writer, limits=limits) as server, greeted(server.url) as one:
        for _ in range(5):
            await say(one, **message)
        answers = [await heard(one) for _ in range(5)]
        # A refusal is said at once; what is stored first is answered a moment later.
        assert sorted(a.get("code") == codes.TOO_FAST for a in answers) == [False] * 3 + [True] * 2
        if kind == "act":
            assert {a["act_id"] for a in answers} == {"a"}, "a refused act is told as that act"
        other = {"type": "list_rooms"} if kind != "list" else {"type": "create_room"}
        await say(one, **other)
        assert (await heard(one))["type"] != "refused", "another kind is not held up"


async def test_listing_never_starves_acts(writer: LogWriter) -> None:
    limits = Limits(rates={**Limits().rates, "list": SCARCE}, malformed_messages=100)
    async with running(writer, limits=limits) as server, connect(server.url, "Ann") as ann:
        await ann.join((await ann.create(options={"first_night_kill": False})).room)
        turn = await next_turn(ann)
        for _ in range(3):
            await ann.rooms()
        for _ in range(40):
            with pytest.raises(RequestRefused) as refused:
                await ann.rooms()
            assert refused.value.code == codes.TOO_FAST
        choice = {"choice": turn.choices[0]} if turn.choices else {"text": "Good morning."}
        await ann.take_turn(turn.room, turn.turn_id, **choice)


async def next_turn(arena: Arena) -> TurnOpened:
    async with asyncio.timeout(20):
        async for message in arena:
            if isinstance(message, TurnOpened):
                return message
    raise AssertionError("the connection ended")


async def test_haste_that_goes_on_closes(writer: LogWriter) -> None:
    limits = Limits(rates={**Limits().rates, "list": SCARCE}, malformed_messages=10)
    async with running(writer, limits=limits) as server, greeted(server.url) as one:
        for _ in range(20):
            await say(one, type="list_rooms")
        assert await closed_with(one) == codes.CLOSE_TOO_FAST


async def test_malformed_messages_close(writer: LogWriter) -> None:
    async with running(writer, limits=Limits(malformed_messages=5)) as server, greeted(server.url) as one:
        for _ in range(5):
            await one.send("nonsense")
            assert (await heard(one))["code"] == codes.MALFORMED
        await one.send("nonsense")
        assert await closed_with(one) == codes.CLOSE_PROTOCOL_ERROR


async def test_connections_from_one_address_are_bounded(writer: LogWriter) -> None:
    limits = Limits(connections_from_loopback=3)
    async with running(writer, limits=limits) as server:
        async with greeted(server.url), greeted(server.url), connect(server.url, "Cid") as third:
            with pytest.raises(InvalidStatus) as refused:
                async with open_socket(server.url):
                    pass
            assert refused.value.response.status_code == 429
            assert json.loads(refused.value.response.body) == {"code": codes.TOO_MANY_FROM_ADDRESS}
            with pytest.raises(ArenaError, match="takes no more connections now") as told:
                async with connect(server.url, "Dan"):
                    pass
            assert told.value.code == "connection/too_many"
            assert (await get(server.url, "/healthz"))[0] == 200, "monitors still see the server"
            assert await third.rooms() == []
        await _until(lambda: len(server._doors) == 0)
        async with greeted(server.url):
            pass


async def test_connections_in_total_are_bounded(writer: LogWriter) -> None:
    async with running(writer, limits=Limits(connections=2)) as server, greeted(server.url), greeted(server.url):
        with pytest.raises(InvalidStatus) as refused:
            async with open_socket(server.url):
                pass
        assert refused.value.response.status_code == 503
        assert json.loads(refused.value.response.body) == {"code": codes.TOO_MANY_CONNECTIONS}


async def test_half_handshakes_count_and_the_crowd_beyond_is_cut(writer: LogWriter) -> None:
    async with running(writer, limits=Limits(connections_from_loopback=2)) as server:
        streams = [await asyncio.open_connection(*address(server.url)) for _ in range(40)]
        cut = 0
        for reader, _ in streams:
            try:
                async with asyncio.timeout(0.05):
                    cut += await reader.read() == b""
            except TimeoutError:
                pass
            except ConnectionResetError:
                cut += 1
        assert cut >= 25
        assert len(server._doors) <= 12
        for _, stream in streams:
            stream.close()
        await _until(lambda: len(server._doors) == 0)
        async with greeted(server.url):
            pass


def test_an_address_is_a_machine_or_a_network() -> None:
    class At:
        def __init__(self, *peer: object) -> None:
            self.peer = peer

        def get_extra_info(self, _name: str) -> tuple[object, ...]:
            return self.peer

    def of(*peer: object) -> str:
        return address_of(At(*peer))  # type: ignore[arg-type]

    assert of("192.0.2.7", 1) == "192.0.2.7" == of("::ffff:192.0.2.7", 1, 0, 0)
    assert of("2001:db8::1", 1, 0, 0) == of("2001:db8::ffff:2", 1, 0, 0) != of("2001:db8:0:1::1", 1, 0, 0)
    assert {of("127.0.0.1", 1), of("127.9.9.9", 1), of("::1", 1, 0, 0), of("::ffff:127.0.0.1", 1), of()} == {"loopback"}
    doors = Doors(Limits(connections_per_address=2, connections_from_loopback=3), Counts())
    told = [doors.enter(n, a) for n, a in enumerate(["192.0.2.7"] * 3 + ["192.0.2.8"] + ["loopback"] * 4)]
    assert told == [None, None, codes.TOO_MANY_FROM_ADDRESS, None, None, None, None, codes.TOO_MANY_FROM_ADDRESS]


async def test_a_handshake_that_does_not_come_is_ended(writer: LogWriter) -> None:
    async with running(writer, limits=Limits(hello_s=0.2)) as server:
        reader, stream = await asyncio.open_connection(*address(server.url))
        stream.write(UPGRADE[:60])
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        stream.close()


async def test_no_hello_closes(writer: LogWriter) -> None:
    async with running(writer, limits=Limits(hello_s=0.1)) as server, open_socket(server.url) as one:
        assert await closed_with(one) == codes.CLOSE_NO_HELLO


async def test_the_idle_are_let_go_and_those_in_rooms_are_not(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_SWEEP_S", 0.05)
    async with (
        running(writer, limits=Limits(idle_s=0.3)) as server,
        greeted(server.url) as idle,
        greeted(server.url) as seated,
        greeted(server.url) as watching,
    ):
        await say(seated, type="create_room", fills=["open", "open", *["self"] * 5])
        room = (await heard(seated))["room"]["room"]
        await say(seated, type="join_room", room=room)
        await say(watching, type="watch_room", room=room)
        assert await closed_with(idle) == codes.CLOSE_IDLE
        for one in (seated, watching):
            await say(one, type="list_rooms")
            while (await heard(one))["type"] != "rooms_listed":
                pass
        await say(seated, type="leave_room", room=room)
        assert await closed_with(seated) == codes.CLOSE_IDLE


async def test_a_reader_that_is_too_slow_is_closed_within_its_bound(writer: LogWriter) -> None:
    async with running(writer) as server:
        bound = server.settings.limits.send_queue_bytes
        assert bound == 1024 * 1024
        reader, stream = await asyncio.open_connection(*address(server.url), limit=1024)
        stream.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        stream.write(frame(b'{"type":"hello","name":"Ann"}'))
        await _until(lambda: any(c.name for c in server._connections))
        (slow,) = server._connections
        most = 0
        while slow._closing is None:
            slow.refuse("test", "x" * 10_000)
            most = max(most, slow.outgoing_bytes)
            await asyncio.sleep(0)
        assert slow._closing[0] == codes.CLOSE_SLOW_READER
        assert bound // 2 < most <= bound + 20_000, "the socket's own buffer is part of it"
        assert slow._socket.transport.get_write_buffer_size() <= server.settings.limits.write_buffer_bytes + 20_000
        await _until(lambda: not server._connections)
        stream.close()


async def test_who_asks_for_more_than_it_reads_is_not_read_on(writer: LogWriter) -> None:
    limits = Limits(rates=dict.fromkeys(("act", "list", "create", "join"), PLENTY), rooms_per_connection=200)
    async with running(writer, limits=limits) as server, connect(server.url, "Ann") as ann:
        for _ in range(100):
            await ann.create(fills=["open"] * 7)
        for _ in range(60):
            await ann._send(ListRooms())
        answers = 0
        async with asyncio.timeout(30):
            while answers < 60:
                answers += (await anext(ann)).type == "rooms_listed"  # all are answered; nobody is called slow


async def test_a_list_of_rooms_is_bounded(writer: LogWriter) -> None:
    async with running(writer, limits=Limits(rooms_listed=3)) as server, connect(server.url, "Ann") as ann:
        for _ in range(5):
            await ann.create()
        assert len(await ann.rooms()) == 3


async def test_rooms_of_one_connection_are_bounded(writer: LogWriter) -> None:
    async with running(writer, limits=Limits(rooms_per_connection=2)) as server, connect(server.url, "Ann") as ann:
        for _ in range(2):
            await ann.create()
        with pytest.raises(RequestRefused) as refused:
            await ann.create()
        assert refused.value.code == codes.TOO_MANY_ROOMS


@pytest.mark.parametrize(("ping_timeout_s", "survives"), [(Limits().ping_timeout_s, True), (0.3, False)])
async def test_a_bot_that_thinks_in_its_own_event_loop_is_not_dropped(
    writer: LogWriter, ping_timeout_s: float, survives: bool
) -> None:
    assert Limits().ping_timeout_s >= 300.0
    seconds = count(1, 200) if survives else 1
    limits = Limits(ping_interval_s=0.1, ping_timeout_s=ping_timeout_s)
    async with running(writer, limits=limits) as server:
        url = server.url

        async def thinker() -> bool:
            async with greeted(url) as bot:
                time.sleep(seconds)  # noqa: ASYNC251  (this is what the test is about)
                await say(bot, type="list_rooms")
                try:
                    return (await heard(bot))["type"] == "rooms_listed"
                except Exception:
                    return False

        assert await asyncio.to_thread(lambda: asyncio.run(thinker())) is survives


async def test_tcp_finds_machines_that_are_gone(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        (connection,) = server._connections
        for transport in (connection._socket.transport, ann._socket.transport):
            sock = transport.get_extra_info("socket")
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                assert 0 < sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 120_000


async def _until(true: object) -> None:
    async with asyncio.timeout(20):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.01)
