"""``arena rate``: how good a match was, in one to five stars."""

from __future__ import annotations

import asyncio
import getpass
import json
from typing import TYPE_CHECKING, Annotated

import typer

from arena.cli.at_server import Certificate, Token

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from arena.protocol.server_messages import MatchRated
    from tui.memory import KeptSeat


def rate(
    match: Annotated[str, typer.Argument(help="The match's id or its beginning, or the code of its room.")],
    stars: Annotated[int, typer.Argument(min=1, max=5, help="1 to 5; your last word counts.")],
    url: Annotated[
        str | None, typer.Option("--url", "--server", help="Only a match on this server.", show_default=False)
    ] = None,
    token: Token = None,
    ca: Certificate = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Say how good a match was that you played to its end.

    You are whoever this machine remembers to have sat there: the last 64 matches of each server, for 30 days.
    """
    from arena.paths import state_folder
    from tui.memory import seats_in

    seat = remembered(seats_in(state_folder(), None if url is None else url.rstrip("/")), match)
    rated = asyncio.run(_rate(seat, stars, token, ca))
    if as_json:
        typer.echo(json.dumps({"match": rated.room, "stars": rated.stars}))
    else:
        typer.echo(f"{'★' * rated.stars}{'☆' * (5 - rated.stars)} for {rated.room}. Thank you.")


def remembered(seats: Sequence[KeptSeat], wanted: str) -> KeptSeat:
    """The seat in the match of this id, or of the only one whose id begins so, or in the newest one with this code.

    Raises:
        UnknownName: this machine remembers no such seat, or several.
    """
    from arena.errors import UnknownName

    exact = [seat for seat in seats if wanted == seat.room] or [seat for seat in seats if wanted.upper() == seat.code]
    if exact:
        return exact[0]
    begun = [seat for seat in seats if wanted and seat.room.startswith(wanted)]
    if len(begun) > 1:
        raise UnknownName(f"You sat in several matches that begin with {wanted!r}; give more of the id.")
    if not begun:
        last = ", ".join(f"{seat.room} ({seat.code})" for seat in seats[:5])
        told = f"The last ones: {last}." if last else "It remembers no match at all."
        raise UnknownName(f"This machine remembers no seat of yours in a match {wanted!r}. {told}")
    return begun[0]


async def _rate(seat: KeptSeat, stars: int, token: str | None, ca: Path | None) -> MatchRated:
    from arena.client.client import RequestRefused, connect, trusting
    from arena.errors import UserError
    from arena.protocol import codes
    from arena.protocol.text import clean_text

    tls = None if ca is None else trusting(ca)
    async with connect(seat.url, getpass.getuser(), client="arena rate", token=token, tls=tls) as arena:
        try:
            return await arena.rate(seat.room, stars, seat.token)
        except RequestRefused as error:
            why = {codes.UNKNOWN_ROOM: f"{seat.url} has no match {seat.room} in which you sat."}
            raise UserError(why.get(error.code, clean_text(error.message, 300)), code=error.code) from error
