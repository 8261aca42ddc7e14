"""``arena checkpoints``: which there are, and which one is live."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from agents.models import KnownCheckpoint


def checkpoints(
    promote: Annotated[
        str | None, typer.Option(metavar="ID", help="Make this one live: an id, shipped, social, base or a folder.")
    ] = None,
    roll_back: Annotated[bool, typer.Option("--roll-back", help="Make live again what was live before.")] = False,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """List the checkpoints, or make one live.

    Running servers load the live one within seconds. Until one is made live, the shipped one is.
    """
    from agents.models import known_checkpoints
    from agents.models import promote as make_live
    from agents.models import roll_back as make_live_before
    from arena.db.engine import open_database
    from arena.errors import OptionError
    from arena.paths import default_database_url

    if promote is not None and roll_back:
        raise OptionError("--promote and --roll-back each say what goes live; give one of them.")
    engine = open_database(db or default_database_url())
    if promote is not None or roll_back:
        now = time.time()
        chosen = make_live_before(engine, now) if promote is None else make_live(engine, promote, now)
        typer.echo(f"Checkpoint {chosen.id} is live.", err=True)
    known = known_checkpoints(engine)
    if as_json:
        typer.echo(json.dumps([as_dict(c) for c in known], ensure_ascii=False, indent=2))
        return
    if not known:
        typer.echo("No checkpoints yet. Make one with: arena bootstrap --minutes 10", err=True)
        return
    typer.echo(f"{'':1} {'checkpoint':12}  {'parent':12}  {'games':>8}  {'made':16}  names and folder")
    for c in known:
        made = "" if c.created_at is None else datetime.fromtimestamp(c.created_at).strftime("%Y-%m-%d %H:%M")
        names = "".join(f"[{name}] " for name in c.labels)
        mark = "*" if c.live else " "
        typer.echo(f"{mark} {c.id:12}  {(c.parent or '')[:12]:12}  {c.games:>8}  {made:16}  {names}{c.path}")


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
