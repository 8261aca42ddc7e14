"""Non-interference once more, over a real socket: bytes as they arrive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any

import pytest
from websockets.asyncio.client import connect as open_socket

from arena.db.engine import open_database
from arena.db.writer import LogWriter
from arena.games.chance import Chance
from arena.games.core import Event, Turn
from arena.games.registry import game_by_name
from arena.rooms.room import Room
from arena.server import lobby
from arena.server.app import ArenaServer, ServerSettings
from tests.fakes.minds import BlindMinds, blind_act


class StoppedClock:
    """Always the same moment, so that deadlines do not differ between two runs."""

    def monotonic_s(self) -> float:
        return 1_000.0

    def wall_s(self) -> float:
        return 1_000_000.0


async def heard(opening: Sequence[Event], seat: int, url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every event and turn that arrives at this seat, byte for byte; acknowledgements wait for the disk."""
    monkeypatch.setattr(lobby, "Room", partial(Room, opening=opening))
    writer = LogWriter(open_database(url))
    server = ArenaServer(BlindMinds(), writer, ServerSettings(port=0), StoppedClock(), draws=Random(1))
    await server.start()
    out: list[str] = []
    try:
        async with open_socket(server.url, compression=None) as socket:
            await socket.send('{"type":"hello","name":"Ann"}')
            fills = ["open" if s == seat else "self" for s in range(7)]
            await socket.send(json.dumps({"type": "create_room", "fills": fills, "seed": 5}))
            await socket.send(json.dumps({"type": "join_room", "seat": seat}))
            while True:
                raw = await socket.recv()
                assert isinstance(raw, str)
                message: dict[str, Any] = json.loads(raw)
                match message["type"]:
                    case "event_happened" | "turn_closed":
                        out.append(raw)
                    case "turn_opened":
                        out.append(raw)
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
                        await socket.send(
                            json.dumps({"type": "take_turn", **answer, "text": act.text, "choice": act.choice})
                        )
                    case "refused":
                        raise AssertionError(raw)
                    case "match_ended":
                        return out
    finally:
        await server.stop()
        writer.close()


@pytest.mark.parametrize("seed", [2, 3, 5])
async def test_bytes_on_the_wire_do_not_tell_two_worlds_apart(
    seed: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = game_by_name("werewolf")
    dealt = game.opening(game.options({}), Chance(seed))
    roles = dealt[1].data["roles"]
    wolf, seer = roles.index("werewolf"), roles.index("seer")
    villagers = [s for s, role in enumerate(roles) if role == "villager"]
    seat, other = villagers[0], villagers[1]
    total = 0
    for pair in ((wolf, seer), (wolf, other), (seer, other)):
        swapped = game.swap_hidden(dealt, *pair)
        assert swapped is not None
        worlds = [
            await heard(opening, seat, str(tmp_path / f"{pair[0]}{pair[1]}{n}.db"), monkeypatch)
            for n, opening in enumerate((dealt, swapped))
        ]
        n = next((i for i, (a, b) in enumerate(zip(*worlds, strict=False)) if a != b), min(map(len, worlds)))
        total += n
        first = [json.loads(w[n]) for w in worlds if n < len(w)]
        assert all(m["type"] == "event_happened" and m["public"] for m in first), first
        assert len({m["seq"] for m in first}) <= 1
        assert all(
            m["data"].get("seat") in pair or m["kind"] in ("killed", "nobody_died", "ended", "night", "votes")
            for m in first
        ), first
    assert total > 20
