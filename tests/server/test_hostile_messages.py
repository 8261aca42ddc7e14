"""Mutated messages in process, and hostile connections over sockets. Nothing crashes, nothing refused has an effect.

A failing run names its seed and the message. ``make slow`` sends a million messages and opens ten thousand connections,
``make soak`` ten times as many.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from arena.client.client import connect
from arena.clock import SystemClock
from arena.db.writer import LogWriter
from arena.protocol import codes
from arena.protocol.server_messages import SERVER_MESSAGE, Refused, Welcomed
from arena.rooms.terms import Terms
from arena.server.connection import Connection
from arena.server.counts import Counts
from arena.server.doors import Guarded
from arena.server.limits import Limits
from arena.server.lobby import Lobby
from arena.server.session import serve_connection
from tests.fakes.minds import BlindMinds, FakeMinds, RandomMind
from tests.fakes.mutations import mutated
from tests.fakes.servers import play_to_end, running
from tests.fakes.sockets import UPGRADE, address, frame
from tests.fakes.wire import FakeSocket
from tests.soak import count

LIMITS = Limits(rates={}, malformed_messages=10**9, rooms=12, rooms_per_connection=4)
MESSAGES_A_WORLD = 500
SLOW = {"talk_budget_s": 86_400, "choice_budget_s": 86_400, "first_night_kill": False}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is tested here has nothing to do with storage."""
    return f"sqlite:///{tmp_path / 'arena.db'}"


class World:
    """Seven people in one match that waits for them, and an eighth who has just said hello."""

    def __init__(self, writer: LogWriter, random: Random) -> None:
        clock = SystemClock()
        self.random = random
        self.lobby = Lobby(FakeMinds(RandomMind(silent=True)), writer, clock, Counts(), LIMITS, Terms(), random)
        self.sockets = [FakeSocket() for _ in range(8)]
        self.connections = [Connection(s, LIMITS, clock) for s in self.sockets]  # type: ignore[arg-type]
        welcome = Welcomed(server="test", games=["werewolf"], live_checkpoint=None)
        self.tasks = [asyncio.create_task(c.write()) for c in self.connections]
        self.serving = [asyncio.create_task(serve_connection(c, self.lobby, welcome)) for c in self.connections]
        self.room = ""
        self.acts = 0
        self.tokens: list[str] = []

    async def open(self) -> None:
        for n in range(8):
            await self.say(n, {"type": "hello", "name": f"Person {n}"})
        made = await self.say(0, {"type": "create_room", "fills": ["open"] * 7, "options": SLOW})
        self.room = json.loads(made[0])["room"]["room"]
        for n in range(7):
            joined = await self.say(n, {"type": "join_room", "room": self.room, "seat": n})
            self.tokens.append(json.loads(joined[0])["resume_token"])
        task = self._task()
        for turn in list(task.room.open_turns)[:2]:  # so that some turns are over
            act = {"type": "take_turn", "room": self.room, "turn_id": turn.id, "act_id": f"first {turn.seat}"}
            what = {"choice": turn.choices[0]} if turn.choices else {"text": "Hello."}
            assert b"accepted" in b"".join(await self.say(turn.seat, act | what))
        await self.say(7, {"type": "create_room", "fills": ["open", *["self"] * 6]})
        await self.say(7, {"type": "watch_room", "room": self.room})

    async def close(self) -> None:
        for one in self.sockets:
            one.come(None)
        await asyncio.gather(*self.serving)
        for connection in self.connections:
            connection.close(codes.CLOSE_PROTOCOL_ERROR, "goodbye")
        await asyncio.gather(*self.tasks)
        await self.lobby.stop()

    async def say(self, n: int, message: dict[str, Any] | str | bytes) -> list[bytes]:
        """What person ``n`` is answered, once nothing moves any more."""
        for one in self.sockets:
            one.taken()
        self.sockets[n].come(json.dumps(message) if isinstance(message, dict) else message)
        quiet = 0
        while quiet < 3:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._quiet() else 0
        return self.sockets[n].taken()

    def _quiet(self) -> bool:
        tasks = [room.task for room in self.lobby.rooms.values() if room.task is not None]
        settled = all(room.unsettled == 0 for room in self.lobby.rooms.values())
        return (
            settled
            and all(s.waiting for s in self.sockets)
            and all(t._inbox.empty() and (t._stored is None or t._stored.done()) for t in tasks)
        )

    def valid(self, n: int) -> dict[str, Any]:
        """A message that person ``n`` may well send now."""
        pick = self.random.choice
        rooms = [*self.lobby.rooms, "nope"]
        room = pick((self.room, pick(rooms)))
        kind = pick(
            ("hello", "list", "create", "join", "watch", "leave", "start", "resume", "back", "dead", *["act"] * 6)
        )
        match kind:
            case "hello":
                return {"type": "hello", "protocol": 1, "name": "Ann", "client": "x", "token": None}
            case "list":
                return {"type": "list_rooms"}
            case "create":
                options = {"discussion": "parallel", "seats": 7, "reveal": "role"}
                return {"type": "create_room", "game": "werewolf", "options": options, "fills": None, "seed": 7}
            case "join":
                return {"type": "join_room", "room": pick((None, room)), "seat": pick((None, 3)), "train": True}
            case "watch" | "leave" | "start":
                return {"type": f"{kind}_room", "room": room}
            case "resume":
                return {"type": "resume_seat", "room": room, "token": pick(self.tokens), "since": pick((0, 1, 10**6))}
            case "back":
                return {"type": "take_seat_back", "room": room}
            case "dead":
                self.acts += 1
                return {"type": "talk_among_dead", "room": room, "act_id": f"d{self.acts}", "text": "Boo."}
            case _:
                turns = [] if (task := self._task()) is None else list(task.room.open_turns)
                self.acts += 1
                act = {"type": "take_turn", "room": room, "turn_id": "night1.kill", "act_id": f"a{self.acts}"}
                if turns:
                    turn = pick(turns)
                    over = [turn_id for seat, turn_id in task.room._opened_at if seat == n] or [turn.id]
                    act |= {
                        "turn_id": pick((turn.id, turn.id, pick(over))),
                        "text": "Hello." if turn.text_limit else "",
                    }
                    act["choice"] = pick(turn.choices) if turn.choices else None
                return act

    def _task(self) -> Any:
        room = self.lobby.rooms.get(self.room)
        return None if room is None else room.task

    def state(self) -> Any:
        """All that a refused message must leave as it was."""
        rooms = []
        for room in self.lobby.rooms.values():
            played = None
            if room.task is not None:
                r = room.task.room
                watchers = room.task.watchers.copy()
                played = (len(r.history.events), r.open_turns, tuple(r.seats), r.outcome, watchers)
            assert room.task is None or room.task.people is room.people
            here = (room.people.copy(), room.names.copy(), room.away.copy(), room.maker, room.maker_seat)
            rooms.append((room.id, tuple(room.fills), here, room.train.copy(), room.tokens.copy(), played))
        return rooms, [(c.name, c.seats.copy(), c.watching.copy()) for c in self.connections]


@asynccontextmanager
async def world(writer: LogWriter, seed: str) -> AsyncIterator[World]:
    made = World(writer, Random(seed))
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def test_mutated_messages(writer: LogWriter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    told: dict[str, int] = {}
    for n in range(count(20_000, 10_000_000, slow=1_000_000) // MESSAGES_A_WORLD):
        async with world(writer, f"hostile/{n}") as w:
            known: Any = None
            for step in range(MESSAGES_A_WORLD):
                who = w.random.randrange(8)
                raw = mutated(w.random, w.valid(who), lambda: w.valid(who))  # noqa: B023
                if len(raw) > LIMITS.message_bytes:
                    continue
                before = w.state() if known is None else known
                known = None  # until it is seen that nothing changed
                answers = [SERVER_MESSAGE.validate_json(a) for a in await w.say(who, raw)]
                refused = [a for a in answers if isinstance(a, Refused)]
                where = f"seed hostile/{n}, step {step}, person {who}: {raw!r}"
                for answer in refused:
                    assert answer.code in codes.REFUSALS - {codes.ROOM_FAILED}, where
                    told[answer.code] = told.get(answer.code, 0) + 1
                if refused:
                    assert len(answers) == 1, where
                    assert w.state() == before, where
                    known = before
                assert w.sockets[who].closed is None, where
                assert not w.serving[who].done(), where
    assert not caplog.records, caplog.text
    assert {codes.MALFORMED, codes.STALE_TURN, codes.UNKNOWN_TURN, codes.NOT_SEATED, codes.BAD_ROOM} <= set(told), told


# -- over sockets ----------------------------------------------------------------------------------------------------

Attack = Callable[[str, Random], Awaitable[None]]


async def _talk(url: str, *parts: bytes, upgrade: bool = True, patience_s: float = 0.3) -> None:
    """Send, read for a moment whatever comes, and go."""
    reader, stream = await asyncio.open_connection(*address(url))
    try:
        if upgrade:
            stream.write(UPGRADE)
        for part in parts:
            stream.write(part)
            await stream.drain()
        async with asyncio.timeout(patience_s):
            while await reader.read(65_536):
                pass
    except (TimeoutError, ConnectionError):
        pass
    finally:
        stream.close()


HELLO = frame(b'{"type":"hello","name":"Eve"}')


async def wrong_handshake(url: str, random: Random) -> None:
    lines = [b"GET / HTTP/1.1", b"Host: x", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13",
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Origin: https://evil.example"]  # fmt: skip
    match random.randrange(6):
        case 0:
            lines.pop(random.randrange(len(lines)))
        case 1:
            lines[random.randrange(len(lines))] += b"\x1b[2J\x00"
        case 2:
            lines += [b"X-%d: y" % n for n in range(300)]
        case 3:
            lines.append(b"X: " + b"y" * 70_000)
        case 4:
            lines[0] = random.choice(
                (b"POST / HTTP/1.1", b"GET / HTTP/9.9", b"GET " + b"/a" * 9000 + b" HTTP/1.1", b"")
            )
        case _:
            lines.append(b"Content-Length: " + random.choice((b"-1", b"9" * 50, b"5\r\nTransfer-Encoding: chunked")))
    await _talk(url, b"\r\n".join(lines) + b"\r\n\r\n", upgrade=False)


async def more_than_a_handshake(url: str, random: Random) -> None:
    request = random.choice((UPGRADE, b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", UPGRADE.replace(b"13", b"12")))
    _, stream = await asyncio.open_connection(*address(url))
    stream.write(request + random.choice((b"\xff" * 100, b"\x00" * 3_000, frame(b"x", 3), b"GET")))
    stream.write_eof()
    await asyncio.sleep(0.05)
    stream.close()


async def garbage(url: str, random: Random) -> None:
    await _talk(url, random.randbytes(random.randint(1, 4_000)), upgrade=random.random() < 0.5)


async def half_open(url: str, random: Random) -> None:
    await _talk(url, UPGRADE[: random.randrange(len(UPGRADE))], upgrade=False, patience_s=0.1)


async def slow_handshake(url: str, random: Random) -> None:
    _, stream = await asyncio.open_connection(*address(url))
    try:
        for n in range(0, 60, 3):
            stream.write(UPGRADE[n : n + 3])
            await asyncio.sleep(0.02)
    except ConnectionError:
        pass
    finally:
        stream.close()


async def oversized(url: str, random: Random) -> None:
    await _talk(url, HELLO, frame(b"x" * random.choice((65_537, 200_000))))
    await _talk(url, bytes([0x81, 0xFF]) + (2**62).to_bytes(8, "big") + b"\x00" * 100)


async def unmasked(url: str, random: Random) -> None:
    await _talk(url, HELLO, frame(b'{"type":"list_rooms"}', masked=False))


async def strange_frames(url: str, random: Random) -> None:
    odd = [frame(b"x", opcode) for opcode in (3, 7, 11, 15)]
    odd += [
        frame(b"x" * 126, 9),
        frame(b"", 9, last=False),
        frame(b"\xff\xff", 8),
        frame(b"\x03", 8),
        frame(b"\xff", 1),
    ]
    odd += [frame(b"x", 0), bytes([0xF1]) + frame(b"x")[1:]]
    await _talk(url, HELLO, random.choice(odd), HELLO)


async def fragments(url: str, random: Random) -> None:
    parts = [frame(b"[", 1, last=False), *[frame(b"[" * 100, 0, last=False)] * random.choice((10, 900))]
    await _talk(url, HELLO, b"".join(parts))
    await _talk(url, HELLO, frame(b"", 1, last=False), b"".join([frame(b"", 0, last=False)] * 2_000))


async def pings(url: str, random: Random) -> None:
    await _talk(url, HELLO, b"".join(frame(random.randbytes(100), random.choice((9, 10))) for _ in range(1_000)))


async def reset(url: str, random: Random) -> None:
    _, stream = await asyncio.open_connection(*address(url))
    stream.write(random.choice((b"", UPGRADE[:40], UPGRADE, UPGRADE + HELLO)))
    await asyncio.sleep(random.choice((0, 0.01)))
    sock = stream.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.transport.abort()


async def flood(url: str, random: Random) -> None:
    message = random.choice((b'{"type":"list_rooms"}', b'{"type":"create_room"}', b"nonsense", b"[" * 5_000))
    await _talk(url, HELLO, frame(message) * 200)


ATTACKS: tuple[Attack, ...] = (
    wrong_handshake, more_than_a_handshake, garbage, half_open, slow_handshake, oversized, unmasked, strange_frames,
    fragments, pings, reset,
    flood,
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
async def test_one_hostile_connection(writer: LogWriter, caplog: pytest.LogCaptureFixture, attack: Attack) -> None:
    async with running(writer, limits=Limits(hello_s=0.5)) as server:
        for n in range(3):
            await attack(server.url, Random(n))
        await _gone(server)
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR], caplog.text


async def test_many_hostile_connections(writer: LogWriter, caplog: pytest.LogCaptureFixture) -> None:
    """The server plays on and gives all memory back."""
    caplog.set_level(logging.ERROR)  # what is kept for this test counts as memory too
    random = Random("sockets")
    async with running(writer, BlindMinds(), limits=Limits(hello_s=1.0, linger_s=0.5)) as server:

        async def attacked(times: int) -> None:
            async def one_after_another(n: int) -> None:
                for _ in range(n):
                    await random.choice(ATTACKS)(server.url, random)

            await asyncio.gather(*(one_after_another(times // 20) for _ in range(20)))
            await _gone(server)

        await attacked(100)
        async with connect(server.url, "Ann") as ann:
            await ann.join()
            await play_to_end(ann)
        before = _memory()
        times = count(300, 100_000, slow=10_000)
        async with connect(server.url, "Ann") as ann, asyncio.timeout(60 + times):
            attack = asyncio.create_task(attacked(times))
            while not attack.done():
                joined = await ann.join()
                await play_to_end(ann)
                await ann.leave(joined.room.room)
                await asyncio.sleep(0.5)
        await attack
        async with asyncio.timeout(30):
            while len(server._doors):
                await asyncio.sleep(0.02)
        while server.lobby.rooms:
            server.lobby._remove(next(iter(server.lobby.rooms.values())))
        until = asyncio.get_running_loop().time() + 20
        while _memory() > before * 1.1 or _sockets_alive() > 1:  # nothing but the last one may still be named
            now = f"{_memory()} bytes, {before} before; {_sockets_alive()} sockets"
            assert asyncio.get_running_loop().time() < until, now
            await asyncio.sleep(0.1)
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR], caplog.text


async def _gone(server: Any) -> None:
    """Until only those are connected who speak the protocol, which is one person at most."""
    async with asyncio.timeout(30):
        while len(server._doors) > sum(c.name == "Ann" for c in server._connections):
            await asyncio.sleep(0.02)


def _sockets_alive() -> int:
    return sum(issubclass(type(o), Guarded) for o in gc.get_objects())


def _memory() -> int:
    """Resident bytes of this process; elsewhere than on Linux its peak."""
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
