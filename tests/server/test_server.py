from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

from arena.client.client import Arena, Disconnected, RequestRefused, connect
from arena.db.repo import broken_links, list_matches, load_match
from arena.db.writer import LogWriter
from arena.decision import MindKind
from arena.errors import ArenaError, UserError
from arena.games.core import fold, visible
from arena.games.registry import game_by_name
from arena.protocol import codes
from arena.protocol.server_messages import MatchEnded, Refused, RoomJoined, SeatChanged, TurnClosed, TurnOpened
from arena.rooms.terms import Terms
from arena.server.app import ArenaServer, ServerSettings
from arena.server.limits import Limits
from tests.fakes.minds import FakeMinds, RandomMind
from tests.fakes.servers import events, play_to_end, running, some_answer


async def next_turn(arena: Arena) -> TurnOpened:
    async for message in arena:
        if isinstance(message, TurnOpened):
            return message
        assert not isinstance(message, MatchEnded), "no turn came"
    raise AssertionError("the connection ended")


async def sit_down(arena: Arena, **asked: Any) -> RoomJoined:
    """A seat in a match where everybody lives long enough to have a turn."""
    made = await arena.create(options={"first_night_kill": False})
    return await arena.join(made.room, **asked)


async def get(url: str, path: str) -> tuple[int, dict[str, Any]]:
    host, port = url.removeprefix("ws://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, body = answer.split(b"\r\n\r\n", 1)
    return int(head.split()[1]), json.loads(body)


async def test_a_person_plays_a_match_to_its_end(engine: Engine, writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Zoë\u202e\x1b[2J") as arena:
        assert arena.welcome.live_checkpoint == "fake-1"
        joined = await sit_down(arena, train=True)
        assert joined.seat is not None
        seen = await play_to_end(arena)
        rooms = await arena.rooms()
        assert [(r.room, r.status) for r in rooms] == [(joined.room.room, "over")]
        assert rooms[0].seats[joined.seat].mind == "person"
        assert server.status.games_finished == 1
    match = load_match(engine, joined.room.room)
    ended = seen[-1]
    assert isinstance(ended, MatchEnded)
    assert match.outcome is not None
    assert (match.outcome.winner, list(match.outcome.returns)) == (ended.winner, ended.returns)
    told = events(seen)
    assert [e.seq for e in told] == list(range(len(told)))
    expected = visible(match.events, joined.seat)
    assert [(e.kind, e.data, e.public) for e in told] == [
        (e.kind, dict(e.data), e.audience.is_public) for e in expected
    ]
    game = game_by_name("werewolf")
    assert game.outcome(fold(game, match.events)) == match.outcome
    assert broken_links(engine, match.id) == []
    assert match.summary.purpose == "room"
    assert match.summary.minds[joined.seat] == "person"
    assert (match.seats[joined.seat].person, match.seats[joined.seat].train) == ("Zoë[2J", True)
    assert not any("Zo" in json.dumps(dict(e.data), ensure_ascii=False) for e in match.events)
    people = [d for d in match.decisions if d.kind is MindKind.PERSON]
    assert {d.seat for d in people} == {joined.seat}
    assert all(d.tokens is None for d in people)
    assert match.trunk is not None


async def test_two_people_meet_in_one_room(writer: LogWriter) -> None:
    async with (
        running(writer) as server,
        connect(server.url, "Ann") as ann,
        connect(server.url, "Bob") as bob,
    ):
        made = await ann.create(fills=["open", "open", *["self"] * 5])
        first = await ann.join(made.room)
        assert first.room.status == "waiting"
        second = await bob.join()
        assert second.room.room == made.room
        assert {first.seat, second.seat} == {0, 1}
        a, b = await asyncio.gather(play_to_end(ann), play_to_end(bob))
        assert any(isinstance(m, SeatChanged) for m in a)
        assert [e.data for e in events(a) if e.public] == [e.data for e in events(b) if e.public]


async def test_watching_shows_the_public_stream_from_its_start(engine: Engine, writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Eve") as eve:
        joined = await sit_down(ann)
        turn = await next_turn(ann)
        watching = await eve.watch(joined.room.room)
        assert watching.seat is None
        await ann.take_turn(turn.room, turn.turn_id, **some_answer(turn))
        _, seen = await asyncio.gather(play_to_end(ann), play_to_end(eve))
        assert all(e.public for e in events(seen))
        await eve.leave(joined.room.room)
        await eve.watch(joined.room.room)
        again = await play_to_end(eve)
        assert again == seen
    expected = visible(load_match(engine, joined.room.room).events, None)
    assert [(e.seq, e.kind) for e in events(seen)] == [(n, e.kind) for n, e in enumerate(expected)]


async def test_an_act_sent_twice_counts_once(engine: Engine, writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        await sit_down(ann)
        turn = await next_turn(ann)
        answer = some_answer(turn)
        first = await ann.take_turn(turn.room, turn.turn_id, act_id="x", **answer)
        again = await ann.take_turn(turn.room, turn.turn_id, act_id="x", **answer)
        assert first == again
        with pytest.raises(RequestRefused) as other:
            await ann.take_turn(turn.room, turn.turn_id, act_id="x", text="something else")
        assert other.value.code == codes.ACT_ID_REUSED
        with pytest.raises(RequestRefused) as stale:
            await ann.take_turn(turn.room, turn.turn_id, act_id="y", **answer)
        assert stale.value.code == codes.STALE_TURN
        await play_to_end(ann)
        assert await ann.take_turn(turn.room, turn.turn_id, act_id="x", **answer) == first
    decisions = load_match(engine, turn.room).decisions
    assert sum(d.turn_id == turn.turn_id and d.kind is MindKind.PERSON for d in decisions) == 1


async def test_whoever_leaves_is_played_on(engine: Engine, writer: LogWriter) -> None:
    async with running(writer, terms=Terms(grace_s=0.2)) as server, connect(server.url, "Eve") as eve:
        async with connect(server.url, "Ann") as ann:
            joined = await sit_down(ann)
            await next_turn(ann)
            await eve.watch(joined.room.room)
        async with asyncio.timeout(60):
            seen = await play_to_end(eve)
        changed = [m for m in seen if isinstance(m, SeatChanged)]
        assert [(m.seat.seat, m.seat.mind) for m in changed] == [(joined.seat, "model")]
        async with connect(server.url, "Bob") as bob:
            second = await sit_down(bob)
            turn = await next_turn(bob)
            await bob.leave(second.room.room)
            with pytest.raises(RequestRefused) as refused:
                await bob.take_turn(turn.room, turn.turn_id, **some_answer(turn))
            assert refused.value.code == codes.NOT_SEATED
    match = load_match(engine, joined.room.room)
    assert match.outcome is not None
    assert match.summary.minds[joined.seat or 0] == "person"


async def test_a_waiting_room_frees_the_seat_of_who_left(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(fills=["open", "open", *["random"] * 5])
        async with connect(server.url, "Bob") as bob:
            await bob.join(made.room, 1)
            await bob.leave(made.room)
        for _ in range(15):
            room = next(r for r in await ann.rooms() if r.room == made.room)
            if room.seats[1].mind == "open":
                break
            await asyncio.sleep(0.3)  # others' changes are listed a moment later
        assert [s.mind for s in room.seats] == ["open", "open", *["script"] * 5]
        await ann.join(made.room, 0)
        await ann.leave(made.room)
        assert await ann.rooms() == []


async def test_a_missed_deadline_is_passed(engine: Engine, writer: LogWriter) -> None:
    options = {"talk_budget_s": 1, "choice_budget_s": 1, "max_days": 1, "talk_rounds": 0}
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(options=options)
        await ann.join(made.room)
        async with asyncio.timeout(60):
            seen = [m async for m in _until_end(ann)]
    opened = [m for m in seen if isinstance(m, TurnOpened)]
    closed = [m for m in seen if isinstance(m, TurnClosed)]
    assert all(m.remaining_s is not None and 0 < m.remaining_s <= 1.0 for m in opened)
    assert {m.reason for m in closed} == ({"timed_out"} if opened else set())
    fallbacks = [d.fallback for d in load_match(engine, made.room).decisions if d.kind is MindKind.NOBODY]
    assert fallbacks == ["deadline"] * len(opened)


async def _until_end(arena: Arena) -> Any:
    async for message in arena:
        yield message
        if isinstance(message, MatchEnded):
            return


@pytest.mark.parametrize(
    ("mind", "fallback"),
    [(RandomMind(broken=True), "engine/error: the fake engine is broken"), (RandomMind(silent=True), "mind/timeout")],
)
async def test_a_failing_mind_costs_its_turn_and_not_the_match(
    engine: Engine, writer: LogWriter, mind: RandomMind, fallback: str
) -> None:
    mind = replace(mind, finished=[])  # each database has its own
    options = {"max_days": 1, "talk_rounds": 0}
    limits = Limits(mind_s=0.05)
    async with running(writer, FakeMinds(mind), limits=limits) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(options=options, fills=["self"] * 7)
        await ann.watch(made.room)
        async with asyncio.timeout(60):
            await play_to_end(ann)
    match = load_match(engine, made.room)
    assert {d.fallback for d in match.decisions} == {fallback}
    assert mind.finished.count(made.room) == 1


async def test_selfplay_keeps_its_pace(engine: Engine, writer: LogWriter) -> None:
    async with running(writer, selfplay_rooms=2, selfplay_per_minute=240.0) as server:
        await asyncio.sleep(1.1)
        begun = server.status.games_finished + server.status.rooms
    assert begun <= 2 + 2 + 5, "one in each room at once, and four a second from then on"


async def test_selfplay_goes_on_and_on(engine: Engine, writer: LogWriter) -> None:
    async with running(writer, selfplay_rooms=3) as server:
        async with asyncio.timeout(60):
            while server.status.games_finished < 6:
                await asyncio.sleep(0.01)
        status = server.status
        assert status.rooms == 3
        assert status.decisions_per_s > 0
    matches = list_matches(engine, limit=100)
    assert {m.purpose for m in matches} == {"selfplay"}
    assert sum(m.status == "over" for m in matches) >= 6
    assert {m.status for m in matches} <= {"over", "playing"}  # what was running is parked


async def test_pages_for_monitors(writer: LogWriter) -> None:
    async with running(writer) as server:
        assert await get(server.url, "/healthz") == (
            200,
            {"status": "ok", "live_checkpoint": "fake-1", "rooms": 0, "games_finished": 0, "decisions": 0},
        )
        assert await get(server.url, "/readyz?x=1") == (200, {"status": "ok"})
        assert (await get(server.url, "/secrets"))[0] == 404
        server.lobby.locked = True
        assert await get(server.url, "/readyz") == (503, {"status": "stopping"})


async def test_a_port_in_use_is_said(writer: LogWriter) -> None:
    async with running(writer) as server:
        port = int(server.url.rsplit(":", 1)[1])
        second = ArenaServer(FakeMinds(), writer, ServerSettings(port=port))
        with pytest.raises(UserError, match=f"Port {port} is in use already.*--port"):
            await second.start()


async def test_nobody_answers() -> None:
    with pytest.raises(ArenaError, match=r"No server answers at ws://127\.0\.0\.1:9\. Start one with: arena serve"):
        async with connect("ws://127.0.0.1:9", "Ann"):
            pass
    with pytest.raises(ArenaError, match="no address"):
        async with connect("http://nowhere", "Ann"):
            pass


async def test_a_stopping_server_says_goodbye(writer: LogWriter) -> None:
    server = ArenaServer(FakeMinds(), writer, ServerSettings(port=0))
    await server.start()
    async with connect(server.url, "Ann") as ann:
        await sit_down(ann)
        await next_turn(ann)
        async with asyncio.timeout(60):
            await server.stop()
        with pytest.raises(Disconnected) as gone:
            async for _ in ann:
                pass
        assert gone.value.close_code == codes.CLOSE_SERVER_STOPPING
        with pytest.raises(Disconnected):
            await ann.rooms()


HELLO = '{"type":"hello","name":"Ann"}'
DEEP = "[" * 50_000 + "]" * 50_000


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("nonsense", codes.MALFORMED),
        ("", codes.MALFORMED),
        ("[]", codes.MALFORMED),
        (DEEP[:60_000], codes.MALFORMED),
        ('{"type":"create_room","options":' + '{"a":' * 5_000 + "1" + "}" * 5_001, codes.MALFORMED),
        (b"\xff\xfe", codes.MALFORMED),
        ('{"type":"fly"}', codes.MALFORMED),
        ('{"type":"list_rooms","extra":1}', codes.MALFORMED),
        ('{"type":"join_room","seat":"1"}', codes.MALFORMED),
        ('{"type":"join_room","seat":true}', codes.MALFORMED),
        ('{"type":"join_room","seat":-1}', codes.MALFORMED),
        ('{"type":"take_turn","room":"x","turn_id":"t","act_id":"\\ud800"}', codes.MALFORMED),
        ('{"type":"take_turn","room":"x","turn_id":"t","act_id":"\\u0000"}', codes.MALFORMED),
        (HELLO, codes.MALFORMED),
        ('{"type":"join_room","room":"nope"}', codes.UNKNOWN_ROOM),
        ('{"type":"watch_room","room":"nope"}', codes.UNKNOWN_ROOM),
        ('{"type":"take_turn","room":"nope","turn_id":"t","act_id":"a"}', codes.NOT_SEATED),
        ('{"type":"create_room","game":"chess"}', codes.BAD_ROOM),
        ('{"type":"join_room","game":"\\u001b[2J"}', codes.BAD_ROOM),
        ('{"type":"create_room","options":{"seats":99}}', codes.BAD_ROOM),
        ('{"type":"create_room","options":{"x\\u0000":1}}', codes.BAD_ROOM),
        ('{"type":"create_room","fills":["self"]}', codes.BAD_ROOM),
        ('{"type":"create_room","fills":["nobody","self","self","self","self","self","self"]}', codes.BAD_ROOM),
        ('{"type":"create_room","seed":' + "9" * 30 + "}", codes.BAD_ROOM),
        ('{"type":"create_room","seed":' + "9" * 9_000 + "}", None),
    ],
)
async def test_what_is_refused(writer: LogWriter, said: str | bytes, code: str | None) -> None:
    async with running(writer) as server, open_socket(server.url) as socket:
        await socket.send(HELLO)
        assert json.loads(await socket.recv())["type"] == "welcomed"
        await socket.send(said)
        answer = json.loads(await socket.recv())
        assert answer["type"] == "refused"
        assert code is None or answer["code"] == code
        assert "\x1b" not in answer["message"]
        await socket.send('{"type":"list_rooms"}')
        assert json.loads(await socket.recv()) == {"type": "rooms_listed", "rooms": []}


@pytest.mark.parametrize(
    ("said", "close_code"),
    [
        ('{"type":"list_rooms"}', codes.CLOSE_NO_HELLO),
        ('{"type":"hello","name":"\\u200b"}', codes.CLOSE_PROTOCOL_ERROR),
        ('{"type":"hello","name":"Ann","protocol":99}', codes.CLOSE_PROTOCOL_ERROR),
        (None, codes.CLOSE_NO_HELLO),
        ("x" * 70_000, 1009),
    ],
)
async def test_a_wrong_beginning_ends_the_connection(writer: LogWriter, said: str | None, close_code: int) -> None:
    limits = Limits(hello_s=0.1)
    async with running(writer, limits=limits) as server, open_socket(server.url) as socket:
        if said is not None:
            await socket.send(said)
        with pytest.raises(ConnectionClosed):
            while True:
                await socket.recv()
        assert socket.close_code == close_code


async def test_endless_nonsense_ends_the_connection(writer: LogWriter) -> None:
    async with running(writer) as server, open_socket(server.url) as socket:
        await socket.send(HELLO)
        with pytest.raises(ConnectionClosed):
            for _ in range(1000):
                await socket.send("nonsense")
                await socket.recv()
        assert socket.close_code == codes.CLOSE_PROTOCOL_ERROR


async def test_rooms_are_bounded(writer: LogWriter) -> None:
    limits = Limits(rooms=2, rooms_per_connection=8)
    async with running(writer, limits=limits) as server, connect(server.url, "Ann") as ann:
        for _ in range(2):
            await ann.create()
        with pytest.raises(RequestRefused) as refused:
            await ann.create()
        assert refused.value.code == codes.TOO_MANY_ROOMS


async def test_a_client_that_does_not_read_is_let_go(writer: LogWriter) -> None:
    limits = Limits(send_queue_bytes=200_000)
    async with running(writer, limits=limits) as server, connect(server.url, "Ann") as ann:
        reader, raw = await asyncio.open_connection(*server.url.removeprefix("ws://").split(":"), limit=1024)
        raw.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        for text in (HELLO.encode(), b'{"type":"list_rooms"}'):
            raw.write(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        await asyncio.sleep(0.05)
        assert len(server._connections) == 2
        slow = min(server._connections, key=lambda c: c._socket.remote_address == ann._socket.local_address)
        for _ in range(20_000):
            slow.refuse("test", "x" * 1000)
            if slow._closing is not None:
                break
            await asyncio.sleep(0)
        assert slow._closing is not None
        assert slow._closing[0] == codes.CLOSE_SLOW_READER
        assert slow._queued_bytes < 300_000
        async with asyncio.timeout(60):
            while len(server._connections) > 1:
                await asyncio.sleep(0.02)
        assert await ann.rooms() == []
        raw.close()


async def test_what_is_said_at_once_is_written_at_once(writer: LogWriter) -> None:
    async with running(writer) as server, open_socket(server.url) as socket:
        await socket.send(HELLO)
        await socket.recv()
        (connection,) = server._connections
        transport, written = connection._socket.transport, []
        transport.write = lambda data: written.append(data) or type(transport).write(transport, data)
        for n in range(200):
            connection.refuse("test", str(n))
        assert [json.loads(await socket.recv())["message"] for n in range(200)] == [str(n) for n in range(200)]
        assert len(written) == 1
        assert connection._queued_bytes == 0
        for _ in range(3):
            connection.refuse("test", "x" * 30_000)
        assert [len(json.loads(await socket.recv())["message"]) for n in range(3)] == [30_000] * 3
        assert len(written) == 3, "some 32 KiB at once, no more"


async def test_a_log_that_fails_ends_the_match_and_says_so(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        joined = await sit_down(ann)
        acting: list[asyncio.Task[Any]] = []
        async with asyncio.timeout(60):
            async for message in ann:
                if isinstance(message, TurnOpened):
                    writer.close()
                    act = ann.take_turn(message.room, message.turn_id, **some_answer(message))
                    acting.append(asyncio.create_task(act))
                elif isinstance(message, Refused):
                    assert message.code == codes.ROOM_FAILED
                    break
        for task in acting:
            task.cancel()
        with pytest.raises(RequestRefused) as refused:
            await ann.take_turn(joined.room.room, "day1.vote")
        assert refused.value.code == codes.ROOM_FAILED
        with pytest.raises(RequestRefused) as refused:
            await ann.create()
        assert refused.value.code == codes.ROOM_NOT_STORED
