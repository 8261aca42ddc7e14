"""``arena replay``: a match again, as one seat saw it, or all of it once it is over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arena.errors import UnknownName, UserError

if TYPE_CHECKING:
    from arena.games.core import Event, Game


def replay(
    match: Annotated[str, typer.Argument(help="The match's id, or its beginning.")],
    seat: Annotated[str | None, typer.Option(help="A seat's number or name: only what that seat saw.")] = None,
    thoughts: Annotated[
        bool, typer.Option("--thoughts", help="After the match, what the models thought before they acted.")
    ] = False,
    suspicion: Annotated[
        bool, typer.Option("--suspicion", help="Instead of the match, whom each seat suspected, phase by phase.")
    ] = False,
    model: Annotated[str, typer.Option(metavar="NAME_OR_PATH", help="Whose eyes --suspicion reads with.")] = "live",
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Show a match again, as one seat saw it or, once it is over, as it was.

    Of a match that is still being played, only what everybody saw is shown unless a seat is named.
    """
    from arena.cli.matches import as_dict
    from arena.db.engine import open_database
    from arena.db.repo import load_match
    from arena.games.core import fold, visible
    from arena.games.registry import game_by_name
    from arena.paths import default_database_url
    from arena.protocol.text import clean_text

    database = open_database(db or default_database_url())
    stored = load_match(database, match)
    game = game_by_name(stored.summary.game)
    names = game.seat_names(fold(game, stored.events))
    chosen = None if seat is None else seat_of(names, seat)
    all_seeing = chosen is None and stored.summary.status != "playing"
    if (thoughts or suspicion) and not all_seeing:
        raise UserError("Thoughts and suspicion show secrets: only of a whole match that is over, without --seat.")
    if suspicion:
        from arena.cli.suspicion import suspicion_of

        suspicion_of(stored, model, database, as_json=as_json)
        return
    shown = stored.events if all_seeing else visible(stored.events, chosen)
    if as_json:
        document = {
            **as_dict(stored.summary),
            "names": list(names),
            "seat": chosen,
            "events": [_as_dict(game, names, n, e, all_seeing) for n, e in enumerate(shown)],
        }
        if thoughts:
            document["thoughts"] = [
                {"seat": d.seat, "turn": d.turn_id, "thought": d.act.thought} for d in stored.decisions if d.act.thought
            ]
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    if chosen is None and not all_seeing:
        typer.echo("This match is still being played: only what everybody sees is shown.", err=True)
    for line in lines(game, names, shown, all_seeing=all_seeing):
        typer.echo(line)
    for decision in stored.decisions if thoughts else ():
        if decision.act.thought:
            typer.echo(f"  [{names[decision.seat]}, {decision.turn_id}] {clean_text(decision.act.thought)}")


def seat_of(names: Sequence[str], wanted: str) -> int:
    """The seat of this number or name.

    Raises:
        UnknownName: there is none.
    """
    for seat, name in enumerate(names):
        if wanted == str(seat) or wanted.casefold() == name.casefold():
            return seat
    have = ", ".join(f"{seat} {name}" for seat, name in enumerate(names))
    raise UnknownName(f"There is no seat {wanted!r} in this match. There is: {have}.")


def lines(game: Game[Any, Any], names: Sequence[str], events: Sequence[Event], *, all_seeing: bool) -> Iterator[str]:
    """The match as text. What only some seats saw names them in front, where everything is shown."""
    from arena.protocol.text import clean_text

    for event in events:
        line = clean_text(game.line(names, event))
        if line and all_seeing and event.audience.seats:
            line = f"  [{', '.join(names[s] for s in sorted(event.audience.seats))}] {line}"
        if line:
            yield line


def _as_dict(game: Game[Any, Any], names: Sequence[str], n: int, event: Event, all_seeing: bool) -> dict[str, Any]:
    shown = {
        "seq": n,
        "kind": event.kind,
        "data": dict(event.data),
        "public": event.audience.is_public,
        "line": game.line(names, event),
    }
    if all_seeing:
        shown["audience"] = event.audience.to_json()
    return shown
