"""Play from this terminal: connect, then the screens or the plain lines. ``arena play`` is a thin shell of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from arena.client.client import connect, trusting
from arena.errors import UserError

DEFAULT_URL: Final = "ws://127.0.0.1:8765"
MIN_WIDTH: Final = 60
MIN_HEIGHT: Final = 16


def check_terminal() -> None:
    """
    Raises:
        UserError: the screens cannot be drawn here; the message says what to do instead.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("This is no terminal. For pipes and screen readers use: arena play --plain")
    width, height = os.get_terminal_size(sys.stdout.fileno())
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        raise UserError(
            f"This terminal has {width} columns and {height} rows; the game needs {MIN_WIDTH} and {MIN_HEIGHT}. "
            "Make it larger, or use: arena play --plain"
        )


def run(
    url: str,
    name: str,
    *,
    room: str | None = None,
    watch: str | None = None,
    options: Mapping[str, Any] | None = None,
    plain: bool = False,
    token: str | None = None,
    ca: Path | None = None,
) -> int:
    """Play until the player leaves (plain: until the match ends); the exit status.

    Raises:
        UserError: no terminal that the screens can be drawn in.
        ArenaError: no server answers there, or it refused.
    """
    if not plain:
        check_terminal()
    try:
        return asyncio.run(_run(url, name, room, watch, options, plain, token, ca))
    except KeyboardInterrupt:
        return 130


async def _run(
    url: str,
    name: str,
    room: str | None,
    watch: str | None,
    options: Mapping[str, Any] | None,
    plain: bool,
    token: str | None,
    ca: Path | None,
) -> int:
    tls = None if ca is None else trusting(ca)
    async with connect(url, name, client="terminal", token=token, tls=tls) as arena:
        if plain:
            from tui import plain as lines

            return await lines.play(arena, room=room, watch=watch, options=options)
        from tui.app import ArenaApp

        app = ArenaApp(arena, name, room=room, watch=watch, options=options)
        await app.run_async()
        return app.return_code or 0
