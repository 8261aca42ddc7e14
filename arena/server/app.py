"""The server: one port, its lobby, its self-play. It is handed everything that it needs and starts no model itself."""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from random import Random, SystemRandom
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.typing import Origin

from arena.clock import Clock, SystemClock
from arena.db.writer import LogWriter
from arena.errors import UserError
from arena.games.registry import GAMES
from arena.journal import LogRow, RoomWaiting
from arena.protocol import codes
from arena.protocol.server_messages import Welcomed
from arena.rooms.minds import Believing, MindSource, believing_nothing
from arena.rooms.terms import Terms
from arena.server.access import Access, check_host
from arena.server.connection import Connection
from arena.server.counts import Counts, Status
from arena.server.doors import Doors, Guarded
from arena.server.http import pages
from arena.server.limits import Limits
from arena.server.lobby import Lobby
from arena.server.metrics import LoopLag, Reloads, page
from arena.server.selfplay import SelfPlay
from arena.server.session import serve_connection

DEFAULT_PORT: Final = 8765
_SWEEP_S: Final = 2.0

_sockets_log = logging.getLogger(f"{__name__}.sockets")
# Below this level the library logs what people say, and the token that they come with.
_sockets_log.addFilter(lambda record: record.levelno >= logging.INFO)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """``terms`` are those of rooms whose makers ask for nothing else.

    ``origins`` are the web pages whose scripts may connect; programs send no origin and always may. With a ``token``,
    only who brings it may come in. An address that other machines can reach is opened without one only if
    ``insecure``. ``tls`` makes it ``wss://``.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    selfplay_rooms: int = 0
    selfplay_per_minute: float = 0.0
    selfplay_game: str = "werewolf"
    selfplay_options: Mapping[str, Any] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    token: str | None = field(default=None, repr=False)
    insecure: bool = False
    tls: ssl.SSLContext | None = None
    limits: Limits = field(default_factory=Limits)
    terms: Terms = field(default_factory=Terms)


class ArenaServer:
    """``start`` does all of it. A host that brings its own sockets calls ``restore`` and ``begin`` instead, and
    ``talk`` for each socket."""

    def __init__(
        self,
        minds: MindSource,
        writer: LogWriter,
        settings: ServerSettings | None = None,
        clock: Clock | None = None,
        live_checkpoint: Callable[[], str | None] = lambda: None,
        draws: Random | None = None,
        reloads: Callable[[], Reloads] = Reloads,
        chat_answers: Callable[[], Mapping[str, int]] = dict,
        believing: Believing = believing_nothing,
    ) -> None:
        """``draws`` is where secrets come from, by default the system; ``believing`` adds to recordings what the seats
        believed."""
        self.settings = settings or ServerSettings()
        self._clock = clock or SystemClock()
        self._live_checkpoint = live_checkpoint
        self._reloads = reloads
        self._chat_answers = chat_answers
        self._writer = writer
        self._counts = Counts()
        s = self.settings
        self._access = Access(s.token, s.limits, self._clock)
        self._doors = Doors(s.limits, self._counts)
        self._lag = LoopLag()
        draws = draws or SystemRandom()
        self.lobby = Lobby(minds, writer, self._clock, self._counts, s.limits, s.terms, draws, believing)
        self._selfplay = SelfPlay(
            self.lobby, s.selfplay_rooms, s.selfplay_game, s.selfplay_options, minds.usual, s.selfplay_per_minute
        )
        self._connections: set[Connection] = set()
        self._server: Server | None = None
        self._watching: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """Where clients connect."""
        assert self._server is not None, "the server has not started"
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        scheme = "ws" if self.settings.tls is None else "wss"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

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

    async def start(
        self, open_matches: Iterable[Sequence[LogRow]] = (), waiting_rooms: Iterable[RoomWaiting] = ()
    ) -> None:
        """Go on with the matches and the waiting rooms that an earlier server left open, then listen.

        Raises:
            UserError: the port is taken, this machine has no such address, or others could reach it without a token.
        """
        check_host(self.settings.host, token=self.settings.token, insecure=self.settings.insecure)
        self.restore(open_matches, waiting_rooms)
        await self._listen()
        self.begin()

    def restore(self, open_matches: Iterable[Sequence[LogRow]], waiting_rooms: Iterable[RoomWaiting] = ()) -> None:
        """Go on with these matches, and let these rooms wait on."""
        for rows in open_matches:
            self.lobby.restore(rows)
        for row in waiting_rooms:
            self.lobby.restore_waiting(row)

    def begin(self) -> None:
        """Begin to play, and to clear away rooms that are over."""
        self._watching = [asyncio.create_task(self._sweep()), asyncio.create_task(self._lag.watch())]
        self._selfplay.start()

    async def _listen(self) -> None:
        s = self.settings
        try:
            self._server = await serve(
                self.talk,
                s.host,
                s.port,
                compression=None,  # costs memory for every connection, and its lengths leak what was said
                max_size=s.limits.message_bytes,
                max_queue=8,
                write_limit=s.limits.write_buffer_bytes,
                open_timeout=s.limits.hello_s,
                ping_interval=s.limits.ping_interval_s,
                ping_timeout=s.limits.ping_timeout_s,
                close_timeout=2,
                origins=[None, *(Origin(o) for o in s.origins)],
                process_request=pages(self.health, self.metrics, self._access),
                create_connection=Guarded.by(self._doors),
                logger=_sockets_log,
                ssl=s.tls,
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise UserError(
                    f"Port {s.port} is in use already. Choose another one with --port, or stop what runs there."
                ) from error
            raise UserError(f"Cannot listen on {s.host}:{s.port}: {error.strerror or error}.") from error
        for listening in self._server.sockets:  # the sockets of connections inherit it
            listening.setsockopt(SOL_SOCKET, SO_SNDBUF, s.limits.system_buffer_bytes)

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
        for task in self._watching:
            task.cancel()
        if self._server is not None:
            self._server.close(close_connections=False)
        leaving = list(self._connections)
        for connection in leaving:
            connection.close(codes.CLOSE_SERVER_STOPPING, "the server is stopping")
        await asyncio.gather(*(connection.closed() for connection in leaving))
        self._doors.cut()
        if self._server is not None:
            await self._server.wait_closed()

    def health(self) -> dict[str, Any]:
        status = self.status
        return {
            "status": "stopping" if self.lobby.locked else "ok",
            "live_checkpoint": status.live_checkpoint,
            "rooms": status.rooms,
            "games_finished": status.games_finished,
            "decisions": self._counts.decisions_published,
        }

    def metrics(self) -> str:
        """The page for Prometheus."""
        return page(
            self.lobby,
            self._connections,
            self._writer,
            self._counts,
            self._lag,
            self._live_checkpoint(),
            self._reloads(),
            self._chat_answers(),
        )

    async def talk(self, socket: ServerConnection) -> None:
        """Talk with one client until it goes."""
        connection = Connection(socket, self.settings.limits, self._clock, self._counts)
        self._connections.add(connection)
        writing = asyncio.create_task(connection.write())
        welcome = Welcomed(server=_version(), games=sorted(GAMES), live_checkpoint=self._live_checkpoint())
        try:
            await serve_connection(connection, self.lobby, welcome, self._access)
        finally:
            self._connections.discard(connection)
            connection.close(codes.CLOSE_PROTOCOL_ERROR, "goodbye")
            await connection.closed()
            await writing

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            self.lobby.sweep()
            now = self._clock.monotonic_s()
            for connection in list(self._connections):
                if connection.idle(now):
                    connection.close(codes.CLOSE_IDLE, "nothing was said for a long time")


@cache
def _version() -> str:
    try:
        return f"social-arena {version('social-arena')}"
    except PackageNotFoundError:
        return "social-arena"
