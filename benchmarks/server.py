"""The server under load, beside the bare ``websockets`` library moving the same messages.

Bots hold every seat of classic Werewolf rooms, seven sockets a room, and answer their turns at a given pace, one match
in every room a round. The server runs in a process of its own with its log in SQLite (synchronous=FULL); its CPU
seconds are counted, not the clients'. Rounds with the bare server (see ``benchmarks.serving.bare``) take turns with
ours; figures are medians over the rounds. A delivery is one event to one person; acknowledgements and turns come on
top, on both sides alike. Where uvloop is installed, the whole run measures both servers on it as well.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.report import arguments, report
from benchmarks.serving.bare import bare, room_name
from benchmarks.serving.known import GAME, SEATS, SEEDS
from benchmarks.serving.ours import ours
from benchmarks.serving.players import Client, Players, Round
from benchmarks.serving.process import ServerProcess
from benchmarks.serving.restart import measure_restart
from benchmarks.serving.sockets import open_sockets


@dataclass(frozen=True, slots=True)
class Size:
    rooms: int = 143
    acts_per_s: float = 1000.0
    rounds: int = 5
    open_matches: int = 1000
    """What the restart takes up again."""
    every_loop: bool = True


QUICK = Size(rooms=20, acts_per_s=250.0, rounds=2, open_matches=50, every_loop=False)


async def measure(size: Size, folders: Sequence[Path]) -> dict[str, Any]:
    """``folders`` are empty, one for each database."""
    sides = {"ours": Side(partial(ours, folders[0])), "bare": Side(bare), "broadcast": Side(partial(bare, True))}
    if size.every_loop and find_spec("uvloop") is not None:
        sides["ours_uvloop"] = Side(partial(ours, folders[1]), uvloop=True)
        sides["bare_uvloop"] = Side(bare, uvloop=True)
    figures: dict[str, Any] = {"connections": size.rooms * SEATS, "rooms": size.rooms}
    try:
        for name, side in sides.items():
            memory = await side.connect(size.rooms, bare_side=not name.startswith("ours"))
            if name == "ours":
                figures |= memory
        for _ in range(size.rounds):
            for side in sides.values():
                side.rounds.append(await side.play(size.rooms, size.acts_per_s))
        unpaced = await sides["ours"].play(size.rooms, 1e6)
    finally:
        for side in sides.values():
            await side.stop()
    figures |= _figures({name: side.rounds for name, side in sides.items()})
    figures["acts_per_s_unpaced"] = round(unpaced.acts_per_s)
    return figures


class Side:
    """One server and its players."""

    def __init__(self, serving: Callable[[], Any], *, uvloop: bool = False) -> None:
        self.rounds: list[Round] = []
        self._server = ServerProcess(serving, uvloop=uvloop)
        self._players: Players

    async def connect(self, rooms: int, *, bare_side: bool) -> dict[str, float]:
        """Open all connections and play once to warm up; what the connections and the rooms took of memory."""
        some = rooms * SEATS // 10
        clients = await _clients(self._server.url, some)
        few = self._server.resident_bytes()
        clients += await _clients(self._server.url, rooms * SEATS - some)
        idle = self._server.resident_bytes()
        self._players = Players(clients, _seat_bare if bare_side else _seat, self._server.cpu_s)
        tables = await self._players.seat(rooms, SEEDS)
        seated = self._server.resident_bytes()
        await self._players.play(tables, 1e6)
        return {
            "kib_per_idle_connection": round((idle - few) / 1024 / (len(clients) - some), 1),
            "kib_per_room": round((seated - idle) / 1024 / rooms, 1),
        }

    async def play(self, rooms: int, acts_per_s: float) -> Round:
        return await self._players.play(await self._players.seat(rooms, SEEDS), acts_per_s)

    async def stop(self) -> None:
        await self._players.close()
        self._server.stop()


async def _clients(url: str, count: int) -> list[Client]:
    clients = [Client(socket) for socket in await open_sockets(url, count)]
    await asyncio.gather(*(c.ask("welcomed", type="hello", name="player") for c in clients))
    return clients


async def _seat(clients: Sequence[Client], _number: int, seed: int) -> tuple[str, Callable[[], None]]:
    made = await clients[0].ask("room_created", type="create_room", game=GAME, fills=["open"] * SEATS, seed=seed)
    room = made["room"]["room"]
    for seat, client in enumerate(clients[:-1]):
        await client.ask("room_joined", type="join_room", room=room, seat=seat)
    return room, partial(clients[-1].say, type="join_room", room=room, seat=SEATS - 1)


async def _seat_bare(clients: Sequence[Client], number: int, seed: int) -> tuple[str, Callable[[], None]]:
    room = room_name(number, seed)

    def begin() -> None:
        for seat, client in enumerate(clients):
            client.say(type="join_room", room=room, seat=seat)

    return room, begin


def _figures(rounds: dict[str, list[Round]]) -> dict[str, Any]:
    def median(side: str, value: Callable[[Round], float]) -> float:
        return statistics.median(map(value, rounds[side]))

    def per_cpu_s(side: str) -> int:
        return round(median(side, lambda r: r.deliveries / r.cpu_s))

    mine = rounds["ours"]
    figures: dict[str, Any] = {
        "deliveries_per_cpu_s": per_cpu_s("ours"),
        "bare_deliveries_per_cpu_s": per_cpu_s("bare"),
        "ratio": _ratio(mine, rounds["bare"]),
        "bare_broadcast_deliveries_per_cpu_s": per_cpu_s("broadcast"),
        "ratio_to_broadcast": _ratio(mine, rounds["broadcast"]),
        "cpu_ms_per_act": round(median("ours", lambda r: r.cpu_s / r.acts * 1000), 3),
        "acts_per_s": round(median("ours", lambda r: r.acts_per_s)),
        "deliveries_per_s": round(median("ours", lambda r: r.deliveries_per_s)),
        "p50_ms": _ms(median("ours", lambda r: _percentile(r.delays_s, 0.50))),
        "p99_ms": _ms(median("ours", lambda r: _percentile(r.delays_s, 0.99))),
        "ack_p50_ms": _ms(median("ours", lambda r: _percentile(r.acks_s, 0.50))),
        "ack_p99_ms": _ms(median("ours", lambda r: _percentile(r.acks_s, 0.99))),
        "bare_p50_ms": _ms(median("bare", lambda r: _percentile(r.delays_s, 0.50))),
        "bare_p99_ms": _ms(median("bare", lambda r: _percentile(r.delays_s, 0.99))),
        "bytes_per_delivery": round(median("ours", lambda r: r.received_bytes / r.deliveries), 1),
        "bare_bytes_per_delivery": round(median("bare", lambda r: r.received_bytes / r.deliveries), 1),
        "deliveries": sum(r.deliveries for r in mine),
        "lost": sum(r.lost for r in mine),
        "doubled": sum(r.doubled for r in mine),
    }
    if "ours_uvloop" in rounds:
        figures["uvloop_deliveries_per_cpu_s"] = per_cpu_s("ours_uvloop")
        figures["uvloop_bare_deliveries_per_cpu_s"] = per_cpu_s("bare_uvloop")
        figures["uvloop_gain"] = _ratio(rounds["ours_uvloop"], mine)
        figures["uvloop_p99_ms"] = _ms(median("ours_uvloop", lambda r: _percentile(r.delays_s, 0.99)))
    return figures


def _ratio(mine: list[Round], theirs: list[Round]) -> float:
    """The median over pairs of neighbouring rounds, so that what else the machine does falls on both."""
    pairs = zip(mine, theirs, strict=True)
    return round(statistics.median((a.deliveries / a.cpu_s) / (b.deliveries / b.cpu_s) for a, b in pairs), 3)


def _percentile(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def main() -> None:
    """The command."""
    wanted = arguments(__doc__)
    size = QUICK if wanted.quick else Size()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        folders = [Path(folder) / name for name in ("asyncio", "uvloop", "restart")]
        for each in folders:
            each.mkdir()
        figures = asyncio.run(measure(size, folders))
        report(figures | measure_restart(folders[-1], size.open_matches), wanted.json)


if __name__ == "__main__":
    main()
