"""``arena rooms``: the games on a running server, as its lobby lists them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from arena.cli.at_server import DEFAULT_URL, At, Certificate, Token, tell

if TYPE_CHECKING:
    from arena.client.reconnecting import ReconnectingArena
    from tui.state import World


def rooms(
    server: Annotated[
        str, typer.Option("--server", "--url", metavar="URL", help="The server's address.")
    ] = DEFAULT_URL,
    token: Token = None,
    ca: Certificate = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """List the games on a running server: those that wait for people, those that run, and those just over.

    Sit down in one with arena play --room CODE, follow it with arena play --watch CODE. Private ones are in no list.
    """
    world = At(server, token, ca).ask(_look)
    if as_json:
        typer.echo(json.dumps([room.model_dump() for room in world.rooms or ()], ensure_ascii=False, indent=2))
        return
    tell(lines(world))


async def _look(arena: ReconnectingArena) -> World:
    """What the lobby knows of it."""
    from arena.protocol.server_messages import RoomsListed
    from tui import store
    from tui.state import World

    world = store.receive(World(), arena.welcome, 0.0)
    return store.receive(world, RoomsListed(rooms=await arena.rooms()), 0.0)


def lines(world: World) -> Iterator[str]:
    """The list as text, with the server above it."""
    from tui import words
    from tui.faces.registry import face_of

    yield words.server(world)
    if not world.rooms:
        yield "No games yet. Open one with: arena play"
        return
    yield f"{'code':8}{'stands':12}{'seats':17}{'people':10}{'age':8}rules"
    for room in world.rooms:
        marks = "".join(f"{mark}, " for mark in words.marks(room))
        secrets = ", with secrets" if room.status == "playing" and words.shows_everything(room) else ""
        start = f"{room.code or room.room:8}{words.stands(room):12}{words.seats(room):17}{words.who_plays(room):10}"
        yield f"{start}{words.age(room.age_s):8}{marks}{face_of(room.game).in_list(room)}{secrets}"
