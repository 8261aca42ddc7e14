"""``arena matches``: what the database holds."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arena.cli.at_server import At, Certificate, Server, Token, either, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from arena.db.repo import MatchSummary
    from arena.protocol.match_rows import PastMatch


def matches(
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, the newest first.")] = 20,
    purpose: Annotated[str | None, typer.Option(help="Only room, selfplay or evaluation.")] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Verify every match instead: chain, numbers, outcome. Status 1 if one fails."),
    ] = False,
    server: Server = None,
    token: Token = None,
    ca: Certificate = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """List the matches in the database, the newest first.

    A server tells of the games that people opened there and that are over: private ones to those who were in them.
    """
    either(server, db=db, purpose=purpose, check=check)
    if server is not None:
        _there(At(server, token, ca), limit, as_json)
        return
    from arena.db.engine import open_database
    from arena.db.match_ratings import ratings_of
    from arena.db.repo import list_matches
    from arena.paths import default_database_url

    engine = open_database(db or default_database_url(), check=check)
    if check:
        _check(engine, as_json)
        return
    found = list_matches(engine, limit=limit, purpose=purpose)
    if as_json:
        ratings = ratings_of(engine, [m.id for m in found])
        rated = [{**as_dict(m), "rated_by_people": asdict(r) if (r := ratings.get(m.id)) else None} for m in found]
        typer.echo(json.dumps(rated, ensure_ascii=False, indent=2))
        return
    if not found:
        typer.echo("No matches yet. Start some with: arena serve", err=True)
        return
    typer.echo(f"{'match':12}  {'game':9}  {'purpose':10}  {'started':16}  {'minutes':>7}  result")
    for m in found:
        started = datetime.fromtimestamp(m.started_at).strftime("%Y-%m-%d %H:%M")
        minutes = f"{(m.ended_at - m.started_at) / 60:.1f}" if m.ended_at is not None else ""
        typer.echo(f"{m.id:12}  {m.game:9}  {m.purpose:10}  {started:16}  {minutes:>7}  {_result(m)}")


def _there(at: At, limit: int, as_json: bool) -> None:
    from arena.cli.past_there import past_there

    found = at.ask(lambda arena: past_there(arena, limit))
    if as_json:
        typer.echo(json.dumps([m.model_dump() for m in found], ensure_ascii=False, indent=2))
    elif found:
        tell(past_lines(found))
    else:
        typer.echo("No game is over yet that you may look back at.", err=True)


def past_lines(found: Sequence[PastMatch]) -> Iterator[str]:
    """What the screen of past games shows, with the id that ``arena replay`` takes."""
    from tui.words import span

    yield f"{'match':12}  {'code':6}  {'game':11}  {'ended':16}  {'lasted':>7}  {'people':>6}  result"
    for m in found:
        ended = datetime.fromtimestamp(time.time() - m.age_s).strftime("%Y-%m-%d %H:%M")
        people = f"{m.minds.count('person')}/{len(m.minds)}"
        mark = "" if not m.private and m.seat is None else " [private]" if m.private else " [yours]"
        start = f"{m.match:12}  {m.code:6}  {m.game:11}  {ended:16}  {span(m.lasted_s):>7}  {people:>6}"
        yield f"{start}  {m.winner} ({m.reason}){mark}"


def _check(engine: Engine, as_json: bool) -> None:
    from arena.db.check import check_log

    checked = 0
    bad: dict[str, tuple[str, ...]] = {}
    for match in check_log(engine):
        checked += 1
        if match.faults:
            bad[match.match_id] = match.faults
    if as_json:
        typer.echo(json.dumps({"checked": checked, "bad": bad}))
    else:
        for match_id, faults in bad.items():
            typer.echo(f"{match_id}: {'; '.join(faults)}")
        typer.echo(f"{checked} matches checked, {len(bad)} bad.")
    if bad:
        raise typer.Exit(1)


def as_dict(match: MatchSummary) -> dict[str, Any]:
    """One match as plain JSON values."""
    outcome = match.outcome
    return {
        "match": match.id,
        "game": match.game,
        "options": dict(match.options),
        "purpose": match.purpose,
        "rated": match.rated,
        "status": match.status,
        "minds": list(match.minds),
        "started_at": match.started_at,
        "ended_at": match.ended_at,
        "winner": outcome and outcome.winner,
        "reason": match.reason,
        "sides": outcome and list(outcome.sides),
        "returns": outcome and list(outcome.returns),
    }


def _result(match: MatchSummary) -> str:
    if match.outcome is not None:
        return f"{match.outcome.winner} ({match.outcome.reason})"
    return match.status if match.reason is None else f"{match.status} ({match.reason})"
