"""The server: one port, its lobby, its self-play. It is handed everything that it needs and starts no model itself."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.typing import Origin

from arena.clock import Clock, SystemClock
from arena.db.writer import LogWriter
from arena.errors import UserError
from arena.games.registry import GAMES
from arena.journal import LogRow
from arena.protocol import codes
from arena.protocol.server_messages import Welcomed
from arena.rooms.minds import MindSource
from arena.rooms.terms import Terms
from arena.server.connection import Connection
from arena.server.counts import Counts, Status
from arena.server.http import pages
from arena.server.limits import Limits
from arena.server.lobby import Lobby
from arena.server.selfplay import SelfPlay
from arena.server.session import serve_connection

DEFAULT_PORT: Final = 8765
_SWEEP_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """``default_fill`` plays every seat that nobody asked anything else for, and stands in for people who are away.
    ``terms`` are those of rooms whose makers ask for nothing else.

    ``origins`` are the web pages whose scripts may connect; programs send no origin and always may.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    default_fill: str = "self"
    selfplay_rooms: int = 0
    selfplay_per_minute: float = 0.0
    selfplay_game: str = "werewolf"
    selfplay_options: Mapping[str, Any] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    terms: Terms = field(default_factory=Terms)


class ArenaServer:
    def __init__(
        self,
        minds: MindSource,
        writer: LogWriter,
        settings: ServerSettings | None = None,
        clock: Clock | None = None,
        live_checkpoint: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.settings = settings or ServerSettings()
        self._clock = clock or SystemClock()
        self._live_checkpoint = live_checkpoint
        self._counts = Counts()
        s = self.settings
        terms = replace(s.terms, stand_in=s.default_fill)
        self.lobby = Lobby(minds, writer, self._clock, self._counts, s.limits, terms)
        self._selfplay = SelfPlay(
            self.lobby, s.selfplay_rooms, s.selfplay_game, s.selfplay_options, s.default_fill, s.selfplay_per_minute
        )
        self._connections: set[Connection] = set()
        self._server: Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        assert self._server is not None, "the server has not started"
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"

    @property
    def status(self) -> Status:
        return Status(
            rooms=len(self.lobby.rooms),
            people=len(self._connections),
            games_finished=self._counts.games_finished,
            decisions=self._counts.decisions,
            decisions_per_s=self._counts.per_s(self._clock.monotonic_s()),
            live_checkpoint=self._live_checkpoint(),
        )

    async def start(self, open_matches: Iterable[Sequence[LogRow]] = ()) -> None:
        """Go on with the matches that an earlier server left open, then listen.

        Raises:
            UserError: the port is taken, or this machine has no such address.
        """
        s = self.settings
        for rows in open_matches:
            self.lobby.restore(rows)
        try:
            self._server = await serve(
                self._serve,
                s.host,
                s.port,
                compression=None,  # costs memory for every connection, and its lengths leak what was said
                max_size=s.limits.message_bytes,
                max_queue=8,
                ping_interval=20,
                ping_timeout=120,  # a bot that thinks hard answers late
                close_timeout=2,
                origins=[None, *(Origin(o) for o in s.origins)],
                process_request=pages(self.health),
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise UserError(
                    f"Port {s.port} is in use already. Choose another one with --port, or stop what runs there."
                ) from error
            raise UserError(f"Cannot listen on {s.host}:{s.port}: {error.strerror or error}.") from error
        for listening in self._server.sockets:  # the sockets of connections inherit it
            listening.setsockopt(SOL_SOCKET, SO_SNDBUF, s.limits.system_buffer_bytes)
        self._sweeper = asyncio.create_task(self._sweep())
        self._selfplay.start()

    async def drain(self, seconds: float) -> None:
        """No new rooms from now on; done when every match is over or the time has passed. ``stop`` follows."""
        self.lobby.locked = True
        await self._selfplay.stop()
        await self.lobby.drain(seconds)

    async def stop(self) -> None:
        """No new rooms, running matches parked, people told, sockets closed: in this order. Parked matches go on when
        a server is started on the same log."""
        self.lobby.locked = True
        await self._selfplay.stop()
        await self.lobby.stop()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self._connections):
            connection.close(codes.CLOSE_SERVER_STOPPING, "the server is stopping")
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def health(self) -> dict[str, Any]:
        status = self.status
        return {
            "status": "stopping" if self.lobby.locked else "ok",
            "live_checkpoint": status.live_checkpoint,
            "rooms": status.rooms,
            "games_finished": status.games_finished,
            "decisions": status.decisions,
        }

    async def _serve(self, socket: ServerConnection) -> None:
        connection = Connection(socket, self.settings.limits, self._clock)
        self._connections.add(connection)
        writing = asyncio.create_task(connection.write())
        welcome = Welcomed(server=_version(), games=sorted(GAMES), live_checkpoint=self._live_checkpoint())
        try:
            await serve_connection(connection, self.lobby, welcome)
        finally:
            self._connections.discard(connection)
            connection.close(codes.CLOSE_PROTOCOL_ERROR, "goodbye")
            await writing

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            self.lobby.sweep()


def _version() -> str:
    try:
        return f"social-arena {version('social-arena')}"
    except PackageNotFoundError:
        return "social-arena"
