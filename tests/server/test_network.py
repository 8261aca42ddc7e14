"""Matches over bad networks, and readers beside clients that never read."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from arena.client.client import Arena, RequestRefused, connect
from arena.db.repo import broken_links, load_match
from arena.db.writer import LogWriter
from arena.decision import MindKind, TrunkRecord
from arena.errors import ArenaError
from arena.games.core import Act, fold, visible
from arena.games.registry import game_by_name
from arena.games.werewolf.types import Ending
from arena.protocol import codes
from arena.protocol.server_messages import EventHappened, MatchEnded, TurnOpened
from arena.rooms.minds import Answer, Mind, Request
from arena.server.app import ArenaServer
from arena.server.limits import Limits
from benchmarks.serving.sockets import Socket, open_sockets
from tests.fakes.minds import blind_act
from tests.fakes.servers import running, some_answer
from tests.server.proxy import Fault, proxied
from tests.soak import count

# -- games over a bad network ----------------------------------------------------------------------------------------

OPEN_SEATS = (0, 2, 5)
QUICK = {"talk_budget_s": 1, "choice_budget_s": 1}
"""Shorter than a stall of the proxy, so deadlines are missed as well."""
LATE = {codes.STALE_TURN, codes.NOT_SEATED, codes.UNKNOWN_TURN}


@dataclass(slots=True)
class Diary:
    """What the people of one match were told, connection by connection, and what they were promised."""

    streams: list[tuple[int, list[EventHappened]]] = field(default_factory=list)
    accepted: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    sent: Counter[tuple[int, str]] = field(default_factory=Counter)


async def play_one(url: str, bad_url: str, n: int, diary: Diary) -> str:
    """A match with people behind the proxy and a spectator who is not; its id."""
    began = asyncio.Event()
    async with connect(url, "host") as host:
        made = await host.create(options=QUICK, fills=["open" if s in OPEN_SEATS else "random" for s in range(7)])
        await host.watch(made.room)
        people = [
            asyncio.create_task(play_seat(bad_url, made.room, seat, random.Random(f"{n}/{seat}"), diary, began))
            for seat in OPEN_SEATS
        ]
        public: list[EventHappened] = []
        async for message in host:
            if isinstance(message, EventHappened):
                began.set()
                public.append(message)
            if isinstance(message, MatchEnded):
                assert message.reason in list(Ending)
                break
        assert [e.seq for e in public] == list(range(len(public)))
        diary.streams.append((-1, public))
        await asyncio.gather(*people)
        return made.room


async def play_seat(url: str, room: str, seat: int, chance: random.Random, diary: Diary, began: asyncio.Event) -> None:
    """Sit down again until the match begins; from then on play as long as the connection holds."""
    while not began.is_set():
        try:
            async with connect(url, f"p{seat}") as arena:
                await arena.join(room, seat)
                diary.streams.append((seat, stream := []))
                async for message in arena:
                    match message:
                        case EventHappened():
                            stream.append(message)
                        case TurnOpened():
                            await act(arena, seat, message, chance, diary)
                        case MatchEnded():
                            return
                        case _:
                            pass
        except ArenaError:
            await asyncio.sleep(0.01)


async def act(arena: Arena, seat: int, turn: TurnOpened, chance: random.Random, diary: Diary) -> None:
    """Answer once, or twice with one act id."""
    answer = some_answer(turn)
    times = 1 + (chance.random() < 0.3)
    diary.sent[seat, turn.turn_id] += times
    try:
        for _ in range(times):
            await arena.take_turn(turn.room, turn.turn_id, act_id=turn.turn_id, **answer)
    except RequestRefused as refused:
        diary.refused.add(refused.code)
    else:
        diary.accepted.append((seat, turn.turn_id, answer))


async def test_matches_over_a_bad_network_end_by_their_rules(engine: Engine, writer: LogWriter) -> None:
    games, at_once = count(30, 500), 15
    diaries = [Diary() for _ in range(games)]
    free = asyncio.Semaphore(at_once)
    async with running(writer) as server, proxied(server.url, "network") as (bad_url, proxy):

        async def play(n: int) -> str:
            async with free, asyncio.timeout(120):
                return await play_one(server.url, bad_url, n, diaries[n])

        rooms = await asyncio.gather(*(play(n) for n in range(games)))
        async with asyncio.timeout(30):
            while server._connections:
                await asyncio.sleep(0.01)
    for room, diary in zip(rooms, diaries, strict=True):
        check_match(engine, room, diary)
    assert all(proxy.done[fault] for fault in Fault), "the network was not bad enough"
    ended_early = [d for d in diaries if any(len(s) < len(d.streams[-1][1]) for _, s in d.streams)]
    assert len(ended_early) > games // 4, "too few were cut off in mid-match"
    assert sum(len(d.accepted) for d in diaries) > games * 3, "too few acts came through"


def check_match(engine: Engine, room: str, diary: Diary) -> None:
    match = load_match(engine, room)
    game = game_by_name("werewolf")
    assert match.outcome is not None
    assert game.outcome(fold(game, match.events)) == match.outcome
    assert broken_links(engine, room) == []
    for seat, stream in diary.streams:
        expected = visible(match.events, None if seat < 0 else seat)
        assert [e.seq for e in stream] == list(range(len(stream)))
        assert [(e.kind, e.data) for e in stream] == [(e.kind, dict(e.data)) for e in expected[: len(stream)]]
    turns = Counter((d.seat, d.turn_id) for d in match.decisions)
    assert set(turns.values()) == {1}, "each turn is decided once"
    people = {(d.seat, d.turn_id): d.act for d in match.decisions if d.kind is MindKind.PERSON}
    assert set(people) <= set(diary.sent)
    assert diary.refused <= LATE
    for seat, turn_id, answer in diary.accepted:
        stored = people[seat, turn_id]
        assert (stored.text, stored.choice) == (answer.get("text", ""), answer.get("choice"))


# -- readers beside clients that never read --------------------------------------------------------------------------

READERS = count(450, 950)
SILENT = 50
QUEUE_BYTES = count(256 * 1024, 1024 * 1024)
MATCHES = count(1, 3)
"""So many take more than the queue and the system's buffers hold."""
SMALL_BUFFER_BYTES = 4_096
TALKATIVE = {"talk_rounds": 5, "first_night_kill": False, "text_limit": 2000, "max_days": 2}
PACE_S = 0.03


class Talker:
    """Says much by day, at a steady pace; ``said_at[n]`` is when its message number ``n`` was said."""

    def __init__(self) -> None:
        self.said_at: list[float] = []

    async def decide(self, request: Request) -> Answer:
        act = blind_act(request.turn)
        if request.turn.kind == "talk":
            await asyncio.sleep(PACE_S)
            act = Act(f"#{len(self.said_at)} ".ljust(request.turn.text_limit, "狼"))
            self.said_at.append(time.perf_counter())
        return Answer(act, MindKind.SCRIPT, "talker")

    def finish(self, match_id: str) -> TrunkRecord | None:
        return None


class Talkers:
    def __init__(self) -> None:
        self.one = Talker()

    def mind(self, fill: str) -> Mind:
        return self.one


def say(one: Socket, **message: Any) -> None:
    one.send(json.dumps(message).encode())


async def busy_matches(
    server: ArenaServer, talker: Talker, readers: Sequence[Socket], silent: Sequence[Socket]
) -> float:
    """The readers' 99th percentile in seconds, over all messages of some matches that everybody here watches."""
    took: list[float] = []
    over = asyncio.Semaphore(0)

    def hear(message: bytes) -> None:
        if b'"kind":"said"' in message:
            start = message.index(b"#") + 1
            took.append(time.perf_counter() - talker.said_at[int(message[start : message.index(b" ", start)])])
        elif message.startswith(b'{"type":"match_ended"'):
            over.release()

    for one in readers:
        one.on_message = hear
    before = len(talker.said_at)
    async with asyncio.timeout(240), connect(server.url, "Ann") as ann:
        for _ in range(MATCHES):
            made = await ann.create(options=TALKATIVE, fills=["open", *["self"] * 6], seed=7)
            for one in (*silent, *readers):
                say(one, type="watch_room", room=made.room)
            while len(server.lobby.rooms[made.room].watchers) < len(readers):
                await asyncio.sleep(0.01)
            await ann.join(made.room)
            await ann.leave(made.room)
            for _ in readers:
                await over.acquire()
    assert len(took) == len(readers) * (len(talker.said_at) - before), "every reader got every message once"
    return statistics.quantiles(took, n=100)[98]


def buffered_bytes(server: ArenaServer) -> int:
    """The most that the server holds for any one client."""
    return max((c._queued_bytes + c._socket.transport.get_write_buffer_size() for c in server._connections), default=0)


async def silent_socket(url: str) -> tuple[Socket, asyncio.Transport]:
    """A client that takes part but never reads."""
    loop = asyncio.get_running_loop()
    host, port = url.removeprefix("ws://").split(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    raw.setblocking(False)
    await loop.sock_connect(raw, (host, int(port)))
    transport, one = await loop.create_connection(Socket, sock=raw)
    await one.open
    transport.pause_reading()
    say(one, type="hello", name="silent")
    return one, transport


async def test_clients_that_never_read_cost_the_others_little(writer: LogWriter) -> None:
    minds = Talkers()
    limits = Limits(send_queue_bytes=QUEUE_BYTES)
    most = 0
    async with running(writer, minds, limits=limits) as server:
        readers = await open_sockets(server.url, READERS)
        for one in readers:
            say(one, type="hello", name="reader")

        async def look() -> None:
            nonlocal most
            while True:
                most = max(most, buffered_bytes(server))
                await asyncio.sleep(0.005)

        looking = asyncio.create_task(look())
        alone, beside = [], []
        for _ in range(3):
            alone.append(await busy_matches(server, minds.one, readers, []))
            silent = [await silent_socket(server.url) for _ in range(SILENT)]
            beside.append(await busy_matches(server, minds.one, readers, [one for one, _ in silent]))
            async with asyncio.timeout(30):
                while len(server._connections) > READERS + 1:
                    await asyncio.sleep(0.01)
            for _, transport in silent:
                transport.abort()
        looking.cancel()
        assert len(server._connections) >= READERS, "nobody who reads was closed"
        for one in readers:
            one.on_message = lambda _: None
        await asyncio.gather(*(one.close() for one in readers))
    assert QUEUE_BYTES // 2 < most <= QUEUE_BYTES + 128 * 1024
    # The best of each: what else this machine does falls on single rounds, clients that do not read on all of them.
    assert min(beside) <= 2 * min(alone), (alone, beside)
