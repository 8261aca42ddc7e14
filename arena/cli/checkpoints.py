"""``arena checkpoints``: which there are, and which one is live."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arena.cli.at_server import At, Certificate, OperatorToken, Server, Token, either, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agents.models import KnownCheckpoint


def checkpoints(
    promote: Annotated[
        str | None, typer.Option(metavar="ID", help="Make this one live: an id, shipped, social, base or a folder.")
    ] = None,
    roll_back: Annotated[bool, typer.Option("--roll-back", help="Make live again what was live before.")] = False,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    server: Server = None,
    token: Token = None,
    operator_token: OperatorToken = None,
    ca: Certificate = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """List the checkpoints, or make one live.

    Running servers load the live one within seconds. Until one is made live, the shipped one is. A server tells of the
    checkpoints of its training runs, by id alone, and obeys its operator.
    """
    from arena.errors import OptionError

    if promote is not None and roll_back:
        raise OptionError("--promote and --roll-back each say what goes live; give one of them.")
    either(server, db=db)
    if server is None:
        known = [as_dict(c) for c in _here(db, promote, roll_back)]
    else:
        known = _there(At(server, token, ca, operator_token), promote, roll_back)
    if as_json:
        typer.echo(json.dumps(known, ensure_ascii=False, indent=2))
    elif known:
        tell(lines(known))
    else:
        typer.echo("No checkpoints yet. Make one with: arena bootstrap --minutes 10", err=True)


def lines(known: list[dict[str, Any]]) -> Iterator[str]:
    """The table as text."""
    yield f"{'':1} {'checkpoint':12}  {'parent':12}  {'games':>8}  {'made':16}  names and folder"
    for c in known:
        at = c["created_at"]
        made = "" if at is None else datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
        names = "".join(f"[{name}] " for name in c["labels"])
        start = f"{'*' if c['live'] else ' '} {c['id']:12}  {(c['parent'] or '')[:12]:12}  {c['games'] or 0:>8}"
        yield f"{start}  {made:16}  {names}{c['path'] or ''}".rstrip()


def _here(db: str | None, promote: str | None, roll_back: bool) -> list[KnownCheckpoint]:
    from agents.models import known_checkpoints
    from agents.models import promote as make_live
    from agents.models import roll_back as make_live_before
    from arena.db.engine import open_database
    from arena.paths import default_database_url

    engine = open_database(db or default_database_url())
    if promote is not None or roll_back:
        now = time.time()
        chosen = make_live_before(engine, now) if promote is None else make_live(engine, promote, now)
        typer.echo(f"Checkpoint {chosen.id} is live.", err=True)
    return known_checkpoints(engine)


def _there(at: At, promote: str | None, roll_back: bool) -> list[dict[str, Any]]:
    from arena.cli.checkpoints_there import checkpoints_there
    from arena.protocol.text import spelled_out

    told, promoted = at.ask(lambda arena: checkpoints_there(arena, promote, roll_back=roll_back))
    if promoted is not None:
        typer.echo(spelled_out(f"Checkpoint {promoted} is live."), err=True)
    return told


def as_dict(c: KnownCheckpoint) -> dict[str, Any]:
    """One checkpoint as plain JSON values."""
    return {
        "id": c.id,
        "parent": c.parent,
        "games": c.games,
        "path": str(c.path),
        "live": c.live,
        "labels": list(c.labels),
        "run": c.run,
        "created_at": c.created_at,
    }
