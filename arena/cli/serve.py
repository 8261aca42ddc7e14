"""``arena serve``: the composition of database, minds and server, with one live status line."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from arena.server.app import ArenaServer, ServerSettings
    from arena.server.counts import Status

NO_MODEL: Final = "none"
PLAIN_STATUS_S: Final = 10.0


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8765,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME_OR_PATH", help="Model that plays; openai:NAME asks an endpoint, 'none' seats scripts only."
        ),
    ] = "live",
    engine: Annotated[
        str, typer.Option(metavar="URL", help="vLLM server that plays the model (arena engine); by default none.")
    ] = "local",
    think: Annotated[
        int,
        typer.Option(
            min=0,
            max=4096,
            metavar="TOKENS",
            help="How long the model may think, in private, before each answer; for models that were taught to.",
        ),
    ] = 0,
    rooms: Annotated[int, typer.Option(min=0, max=1000, help="Rooms of self-play kept going.")] = 4,
    game: Annotated[str, typer.Option(help="Game of the self-play rooms.")] = "werewolf",
    per_minute: Annotated[
        float, typer.Option(min=0, help="Self-play games that may begin in a minute; 0: as many as fit.")
    ] = 60.0,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="ARENA_TOKEN", help="Only who brings this token may come in. Other users see options in ps."
        ),
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Let other machines in without a token.")] = False,
    cert: Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate (PEM), for wss://.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate's key (PEM).")] = None,
    origin: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Web page whose scripts may connect; can be repeated.")
    ] = None,
    per_address: Annotated[
        int, typer.Option(min=1, max=8192, help="Connections from one address of another machine.")
    ] = 64,
    night: Annotated[
        float,
        typer.Option(min=0, max=3600, help="Least seconds of a night with two or more people: its length tells less."),
    ] = 20.0,
    drain: Annotated[
        float, typer.Option(min=0, help="Seconds that running matches get to end when the server is told to stop.")
    ] = 10.0,
) -> None:
    """Start a server: rooms for people, and self-play beside them.

    Ctrl-C stops it at once, SIGTERM when the matches are over or --drain seconds have passed. Matches that are not over
    go on when a server is started on the same database again.
    """
    from arena.errors import OptionError
    from arena.rooms.terms import Terms
    from arena.server.access import private, tls_context
    from arena.server.app import ServerSettings
    from arena.server.limits import Limits
    from arena.server.logs import log_to_stderr

    if (cert is None) != (key is None):
        raise OptionError("--cert and --key belong together; give both or neither.")
    log_to_stderr()
    settings = ServerSettings(
        host=host,
        port=port,
        selfplay_rooms=rooms,
        selfplay_game=game,
        selfplay_per_minute=per_minute,
        origins=tuple(origin or ()),
        token=token or None,
        insecure=insecure,
        tls=None if cert is None or key is None else tls_context(cert, key),
        limits=Limits(connections_per_address=per_address),
        terms=Terms(night_s=night),
    )
    if settings.tls is None and not private(host):
        typer.echo("Warning: without --cert and --key, what people say and their token cross the network in the open.")
    asyncio.run(_serve(settings, db, model, drain, engine, think))


async def _serve(settings: ServerSettings, db: str | None, model: str, drain: float, engine: str, think: int) -> None:
    stop, now = asyncio.Event(), asyncio.Event()

    def asked_to_stop(number: signal.Signals) -> None:
        if number == signal.SIGINT or stop.is_set():
            now.set()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_stop, number)

    def lost() -> None:
        """From the lease's own thread: another server has the database now."""
        loop.call_soon_threadsafe(asked_to_stop, signal.SIGINT)

    async with composed(settings, db, model, lost, engine, think) as server:
        typer.echo(f"Serving on {server.url} (database: {db or 'default'}, model: {model}).")
        join = "arena play" if server.url == "ws://127.0.0.1:8765" else f"arena play --server {server.url}"
        typer.echo(f"Join from another terminal with: {join}")
        await _show(lambda: server.status, stop)
        typer.echo("Stopping.")
        if drain and not now.is_set():
            await _first_of(server.drain(drain), now.wait())


async def _first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


@asynccontextmanager
async def composed(
    settings: ServerSettings,
    db: str | None,
    model: str,
    on_lost: Callable[[], None] | None = None,
    policy_engine: str = "local",
    think: int = 0,
) -> AsyncIterator[ArenaServer]:
    """A running server with all that it needs; everything is closed again in the opposite order.

    Args:
        on_lost: called from another thread when another server has taken the database over.
        policy_engine: ``local``, or the address of a vLLM server on this machine.
        think: how many tokens the model may think before it answers.

    Raises:
        ArenaError: the database, the model, the game or the address cannot be had, or another server runs on the
            database.
    """
    from agents.registry import open_minds
    from arena.clock import SystemClock
    from arena.db.engine import open_database
    from arena.db.lease import hold_lease
    from arena.db.open_matches import open_matches, waiting_rooms
    from arena.db.writer import LogWriter
    from arena.games.registry import game_by_name
    from arena.garbage import calm_collector
    from arena.paths import default_database_url
    from arena.server.access import check_host
    from arena.server.app import ArenaServer
    from arena.server.metrics import Reloads

    # What can be refused at once is refused before anything is opened.
    game_by_name(settings.selfplay_game)
    check_host(settings.host, token=settings.token, insecure=settings.insecure)
    engine = open_database(db or default_database_url(), check=True)
    try:
        lease = hold_lease(engine, on_lost)
        minds = open_minds(model, engine, engine=policy_engine, think=think)
        await minds.start()
        writer = LogWriter(engine, lease=lease)
        server = ArenaServer(
            minds,
            writer,
            settings,
            live_checkpoint=lambda: minds.live_checkpoint,
            reloads=lambda: Reloads(minds.reloads, minds.refused_reloads),
            chat_answers=lambda: minds.chat_answers,
            believing=minds.believing,
        )
        try:
            ended_after = SystemClock().wall_s() - settings.limits.linger_s
            with calm_collector():
                await server.start(open_matches(engine, ended_after), waiting_rooms(engine))
                yield server
        finally:
            await server.stop()
            await minds.stop()
            writer.close()
            lease.release()
    finally:
        engine.dispose()


async def _show(status: Callable[[], Status], stop: asyncio.Event) -> None:
    """Until ``stop``: one line that changes in place, or now and then a plain one where nobody watches."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console()
    if console.is_terminal:
        with Live(Text(_line(status())), console=console, auto_refresh=False, transient=True) as live:
            while not await _stopped(stop, 0.5):
                live.update(Text(_line(status())), refresh=True)
        return
    shown = ""
    while not await _stopped(stop, PLAIN_STATUS_S):
        line = _line(status())
        if line != shown:
            typer.echo(line)
            shown = line


async def _stopped(stop: asyncio.Event, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await stop.wait()
    except TimeoutError:
        return False
    return True


def _line(status: Status) -> str:
    return (
        f"rooms {status.rooms} · people {status.people} · games {status.games_finished} · "
        f"decisions {status.decisions} ({status.decisions_per_s:.0f}/s) · model {status.live_checkpoint or 'none'}"
    )
