"""``arena export``: logged matches as a file for training and analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from arena.db.repo import StoredMatch


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; its name ends in .jsonl or .parquet.")],
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    game: Annotated[str | None, typer.Option(help="Only of this game.")] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Only room, selfplay or evaluation; can be repeated.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(metavar="ID", help="Only matches that this checkpoint played in.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Write finished matches to a file, with their exact tokens: for arena train --from, datasets, pandas.

    People's names stay in the database. A match in which somebody did not agree to training is left out.
    """
    from arena.cli.progress import progress_to
    from arena.db.engine import open_database
    from arena.db.exports import write_matches
    from arena.db.repo import MatchQuery, iter_matches
    from arena.paths import default_database_url

    query = MatchQuery(game=game, purposes=tuple(purpose) if purpose else None, status="over", policy_version=policy)
    engine = open_database(db or default_database_url())
    refused = 0

    with progress_to("Exporting") as show:

        def agreed() -> Iterator[StoredMatch]:
            nonlocal refused
            done = 0
            for match in iter_matches(engine, query):
                if match.agreed:
                    done += 1
                    show(done, done)
                    yield match
                else:
                    refused += 1

        written = write_matches(file, agreed())
    if as_json:
        typer.echo(json.dumps({"file": str(file), "matches": written, "not_agreed": refused}))
        return
    typer.echo(f"Wrote {written} matches to {file}.")
    if refused:
        typer.echo(f"left out: {refused} × a person did not agree to training")
