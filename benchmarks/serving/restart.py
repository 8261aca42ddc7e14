"""How long a server that died with many matches open takes until it serves again, by the real command."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.serving.known import GAME, SEATS, answer
from benchmarks.serving.ours import database_url, ours
from benchmarks.serving.process import ServerProcess
from benchmarks.serving.sockets import Socket, open_sockets

_ACTS: Final = 12
"""So far every match is played: through the first night and into the first day."""
_PATIENCE_S: Final = 120.0


def measure_restart(folder: Path, matches: int) -> dict[str, Any]:
    """Begin ``matches`` in a server, kill it, and start ``arena serve`` on what it left.

    ``folder`` is an empty one. ``restart_s`` is from the start of the process to the first answer of ``/healthz``,
    ``restart_empty_s`` the same with an empty database, ``restart_rooms`` how many rooms were there by then.
    """
    before = folder / "before"
    before.mkdir()
    empty_s, _ = _start(before)
    server = ServerProcess(partial(ours, folder))
    asyncio.run(_begin(server.url, matches))
    server.kill()
    taken_s, rooms = _start(folder)
    return {
        "restart_matches": matches,
        "restart_s": round(taken_s, 2),
        "restart_empty_s": round(empty_s, 2),
        "restart_rooms": rooms,
    }


async def _begin(url: str, matches: int) -> None:
    """The same seven sockets hold a seat in every room, and act until each match has ``_ACTS`` acts."""
    sockets = await open_sockets(url, SEATS)
    rooms: asyncio.Queue[str] = asyncio.Queue()
    acts: Counter[str] = Counter()
    under_way = asyncio.Event()

    def hear(seat: int, mine: Socket, message: bytes) -> None:
        if message.startswith(b'{"type":"room_created"'):
            rooms.put_nowait(json.loads(message)["room"]["room"])
        elif message.startswith(b'{"type":"turn_opened"'):
            turn = json.loads(message)
            room, turn_id = turn["room"], turn["turn_id"]
            if acts[room] < _ACTS:
                acts[room] += 1
                text, choice = answer(turn_id, seat, turn["choices"])
                _say(mine, type="take_turn", room=room, turn_id=turn_id, act_id=f"{turn_id}", text=text, choice=choice)
        elif message.startswith(b'{"type":"act_accepted"'):
            under_way.set()

    for seat, one in enumerate(sockets):
        one.on_message = partial(hear, seat, one)
        _say(one, type="hello", name="player")
    async with asyncio.timeout(_PATIENCE_S):
        for _ in range(matches):
            _say(sockets[0], type="create_room", game=GAME, fills=["open"] * SEATS)
            room = await rooms.get()
            _sit(sockets, room)
        while len(acts) < matches or min(acts.values()) < _ACTS:
            under_way.clear()
            await under_way.wait()


def _sit(sockets: Sequence[Socket], room: str) -> None:
    for seat, one in enumerate(sockets):
        _say(one, type="join_room", room=room, seat=seat)


def _say(one: Socket, **message: Any) -> None:
    one.send(json.dumps(message).encode())


def _start(folder: Path) -> tuple[float, int]:
    """Seconds until it serves, and its rooms then."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "arena.cli.main", "serve", "--port", str(port), "--db", database_url(folder)]
    began = time.perf_counter()
    server = subprocess.Popen([*command, "--model", "none", "--rooms", "0"], stdout=subprocess.DEVNULL)
    try:
        while time.perf_counter() - began < _PATIENCE_S:
            try:
                with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=_PATIENCE_S) as page:
                    return time.perf_counter() - began, json.load(page)["rooms"]
            except URLError:
                time.sleep(0.01)
        raise TimeoutError("the server did not come back")
    finally:
        server.terminate()
        server.wait()
