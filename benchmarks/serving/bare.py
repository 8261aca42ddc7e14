"""What the same traffic costs with the ``websockets`` library alone.

For each act it checks the message with the same pydantic union, looks up what a known match sends then, encodes each
event's body once and splices every seat's number into it, encodes the other messages with pydantic, and sends each of
them to its socket from the handler that received the act: ``await socket.send(...)``, or (``broadcast``) the library's
``broadcast`` to one socket, its cheapest way, which waits for nobody. No rules, no rooms, no log, no queue, no
limits; acts are acknowledged at once.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosedError

from arena.games.core import Turn
from arena.protocol.client_messages import CLIENT_MESSAGE, Hello, JoinRoom, TakeTurn
from arena.protocol.server_messages import ActAccepted, MatchEnded, ServerMessage, TurnClosed, TurnOpened, Welcomed
from benchmarks.serving.known import GAME, SEATS, SEEDS, Step, Told, known_match

_Sending = tuple[int, bytes]
"""A seat, and what it is sent."""


def room_name(room: int, seed: int) -> str:
    """As long as the real ones."""
    return f"{room:08x}{seed:04x}"


@asynccontextmanager
async def bare(library_broadcast: bool = False) -> AsyncIterator[str]:
    for seed in range(SEEDS):
        known_match(seed)
    rooms: dict[str, dict[int, ServerConnection]] = {}

    async def send_all(room: dict[int, ServerConnection], sendings: list[_Sending]) -> None:
        if library_broadcast:
            for seat, message in sendings:
                broadcast((room[seat],), message, text=True)
        else:
            for seat, message in sendings:
                await room[seat].send(message, text=True)

    async def handle(socket: ServerConnection) -> None:
        with suppress(ConnectionClosedError):  # whoever breaks off
            await hear(socket)

    async def hear(socket: ServerConnection) -> None:
        seats: dict[str, int] = {}
        async for raw in socket:
            match CLIENT_MESSAGE.validate_json(raw):
                case Hello():
                    welcome = Welcomed(server="bare", games=[GAME], live_checkpoint=None)
                    await socket.send(_encoded(welcome), text=True)
                case JoinRoom(room=str(room), seat=int(seat)):
                    seats[room] = seat
                    sitting = rooms.setdefault(room, {})
                    sitting[seat] = socket
                    if len(sitting) == SEATS:
                        await send_all(sitting, _sendings(room, known_match(int(room[-4:], 16)).opening))
                case TakeTurn() as act:
                    seat = seats[act.room]
                    step = known_match(int(act.room[-4:], 16)).steps[seat, act.turn_id]
                    accepted = ActAccepted(room=act.room, turn_id=act.turn_id, act_id=act.act_id)
                    closed = TurnClosed(room=act.room, turn_id=act.turn_id, reason="acted")
                    answers = [(seat, _encoded(accepted)), *_sendings(act.room, step), (seat, _encoded(closed))]
                    await send_all(rooms[act.room], answers)
                case other:
                    raise AssertionError(f"nobody says {other.type} here")

    async with serve(
        handle, "127.0.0.1", 0, compression=None, max_size=65_536, max_queue=8, ping_interval=20, ping_timeout=120
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


def _sendings(room: str, step: Step) -> list[_Sending]:
    sendings = [s for told in step.told for s in _event_messages(room, told)]
    sendings += [(turn.seat, _encoded(_turn_opened(room, turn))) for turn in step.opened]
    if step.over:
        ended = MatchEnded(room=room, winner="village", reason="wolves_dead", sides=["village"] * 7, returns=[1.0] * 7)
        message = _encoded(ended)
        sendings += [(seat, message) for seat in range(SEATS)]
    return sendings


def _event_messages(room: str, told: Told) -> list[_Sending]:
    event = told.event
    shown = {"kind": event.kind, "data": dict(event.data), "public": event.audience.is_public, "line": told.line}
    body = json.dumps(shown, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()[1:]
    name = room.encode()
    return [(seat, b'{"type":"event_happened","room":"%s","seq":%d,%s' % (name, seq, body)) for seat, seq in told.to]


def _turn_opened(room: str, turn: Turn) -> TurnOpened:
    return TurnOpened(
        room=room,
        turn_id=turn.id,
        kind=turn.kind,
        question=turn.question,
        choices=list(turn.choices),
        text_limit=turn.text_limit,
        may_pass=turn.may_pass,
        deadline_s=1_700_000_000.123456 + turn.budget_s,
        remaining_s=turn.budget_s,
    )


def _encoded(message: ServerMessage) -> bytes:
    return message.model_dump_json().encode()
