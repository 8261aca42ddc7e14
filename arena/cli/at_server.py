"""What commands take to ask a running server in place of a database, and the asking itself.

A command asks as the terminal does: with the secrets of the seats that this machine remembers, and as the operator
where their token is given. So it is told exactly what the screens would show.
"""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

if TYPE_CHECKING:
    from arena.client.reconnecting import ReconnectingArena

DEFAULT_URL: Final = "ws://127.0.0.1:8765"
Answer = TypeVar("Answer")

Server = Annotated[
    str | None,
    typer.Option(
        "--server", "--url", metavar="URL", help="Ask this running server, not a database.", show_default=False
    ),
]
Token = Annotated[
    str | None, typer.Option("--token", envvar="ARENA_TOKEN", help="The server's access token, where it asks for one.")
]
OperatorToken = Annotated[
    str | None,
    typer.Option(
        "--operator-token", envvar="ARENA_OPERATOR_TOKEN", help="The server's operator token, to make checkpoints live."
    ),
]
Certificate = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="Certificate to trust, for a wss:// server with its own."),
]


@dataclass(frozen=True, slots=True)
class At:
    """A running server, and what to come with."""

    url: str
    token: str | None = None
    ca: Path | None = None
    operator_token: str | None = None

    def ask(self, question: Callable[[ReconnectingArena], Awaitable[Answer]]) -> Answer:
        """What it answers.

        Raises:
            UserError: no server answers there, or it refused.
        """
        return asyncio.run(self._ask(question))

    async def _ask(self, question: Callable[[ReconnectingArena], Awaitable[Answer]]) -> Answer:
        from arena.client.client import trusting
        from arena.client.reconnecting import reconnecting
        from arena.errors import ArenaError, UserError
        from arena.protocol.text import clean_text
        from tui.memory import Memory

        tls = None if self.ca is None else trusting(self.ca)
        come_with = {"token": self.token, "operator_token": self.operator_token, "tls": tls}
        name, memory = getpass.getuser(), Memory(self.url)
        try:
            async with reconnecting(self.url, name, memory=memory, client="arena", **come_with) as arena:
                return await question(arena)
        except ArenaError as error:  # its words may be the server's
            raise UserError(clean_text(error.message, 500), code=error.code) from error


def either(server: str | None, **others: object) -> None:
    """
    Raises:
        OptionError: a ``server`` is to be asked, and one of the ``others`` is given too, which it cannot be asked.
    """
    from arena.errors import OptionError

    given = [f"--{name.replace('_', '-')}" for name, value in others.items() if value]
    if server is not None and given:
        raise OptionError(f"{given[0]} is about a database, which --server does not read.")


def tell(lines: Iterable[str]) -> None:
    """Print lines that may hold ids just as a server sent them: nothing in them reaches the terminal but what shows."""
    from arena.protocol.text import spelled_out

    for line in lines:
        typer.echo(spelled_out(line))
