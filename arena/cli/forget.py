"""``arena forget``: a person's words go out of the database."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person's handle, spelt as it was given.")],
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Remove a person's words from the database.

    From every match that is over: the name, all that was said from that seat, all stored tokens, what judges
    wrote beside their scores, and how that person rated it. Matches stay replayable. What others said stays, even
    where they quote. Backups, exports and trained models are not touched.
    """
    from arena.db import forget as log
    from arena.db.engine import open_database
    from arena.paths import default_database_url

    engine = open_database(db or default_database_url())
    matches = log.matches_of(engine, name)
    if not yes:
        held = f"{name} held a seat in {len(matches)} match{'es' if len(matches) != 1 else ''}."
        typer.confirm(f"{held} Remove those words for good?", abort=True, err=True)
    removed = log.forget(engine, name)
    if as_json:
        typer.echo(json.dumps(asdict(removed)))
        return
    typer.echo(
        f"Removed from {removed.matches} matches: words in {removed.events} events and {removed.decisions} decisions, "
        f"{removed.ratings} ratings, and all stored tokens of these matches."
    )
    if removed.waiting:
        typer.echo(
            f"Removed from rooms that wait to begin: {removed.waiting} seat{'s' if removed.waiting != 1 else ''}. "
            "A server that runs just now still has them, and stores them again."
        )
    if removed.running:
        typer.echo(f"Still being played and left as they are; try again later: {', '.join(removed.running)}")
    typer.echo("Backups, exports and models that were trained before are not touched.")
