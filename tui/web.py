"""The same screens in a browser, through ``textual-serve``: each page runs a terminal program of its own here.

Whoever can open the page plays under this player's name and with their remembered seats, so it is bound to this machine
unless told otherwise, and pages of other sites are turned away. Where the game server asks for an access token, the
programs behind the pages get it through their environment, never in an address or a list of processes.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from arena.errors import UserError
from tui.wish import Wish

if TYPE_CHECKING:
    from aiohttp import web

HOST: Final = "127.0.0.1"
PORT: Final = 8766
TOKEN: Final = "ARENA_TOKEN"
"""The variable in which ``arena play`` looks for the token."""


def arguments(
    url: str, name: str, wish: Wish, *, train: bool | None = None, theme: str | None = None, ca: Path | None = None
) -> tuple[str, ...]:
    """What the program behind a page is called with. Values stand behind ``=``, so that none is taken for an option."""
    flags = {"everything": wish.everything, "resume": wish.resume, "blind": wish.blind, "learn": wish.learn}
    values = {"url": url, "name": name, "room": wish.room, "watch": wish.watch, "game": wish.game}
    values |= {"people": wish.people, "others": wish.others}
    values |= {"theme": theme, "ca": None if ca is None else str(ca.resolve())}
    trains = () if train is None else ("--train" if train else "--no-train",)
    return (
        *(sys.executable, "-m", "arena.cli.main", "play"),
        *(f"--{option}={value}" for option, value in values.items() if value is not None),
        *(f"--{flag}" for flag, is_set in flags.items() if is_set),
        *trains,
        *(f"--option={key}={json.dumps(value)}" for key, value in wish.options.items()),
        *(f"--term={key}={json.dumps(value)}" for key, value in wish.terms.items()),
    )


def serve(program: Sequence[str], *, host: str = HOST, port: int = PORT, token: str | None = None) -> None:
    """Serve the page until Ctrl+C.

    Raises:
        UserError: ``textual-serve`` is not installed, or the port is taken.
    """
    try:
        from textual_serve.server import Server
    except ModuleNotFoundError as error:
        raise UserError("The browser needs the extra web: pip install 'social-arena[web]'") from error

    class Pages(Server):
        """Gives its page to nobody but itself."""

        async def _make_app(self) -> web.Application:
            app = await super()._make_app()
            app.middlewares.append(_own_pages_only(f"{host}:{port}"))
            app.on_response_prepare.append(_protected)
            return app

        def initialize_logging(self) -> None:
            """Nothing of what works: addresses of visitors are nobody's business."""

        async def on_startup(self, app: web.Application) -> None:
            self.console.print(f"The game is at {self.public_url} (Ctrl+C ends it)", highlight=False)

    if token is not None:
        os.environ[TOKEN] = token
    try:
        Pages(shlex.join(program), host=host, port=port, title="Social Arena").serve()
    except OSError as error:
        raise UserError(f"The page cannot be served at {host}:{port}: {error.strerror}.") from error


def _own_pages_only(address: str) -> Any:
    from aiohttp import web

    @web.middleware
    async def own_pages_only(request: web.Request, handler: Any) -> web.StreamResponse:
        """A page of another site may open a websocket to this one, and a foreign name may be made to lead here: neither
        comes through. Where the page is bound to more than one address any name will do, but still only its own."""
        named, local = request.headers.get("Host", ""), {address, address.replace(HOST, "localhost")}
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc != named
        if foreign or (address.startswith(HOST) and named not in local):
            raise web.HTTPForbidden(text="This page is for itself alone.")
        return await handler(request)

    return own_pages_only


async def _protected(_: web.Request, response: web.StreamResponse) -> None:
    """Nothing is fetched from elsewhere, and no other site shows the page inside of its own."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
