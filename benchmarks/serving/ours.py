"""The real server under load: ``ArenaServer``, its log in SQLite through ``LogWriter``, sockets. No model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from agents.registry import NO_MODEL, open_minds
from arena.db.engine import open_database
from arena.db.writer import LogWriter
from arena.server.app import ArenaServer, ServerSettings
from arena.server.limits import Limits

_ROOMY: Final = Limits(rates={}, rooms=1_000_000, rooms_per_connection=1_000_000, linger_s=5.0)
"""Seven sockets hold a thousand rooms here, and all of them come from one address."""


def database_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'arena.db'}"


@asynccontextmanager
async def ours(folder: Path) -> AsyncIterator[str]:
    """A running server with its database in ``folder``; gives its URL."""
    engine = open_database(database_url(folder))
    minds = open_minds(NO_MODEL, engine)
    await minds.start()
    writer = LogWriter(engine)
    server = ArenaServer(minds, writer, ServerSettings(port=0, limits=_ROOMY))
    await server.start()
    try:
        yield server.url
    finally:
        await server.stop()
        await minds.stop()
        writer.close()
        engine.dispose()
