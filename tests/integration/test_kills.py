"""``kill -9`` at random moments of live matches: nothing acknowledged is lost, nothing is applied twice, all go on."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import socket
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine

from arena.client.client import Arena, Disconnected, RequestRefused, connect
from arena.db.engine import open_database
from arena.db.repo import StoredMatch, broken_links, load_match
from arena.decision import MindKind
from arena.errors import ArenaError
from arena.games.core import fold, visible
from arena.games.registry import game_by_name
from arena.protocol import codes
from arena.protocol.server_messages import EventHappened, MatchEnded, TurnOpened
from tests.fakes.server_process import ServerProcess
from tests.soak import count

MATCHES = 64
SHORT = {"first_night_kill": False, "max_days": 6, "talk_rounds": 2}


@dataclass
class Player:
    """A person in one match after the other, who keeps a record of everything said and heard."""

    url: str
    random: random.Random
    stop: asyncio.Event
    told: dict[str, list[EventHappened]] = field(default_factory=dict)
    seats: dict[str, int] = field(default_factory=dict)
    sent: dict[tuple[str, str], tuple[str, dict[str, str]]] = field(default_factory=dict)
    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    ended: dict[str, MatchEnded] = field(default_factory=dict)
    room: str | None = None
    token: str = ""
    resumed: int = 0
    repeats_refused: int = 0

    async def play(self) -> None:
        while not self.stop.is_set() or self.room is not None:
            try:
                async with asyncio.timeout(120), connect(self.url, "Ann") as arena:
                    await self._sit_down(arena)
                    await self._until_the_end(arena)
            except (Disconnected, ArenaError):
                await asyncio.sleep(self.random.uniform(0.01, 0.1))

    async def _sit_down(self, arena: Arena) -> None:
        if self.room is not None:
            try:
                back = await arena.resume(self.room, self.token, since=len(self.told[self.room]))
            except RequestRefused as refused:
                raise AssertionError(f"{self.room} was lost: {refused.code}") from refused
            assert back.since == len(self.told[self.room]), "a restart takes nothing back"
            self.resumed += 1
            return
        made = await arena.create(options=SHORT)
        joined = await arena.join(made.room)
        assert joined.seat is not None
        self.room, self.token = made.room, joined.resume_token or ""
        self.told[made.room] = []
        self.seats[made.room] = joined.seat

    async def _until_the_end(self, arena: Arena) -> None:
        room = self.room
        assert room is not None
        turns: dict[str, asyncio.Task[None]] = {}
        try:
            async for message in arena:
                match message:
                    case EventHappened():
                        assert message.seq == len(self.told[room])
                        self.told[room].append(message)
                    case TurnOpened():
                        turns[message.turn_id] = asyncio.create_task(self._answer(arena, message))
                    case MatchEnded():
                        self.ended[room] = message
                        self.room = None
                        return
                    case _:
                        pass
        finally:
            for turn in turns.values():
                turn.cancel()
            for ended in await asyncio.gather(*turns.values(), return_exceptions=True):
                if ended is not None and not isinstance(ended, ArenaError | asyncio.CancelledError):
                    raise ended

    async def _answer(self, arena: Arena, turn: TurnOpened) -> None:
        await asyncio.sleep(self.random.uniform(0.0, 0.15))
        key = (turn.room, f"act-{turn.turn_id}")
        if key not in self.sent:
            words = f"I am person {self.random.randrange(10**6)}"
            answer = {"choice": self.random.choice(turn.choices)} if turn.choices else {"text": words}
            self.sent[key] = (turn.turn_id, answer)
        turn_id, answer = self.sent[key]
        for n in range(self.random.randint(1, 5)):
            await arena.take_turn(turn.room, turn_id, act_id=key[1], **answer)
            self.acknowledged.add(key)
            if n == 1:
                with pytest.raises(RequestRefused) as refused:
                    await arena.take_turn(turn.room, turn_id, act_id=key[1], text="something else")
                assert refused.value.code == codes.ACT_ID_REUSED
                self.repeats_refused += 1


def assert_recorded(player: Player, match: StoredMatch) -> None:
    """The log has every act that was acknowledged, none twice, and says what the player was told."""
    seat = player.seats[match.id]
    mine = [d for d in match.decisions if d.seat == seat and d.kind is MindKind.PERSON]
    assert max(Counter((d.seat, d.turn_id) for d in match.decisions).values()) == 1
    decided = {d.turn_id: d for d in mine}
    for (room, act_id), (turn_id, answer) in player.sent.items():
        if room != match.id:
            continue
        if (room, act_id) in player.acknowledged:
            assert turn_id in decided, "an act that was acknowledged is missing"
        if turn_id in decided:
            act = decided[turn_id].act
            assert (act.text, act.choice) == (answer.get("text", ""), answer.get("choice"))
    told = player.told[match.id]
    expected = visible(match.events, seat)[: len(told)]
    assert [(e.kind, e.data) for e in told] == [(e.kind, dict(e.data)) for e in expected]


def state_hash(match: StoredMatch) -> str:
    game = game_by_name(match.summary.game)
    return hashlib.sha256(repr(fold(game, match.events)).encode()).hexdigest()


async def killed_again_and_again(server: ServerProcess, url: str, kills: int) -> list[Player]:
    stop = asyncio.Event()
    players = [Player(url, random.Random(n), stop) for n in range(MATCHES)]
    moments = random.Random(99)
    await asyncio.to_thread(server.start)
    playing = [asyncio.create_task(player.play()) for player in players]

    def heard() -> int:
        return sum(len(told) for player in players for told in player.told.values())

    async with asyncio.timeout(60):
        while not all(player.told for player in players):
            await asyncio.sleep(0.05)
    while server.kills < kills:
        # By what has happened, not by the clock: a slow machine is to be killed in mid-match as well.
        enough = heard() + moments.randrange(2 * MATCHES)
        async with asyncio.timeout(60):
            while heard() < enough:
                await asyncio.sleep(0.01)
        await asyncio.sleep(moments.uniform(0.0, 0.02))
        server.kill()
        await asyncio.to_thread(server.start)
    stop.set()
    async with asyncio.timeout(240):
        await asyncio.gather(*playing)
    return players


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_doubled(database_url: str, record_property: Callable[[str, object], None]) -> None:
    postgres = database_url.startswith("postgresql")
    kills = count(10, 200) if postgres else count(50, 1_000)
    open_database(database_url).dispose()
    port = free_port()
    server = ServerProcess(port, database_url)
    try:
        players = asyncio.run(killed_again_and_again(server, f"ws://127.0.0.1:{port}", kills))
    finally:
        server.close()
    engine = open_database(database_url)
    try:
        checked = assert_all(engine, players)
    finally:
        engine.dispose()
    figures: dict[str, Any] = {
        "kills": server.kills,
        "matches": checked,
        "resumes": sum(p.resumed for p in players),
        "acknowledged": sum(len(p.acknowledged) for p in players),
        "ids_refused": sum(p.repeats_refused for p in players),
    }
    record_property("kills", json.dumps(figures))
    sys.stdout.write(json.dumps(figures) + "\n")
    assert server.kills > kills, "the last one, after the end, counts too"
    assert checked >= MATCHES
    assert figures["resumes"] >= MATCHES
    assert figures["ids_refused"] > 0


def assert_all(engine: Engine, players: list[Player]) -> int:
    checked = 0
    for player in players:
        for room, told in player.told.items():
            if not told and room not in player.ended:
                continue
            match = load_match(engine, room)
            assert match.outcome is not None, "a match did not go on"
            assert_recorded(player, match)
            assert broken_links(engine, room) == []
            game = game_by_name("werewolf")
            assert game.outcome(fold(game, match.events)) == match.outcome
            assert state_hash(match) == state_hash(load_match(engine, room))
            assert player.ended[room].returns == list(match.outcome.returns)
            checked += 1
    return checked
