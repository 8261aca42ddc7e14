"""Non-interference once more, over real sockets: bytes as they arrive, at the table, after coming back, as a spectator,
in refusals, and in the replay of the log."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import pytest
from websockets.asyncio.client import connect as open_socket

from arena.cli.replay import replay
from arena.db.engine import open_database
from arena.db.writer import LogWriter
from arena.games.chance import Chance
from arena.games.core import Event, Turn
from arena.games.registry import game_by_name
from arena.rooms.room import Room
from arena.server import lobby
from arena.server.app import ArenaServer, ServerSettings
from tests.fakes.minds import BlindMinds, blind_act

RULES = {"first_night_kill": False}
"""So that everybody has a turn on the first day."""


class StoppedClock:
    """Always the same moment, so that deadlines do not differ between two runs."""

    def monotonic_s(self) -> float:
        return 1_000.0

    def wall_s(self) -> float:
        return 1_000_000.0


@dataclass
class World:
    """What left the server in one world, byte for byte: ``seat`` at the table (refusals of wrong acts too), ``again``
    on a second connection that resumed in mid-match, ``watching`` for a spectator, ``replay`` from the log."""

    seat: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    watching: list[str] = field(default_factory=list)
    replay: list[str] = field(default_factory=list)


async def listened(url: str, first: dict[str, Any], out: list[str], until: str) -> None:
    """Another connection that says ``first`` and then only listens, up to a message that holds ``until``."""
    async with open_socket(url, compression=None) as socket:
        await socket.send('{"type":"hello","name":"Ann"}')
        await socket.send(json.dumps(first))
        async for raw in socket:
            assert isinstance(raw, str)
            if json.loads(raw)["type"] in ("event_happened", "turn_opened", "refused"):
                out.append(raw)
            if until in raw:
                return


async def heard(opening: Sequence[Event], seat: int, url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Play one match in this seat; acknowledgements wait for the disk, so they are not compared."""
    monkeypatch.setattr(lobby, "Room", partial(Room, opening=opening))
    writer = LogWriter(open_database(url))
    server = ArenaServer(BlindMinds(), writer, ServerSettings(port=0), StoppedClock(), draws=Random(1))
    await server.start()
    world = World()
    out = world.seat
    joined: dict[str, Any] = {}
    watching: asyncio.Task[None] | None = None
    try:
        async with open_socket(server.url, compression=None) as socket:
            await socket.send('{"type":"hello","name":"Ann"}')
            fills = ["open" if s == seat else "self" for s in range(7)]
            await socket.send(json.dumps({"type": "create_room", "options": RULES, "fills": fills, "seed": 5}))
            while True:
                raw = await socket.recv()
                assert isinstance(raw, str)
                message: dict[str, Any] = json.loads(raw)
                match message["type"]:
                    case "room_created":
                        watch = {"type": "watch_room", "room": message["room"]["room"]}
                        watching = asyncio.create_task(listened(server.url, watch, world.watching, '"match_ended"'))
                        await asyncio.sleep(0.05)
                        await socket.send(json.dumps({"type": "join_room", "seat": seat}))
                    case "room_joined":
                        joined = message
                    case "event_happened" | "turn_closed" | "refused":
                        out.append(raw)
                    case "turn_opened":
                        out.append(raw)
                        if not world.again:
                            token = joined["resume_token"]
                            back = {"type": "resume_seat", "room": message["room"], "token": token}
                            await listened(server.url, back, world.again, '"turn_opened"')
                            await socket.send(json.dumps(back))  # and here again, with all of the past once more
                            continue
                        turn = Turn(
                            message["turn_id"],
                            seat,
                            message["kind"],
                            message["question"],
                            tuple(message["choices"]),
                            message["text_limit"],
                        )
                        act = blind_act(turn)
                        answer = {"room": message["room"], "turn_id": turn.id, "act_id": turn.id}
                        wrong = {**answer, "act_id": "w", "text": "x" * 5_000, "choice": "nobody at all"}
                        await socket.send(json.dumps({"type": "take_turn", **wrong}))
                        stale = {**answer, "turn_id": "night9.kill", "act_id": "s", "choice": "Ada"}
                        await socket.send(json.dumps({"type": "take_turn", **stale}))
                        await socket.send(
                            json.dumps({"type": "take_turn", **answer, "text": act.text, "choice": act.choice})
                        )
                    case "match_ended":
                        break
                    case _:
                        pass
            assert watching is not None
            await watching
        engine = open_database(url)
        shown = io.StringIO()
        with redirect_stdout(shown):
            replay(joined["room"]["room"], seat=str(seat), db=url)
        engine.dispose()
        world.replay = shown.getvalue().splitlines()
        return world
    finally:
        await server.stop()
        writer.close()


@pytest.mark.parametrize("seed", [2, 3, 5])
async def test_bytes_on_the_wire_do_not_tell_two_worlds_apart(
    seed: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = game_by_name("werewolf")
    dealt = game.opening(game.options(RULES), Chance(seed))
    roles = dealt[1].data["roles"]
    wolf, seer = roles.index("werewolf"), roles.index("seer")
    villagers = [s for s, role in enumerate(roles) if role == "villager"]
    seat, other = villagers[0], villagers[1]
    total = resumes = refusals = 0
    for pair in ((wolf, seer), (wolf, other), (seer, other)):
        swapped = game.swap_hidden(dealt, *pair)
        assert swapped is not None
        worlds = [
            await heard(opening, seat, str(tmp_path / f"{pair[0]}{pair[1]}{n}.db"), monkeypatch)
            for n, opening in enumerate((dealt, swapped))
        ]
        a, b = worlds
        n = parted(a.seat, b.seat)
        total += n
        first = [json.loads(w.seat[n]) for w in worlds if n < len(w.seat)]
        assert all(m["type"] == "event_happened" and m["public"] for m in first), first
        assert len({m["seq"] for m in first}) <= 1
        assert all(
            m["data"].get("seat") in pair or m["kind"] in ("killed", "nobody_died", "ended", "night", "votes")
            for m in first
        ), first
        alike = lines_of(a.seat[:n])
        assert a.replay[: len(alike)] == b.replay[: len(alike)] == alike, "the replay shows what was told, as it was"
        public = [json.loads(raw)["kind"] for raw in a.seat[:n] if '"public":true' in raw]
        assert parted(a.watching, b.watching) >= len(dict.fromkeys(public)), "a spectator is told no more"
        assert all(json.loads(raw)["public"] for w in worlds for raw in w.watching)
        assert parted(a.again, b.again) >= min(n, len(a.again), len(b.again)), "nor is whoever comes back"
        refusals += sum('"refused"' in raw for raw in a.seat[:n])
        for world in worlds:
            told = "".join((*world.seat, *world.again, *world.watching, *world.replay))
            assert "It is night" not in told, "what werewolves tell each other stays among them"
            resumes += bool(world.again)
    assert total > 20
    assert resumes > 0
    assert refusals > 0


def parted(a: Sequence[str], b: Sequence[str]) -> int:
    """How many messages two worlds have in common before the first that differs."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def lines_of(heard: Sequence[str]) -> list[str]:
    """The lines of the events, each event once."""
    events = {m["seq"]: m["line"] for m in map(json.loads, heard) if m["type"] == "event_happened"}
    return [line for _, line in sorted(events.items()) if line]
