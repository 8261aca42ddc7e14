"""The client side of the wire: connect, ask, answer turns, and iterate over what happens.

    async with connect("ws://127.0.0.1:8765", "Zoë") as arena:
        joined = await arena.join()
        async for message in arena:
            match message:
                case TurnOpened() as turn:
                    await arena.take_turn(turn.room, turn.turn_id, text="Good morning.")
                case MatchEnded():
                    break

Replies to a call are given back by the call; everything else comes out of the iteration, in order. One task
may iterate while others call. Used by the terminal and by remote bots.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from arena.client.trace import Trace
from arena.errors import ArenaError, UserError
from arena.keepalive import PING_INTERVAL_S, PING_TIMEOUT_S, watch_peer
from arena.protocol.client_messages import (
    PROTOCOL_VERSION,
    ClientMessage,
    CreateRoom,
    Hello,
    JoinRoom,
    LeaveRoom,
    ListLadder,
    ListMatches,
    ListRooms,
    ListRuns,
    PromoteCheckpoint,
    RateMatch,
    ReadRecording,
    ResumeSeat,
    StartRoom,
    TakeSeatBack,
    TakeTurn,
    TalkAmongDead,
    WatchRoom,
)
from arena.protocol.match_rows import MatchPlace
from arena.protocol.recording import Recording, RecordingPortion, joined
from arena.protocol.server_messages import (
    SERVER_MESSAGE,
    ActAccepted,
    AnyServerMessage,
    CheckpointPromoted,
    LadderListed,
    MatchesListed,
    MatchRated,
    RecordingBegun,
    RecordingWentOn,
    Refused,
    RoomCreated,
    RoomInfo,
    RoomJoined,
    RoomsListed,
    RunsListed,
    Welcomed,
)

REPLY_TIMEOUT_S: Final = 30.0
"""Silence of the server after which a request has failed."""
MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""A list of many rooms is the largest thing that a server says; recordings come in portions."""
MAX_PORTIONS: Final = 4_096


class RequestRefused(ArenaError):
    """The server refused a request; nothing changed. ``code`` is one of ``arena.protocol.codes``."""


class Disconnected(ArenaError):
    """The connection is gone. ``close_code`` is the server's (``arena.protocol.codes``), None without a farewell."""

    code = "connection/closed"

    def __init__(self, message: str, close_code: int | None = None) -> None:
        super().__init__(message)
        self.close_code = close_code


class Arena:
    """One open connection. Made by ``connect``."""

    def __init__(self, socket: ClientConnection, url: str, trace: Trace | None = None) -> None:
        self.url = url
        self.trace = trace or Trace()
        self.welcome: Welcomed
        self._socket = socket
        self._messages: deque[AnyServerMessage] = deque()
        self._arrived = asyncio.Event()
        self._asking = asyncio.Lock()
        self._reply: tuple[type, asyncio.Future[Any]] | None = None
        self._acts: dict[str, asyncio.Future[ActAccepted]] = {}
        self._begun: tuple[RecordingBegun, list[RecordingPortion]] | None = None
        self._gone: Disconnected | None = None
        self._leaving = False
        self._heard = 0
        self._reader = asyncio.create_task(self._read(), name="arena-client")

    # -- requests ------------------------------------------------------------------------------------------------

    async def rooms(self) -> list[RoomInfo]:
        """
        Raises:
            Disconnected: as every call here.
        """
        return (await self._ask(ListRooms(), RoomsListed)).rooms

    async def ladder(self, game: str | None = None) -> LadderListed:
        """The ladder, of one game or of all.

        Raises:
            RequestRefused: there is no such game, or it cannot be read.
        """
        return await self._ask(ListLadder(game=game), LadderListed)

    async def runs(self, run: str | None = None) -> RunsListed:
        """The training runs that the server sees, and more of ``run`` (or of the newest one).

        Raises:
            RequestRefused: the server does not show them, or they cannot be read.
        """
        return await self._ask(ListRuns(run=run), RunsListed)

    async def promote(self, checkpoint: str) -> CheckpointPromoted:
        """Make a checkpoint live, by its whole id.

        Raises:
            RequestRefused: this client did not come with the operator's token, or the checkpoint cannot be used.
        """
        return await self._ask(PromoteCheckpoint(checkpoint=checkpoint), CheckpointPromoted)

    async def create(
        self,
        game: str = "werewolf",
        options: Mapping[str, Any] | None = None,
        fills: Sequence[str] | None = None,
        seed: int | None = None,
        **terms: Any,
    ) -> RoomInfo:
        """Open a room; take one of its open seats with ``join(room.room)``. ``terms`` are the other fields of
        ``CreateRoom``: ``private``, ``blind``, ``dead_talk``, ``show_all_after_s``, ``grace_s``, ``missed_turns``,
        ``night_s``.

        Raises:
            RequestRefused: an option or a filling that the server does not take, or too many rooms.
        """
        message = CreateRoom(
            game=game, options=dict(options or {}), fills=None if fills is None else list(fills), seed=seed, **terms
        )
        return (await self._ask(message, RoomCreated)).room

    async def join(
        self,
        room: str | None = None,
        seat: int | None = None,
        *,
        game: str = "werewolf",
        train: bool = False,
        blind: bool = False,
    ) -> RoomJoined:
        """Take an open seat: in the room of this id or code, or in one that waits, or in a new one.

        Args:
            train: let the match be used for training.
            blind: agree to play where nobody is told who is a person.

        Raises:
            RequestRefused: no such room, or no such seat is open, or the room is blind and that was not agreed to.
        """
        return await self._ask(JoinRoom(room=room, seat=seat, game=game, train=train, blind=blind), RoomJoined)

    async def resume(self, room: str, token: str, since: int = 0) -> RoomJoined:
        """Come back to a seat with its ``resume_token``; the events from number ``since`` on follow.

        The answer's ``since`` may be lower: then the stream begins anew there.

        Raises:
            RequestRefused: no such room, or the token is not that of a seat there.
        """
        return await self._ask(ResumeSeat(room=room, token=token, since=since), RoomJoined)

    async def take_seat_back(self, room: str) -> None:
        """Play again where a stand-in took over. ``SeatChanged`` and open turns follow; there is no other reply."""
        await self._send(TakeSeatBack(room=room))

    async def begin(self, room: str) -> None:
        """Begin the match of a room that this client opened; minds take the seats that are still open."""
        await self._send(StartRoom(room=room))

    async def watch(self, room: str, *, everything: bool = False) -> RoomJoined:
        """Follow a room's public events; those so far come first. ``everything`` asks for the secret ones too.

        Raises:
            RequestRefused: no such room, or it does not show everything (yet).
        """
        return await self._ask(WatchRoom(room=room, everything=everything), RoomJoined)

    async def matches(
        self, before: MatchPlace | None = None, secrets: Mapping[str, str] | None = None
    ) -> MatchesListed:
        """Matches that are over, the last ended first, from below the place ``before`` on. ``secrets`` are those of
        seats, by room, for private rooms that another connection was in.

        Raises:
            RequestRefused: they cannot be read.
        """
        return await self._ask(ListMatches(before=before, secrets=dict(secrets or {})), MatchesListed)

    async def recording(self, room: str, token: str | None = None) -> Recording:
        """A match that is over, with all its secrets. ``token`` is that of a seat, for a private room that another
        connection was in.

        Raises:
            RequestRefused: the match is not over, or there is none that this client may read.
        """
        return await self._ask(ReadRecording(room=room, token=token), Recording)

    async def take_turn(
        self, room: str, turn_id: str, *, text: str = "", choice: str | None = None, act_id: str | None = None
    ) -> ActAccepted:
        """Answer a turn and wait until the answer counts for good. Give the same ``act_id`` to send one act again.

        Raises:
            RequestRefused: the act is illegal, or the turn is over.
        """
        act_id = act_id or secrets.token_hex(8)
        return await self._act(TakeTurn(room=room, turn_id=turn_id, act_id=act_id, text=text, choice=choice))

    async def talk_among_dead(self, room: str, text: str, *, act_id: str | None = None) -> ActAccepted:
        """Say something to the others who are out of the game.

        Raises:
            RequestRefused: the room does not allow it, or this client's seat is not out.
        """
        return await self._act(TalkAmongDead(room=room, text=text, act_id=act_id or secrets.token_hex(8)))

    async def _act(self, message: TakeTurn | TalkAmongDead) -> ActAccepted:
        act_id = message.act_id
        accepted: asyncio.Future[ActAccepted] = self._acts.get(act_id) or asyncio.get_running_loop().create_future()
        self._acts[act_id] = accepted
        try:
            await self._send(message)
            return await asyncio.shield(accepted)
        finally:
            self._acts.pop(act_id, None)

    async def rate(self, room: str, stars: int, token: str | None = None) -> MatchRated:
        """Say how good a match was that this client's person played to the end, 1 to 5 stars; until ``leave``, or at
        any time with the seat's ``token``.

        Raises:
            RequestRefused: no seat there, the match is not over, or it cannot be stored.
        """
        return await self._ask(RateMatch(room=room, stars=stars, token=token), MatchRated)

    async def leave(self, room: str) -> None:
        """Give the seat up, or stop watching. There is no reply."""
        await self._send(LeaveRoom(room=room))

    async def round_trip_s(self) -> float:
        """How long a message to the server and back takes now, in seconds.

        Raises:
            Disconnected: the connection is gone, or was lost meanwhile.
        """
        try:
            return await (await self._socket.ping())
        except ConnectionClosed:
            raise self._gone or Disconnected("The connection is closed.") from None

    async def close(self) -> None:
        self._leaving = True
        await self._socket.close()
        await self._reader

    # -- what happens --------------------------------------------------------------------------------------------

    def __aiter__(self) -> AsyncIterator[AnyServerMessage]:
        return self

    async def __anext__(self) -> AnyServerMessage:
        """
        Raises:
            Disconnected: the connection was lost or closed by the server (after the last message).
        """
        while not self._messages:
            if self._gone is not None:
                if self._leaving:
                    raise StopAsyncIteration
                raise self._gone
            self._arrived.clear()
            await self._arrived.wait()
        return self._messages.popleft()

    # -- inside --------------------------------------------------------------------------------------------------

    async def _send(self, message: ClientMessage) -> None:
        if self._gone is not None:
            raise self._gone
        self.trace.note("sent", message)
        try:
            await self._socket.send(message.model_dump_json())
        except ConnectionClosed:
            await self._reader
            raise self._gone or Disconnected("The connection is closed.") from None

    async def _ask(self, message: ClientMessage, kind: type[Any]) -> Any:
        async with self._asking:
            reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._reply = (kind, reply)
            try:
                await self._send(message)
                heard = -1
                while heard != self._heard:  # a long past on a slow line comes before the answer
                    heard = self._heard
                    await asyncio.wait([reply], timeout=REPLY_TIMEOUT_S)
                    if reply.done():
                        return reply.result()
                raise ArenaError(f"The server at {self.url} does not answer.", code="connection/silent")
            finally:
                self._reply = None
                reply.cancel()

    async def _read(self) -> None:
        try:
            async for raw in self._socket:
                self._heard += 1
                try:
                    message = SERVER_MESSAGE.validate_json(raw)
                except ValidationError:
                    continue  # a newer server may say things that this client does not know
                self.trace.note("heard", message)
                if not self._is_reply(message):
                    self._messages.append(message)
                    self._arrived.set()
        except ConnectionClosed:
            pass
        finally:
            self._end()

    def _is_reply(self, message: AnyServerMessage) -> bool:
        match message:
            case ActAccepted() if (act := self._acts.get(message.act_id)) is not None:
                if not act.done():
                    act.set_result(message)
                return True
            case Refused() if message.act_id is not None and (act := self._acts.get(message.act_id)) is not None:
                if not act.done():
                    act.set_exception(RequestRefused(message.message, code=message.code))
                return True
            case Refused() if message.act_id is None and self._reply is not None and not self._reply[1].done():
                self._reply[1].set_exception(RequestRefused(message.message, code=message.code))
                return True
            case RecordingBegun() | RecordingWentOn():
                self._read_on(message)
                return True
            case _ if self._reply is not None and isinstance(message, self._reply[0]) and not self._reply[1].done():
                self._reply[1].set_result(message)
                return True
            case _:
                return False

    def _read_on(self, message: RecordingBegun | RecordingWentOn) -> None:
        """Collect a recording, and give it as the reply when its last portion is here."""
        if isinstance(message, RecordingBegun):
            self._begun = (message, []) if 0 <= message.portions <= MAX_PORTIONS else None
        elif self._begun is not None and self._begun[0].room == message.room:
            self._begun[1].append(message.portion)
        if self._begun is None or len(self._begun[1]) < self._begun[0].portions:
            return
        begun, portions = self._begun
        self._begun = None
        if self._reply is not None and self._reply[0] is Recording and not self._reply[1].done():
            self._reply[1].set_result(joined(begun.head, portions))

    def _end(self) -> None:
        close_code, reason = self._socket.close_code, self._socket.close_reason
        why = f" ({reason})" if reason else ""
        self._gone = Disconnected(f"The connection to {self.url} is closed{why}.", close_code)
        waiting = [*self._acts.values(), *([self._reply[1]] if self._reply else [])]
        for future in waiting:
            if not future.done():
                future.set_exception(self._gone)
                future.exception()  # whoever asked may have gone already, and then nobody looks
        self._arrived.set()


def trusting(ca: Path) -> ssl.SSLContext:
    """What ``connect`` needs for a server whose certificate was signed by ``ca``, a PEM file.

    Raises:
        UserError: there is no such file, or no certificate in it.
    """
    try:
        return ssl.create_default_context(cafile=ca)
    except FileNotFoundError as error:
        raise UserError(f"There is no certificate at {ca}.") from error
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise UserError(f"{ca} cannot be used as a certificate: {getattr(error, 'reason', None) or error}.") from error


@asynccontextmanager
async def connect(
    url: str,
    name: str,
    *,
    client: str = "",
    token: str | None = None,
    trace: Trace | None = None,
    operator_token: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Arena]:
    """An open connection under this handle.

    Args:
        trace: goes on with this one instead of a new one.
        token: the server's access token, where it asks for one.
        operator_token: that of whoever runs the server.
        tls: for ``wss://`` servers whose certificate this machine does not know of itself; see ``trusting``.

    Raises:
        ArenaError: no server answers there, or it refused the handle, the token or the protocol.
    """
    try:
        socket = await open_socket(
            url,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            proxy=None,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            ssl=(tls or True) if url.startswith("wss://") else None,
        )
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message or error.reason
        raise ArenaError(f"The certificate of {url} is not trusted: {why}.", code="connection/untrusted") from error
    except (InvalidURI, ValueError) as error:
        raise ArenaError(f"{url!r} is no address of a server. It looks like ws://127.0.0.1:8765.") from error
    except (OSError, TimeoutError) as error:
        raise ArenaError(
            f"No server answers at {url}. Start one with: arena serve", code="connection/refused"
        ) from error
    except InvalidStatus as error:
        if error.response.status_code not in (429, 503):
            raise ArenaError(f"What answers at {url} is no arena server ({error}).") from error
        raise ArenaError(
            f"The server at {url} takes no more connections now; try again later.", code="connection/too_many"
        ) from error
    except InvalidHandshake as error:
        raise ArenaError(f"What answers at {url} is no arena server ({error}).") from error
    watch_peer(socket.transport)
    arena = Arena(socket, url, trace)
    try:
        hello = Hello(protocol=PROTOCOL_VERSION, name=name, client=client, token=token, operator_token=operator_token)
        arena.welcome = await arena._ask(hello, Welcomed)
        yield arena
    finally:
        with suppress(Disconnected):
            await arena.close()
