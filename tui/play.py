"""Play from this terminal: connect, then the screens or the plain lines. ``arena play`` is a thin shell of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from arena.client.client import trusting
from arena.client.reconnecting import reconnecting
from arena.errors import UserError
from tui.memory import Memory
from tui.wish import Wish

MIN_WIDTH: Final = 60
MIN_HEIGHT: Final = 16


def check_terminal(instead: str = "arena play --plain") -> None:
    """
    Raises:
        UserError: the screens cannot be drawn here; the message says what to do ``instead``.
    """
    if "TEXTUAL_DRIVER" in os.environ:
        return  # behind a page of ``tui.web``: the browser draws them
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError(f"This is no terminal. For pipes and screen readers use: {instead}")
    width, height = os.get_terminal_size(sys.stdout.fileno())
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        raise UserError(
            f"This terminal has {width} columns and {height} rows; the game needs {MIN_WIDTH} and {MIN_HEIGHT}. "
            f"Make it larger, or use: {instead}"
        )


def run(
    url: str,
    name: str,
    wish: Wish,
    *,
    plain: bool = False,
    train: bool | None = None,
    token: str | None = None,
    operator_token: str | None = None,
    ca: Path | None = None,
    theme: str | None = None,
    opened: Callable[[], None] = lambda: None,
) -> int:
    """Play until the player leaves (plain: until the match ends); the exit status.

    Args:
        train: whether games may be used for training; it is remembered. None: what was answered before, or asked.
        theme: one of ``tui.settings``; it is remembered. None: what was chosen before.
        opened: called when the screens are about to take the terminal.

    Raises:
        UserError: no terminal that the screens can be drawn in.
        ArenaError: no server answers there, or it refused.
    """
    if not plain:
        check_terminal()
    try:
        tls = None if ca is None else trusting(ca)
        how = {"token": token, "operator_token": operator_token, "tls": tls}
        return asyncio.run(_run(url, name, wish, plain, train, theme, how, opened))
    except KeyboardInterrupt:
        return 130


async def _run(
    url: str,
    name: str,
    wish: Wish,
    plain: bool,
    train: bool | None,
    theme: str | None,
    how: Mapping[str, Any],
    opened: Callable[[], None],
) -> int:
    """``how`` to connect, as ``arena.client.client.connect`` has it."""
    memory = Memory(url)
    if train is not None:
        memory.train = train
    if theme is not None:
        memory.settings = replace(memory.settings, theme=theme)
    # The screens take longest to import: that goes on while the server is waited for.
    face = asyncio.create_task(asyncio.to_thread(import_module, "tui.plain" if plain else "tui.app"))
    async with reconnecting(url, name, memory=memory, client="terminal", **how) as arena:
        screens = await face
        if plain:
            return await screens.play(arena, wish=wish, memory=memory)
        app = screens.ArenaApp(arena, name, wish=wish, memory=memory)
        opened()
        await app.run_async()
        return app.return_code or 0
