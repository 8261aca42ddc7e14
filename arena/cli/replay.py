"""``arena replay``: a match again, as one seat saw it, or all of it once it is over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arena.cli.at_server import At, Certificate, Server, Token, either
from arena.errors import UnknownName, UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from arena.protocol.recording import RecordedDecision, Recording


def replay(
    match: Annotated[str, typer.Argument(help="The match's id, or its beginning.")],
    seat: Annotated[str | None, typer.Option(help="A seat's number or name: only what that seat saw.")] = None,
    screen: Annotated[
        bool, typer.Option("--screen", help="In the whole terminal, turn by turn: for a match that is over.")
    ] = False,
    thoughts: Annotated[
        bool,
        typer.Option("--thoughts", help="After the match, what models thought, and the probabilities of choices."),
    ] = False,
    suspicion: Annotated[
        bool, typer.Option("--suspicion", help="Whom each seat suspected, after every message; instead of the match.")
    ] = False,
    model: Annotated[str, typer.Option(metavar="NAME_OR_PATH", help="Whose eyes --suspicion reads with.")] = "live",
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    server: Server = None,
    token: Token = None,
    ca: Certificate = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Show a match again, as one seat saw it or, once it is over, as it was.

    Of a match that is still being played, only what everybody saw is shown unless a seat is named. With --screen all
    of it is there at once, thoughts too; there --suspicion adds the map of who suspected whom. A server gives a game
    that is over, by its id or the code of its room: a private one to those who were in it.
    """
    either(server, db=db)
    database: Engine | None = None
    if server is None:
        database, recording, head = _here(db, match)
    else:
        recording, head = _there(At(server, token, ca), match)
    eyes = None if seat is None else seat_of(recording.names, seat)
    over = head["status"] != "playing"
    all_seeing = over and (eyes is None or screen)
    if screen and (as_json or not over):
        raise UserError("--screen shows a match that is over, on a terminal. Without it there are lines and --json.")
    if (thoughts or suspicion) and not all_seeing:
        raise UserError("Thoughts and suspicion show secrets: only of a whole match that is over, without --seat.")
    if screen:
        from tui.play import check_terminal

        check_terminal("arena replay without --screen")
    if suspicion:
        recording = _with_beliefs(recording, model, database)
    if screen:
        from tui.replay_app import show

        raise typer.Exit(show(recording, eyes))
    if suspicion:
        _print_suspicion(recording, as_json)
    elif as_json:
        document = _document(head, recording, eyes, all_seeing=all_seeing, thoughts=thoughts)
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        if eyes is None and not all_seeing:
            typer.echo("This match is still being played: only what everybody sees is shown.", err=True)
        for line in lines(recording, eyes, all_seeing=all_seeing, thoughts=thoughts):
            typer.echo(line)


def _here(db: str | None, match: str) -> tuple[Engine, Recording, Mapping[str, Any]]:
    from arena.cli.matches import as_dict
    from arena.db.engine import open_database
    from arena.db.recordings import recording_of
    from arena.db.repo import load_match
    from arena.paths import default_database_url

    database = open_database(db or default_database_url())
    stored = load_match(database, match)
    return database, recording_of(stored), as_dict(stored.summary)


def _there(at: At, match: str) -> tuple[Recording, Mapping[str, Any]]:
    """Checked and cleaned, as the screen has it."""
    from arena.cli.past_there import recording_there
    from tui.replay import opened

    recording = opened(at.ask(lambda arena: recording_there(arena, match))).recording
    outcome = recording.outcome
    return recording, {
        "match": recording.id,
        "game": recording.game,
        "options": recording.options,
        "status": "over",
        "minds": [seat.mind for seat in recording.seats],
        "winner": outcome and outcome.winner,
        "reason": outcome and outcome.reason,
        "sides": outcome and list(outcome.sides),
        "returns": outcome and list(outcome.returns),
    }


def _with_beliefs(recording: Recording, model: str, database: Engine | None) -> Recording:
    """A server has asked its own model already."""
    if database is None:
        if not recording.beliefs:
            raise UserError("The server cannot say what was believed in this match.")
        return recording
    from arena.cli.suspicion import believed

    typer.echo("Asking the model what everybody believed …", err=True)
    return believed(recording, model, database)


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


def lines(recording: Recording, eyes: int | None, *, all_seeing: bool, thoughts: bool = False) -> Iterator[str]:
    """The match as text. Where everything is shown, what only some seats saw names them in front, and what only an
    all-seeing reader notices (lies) follows its line after a ``!``."""
    from arena.protocol.text import clean_text

    names = recording.names
    noticed = {mark.event: mark for mark in recording.marks if mark.secret and all_seeing}
    decided: dict[int, list[RecordedDecision]] = {}
    for decision in recording.decisions if thoughts else ():
        decided.setdefault(decision.seen, []).append(decision)
    for n in _shown(recording, eyes, all_seeing):
        for decision in decided.get(n, ()):
            yield from _decided(names, decision)
        event = recording.events[n]
        line = clean_text(event.line)
        if line and all_seeing and event.audience:
            line = f"  [{', '.join(names[s] for s in event.audience)}] {line}"
        if line:
            yield line
        if n in noticed:
            yield f"  ! {clean_text(noticed[n].says)}"


def _decided(names: Sequence[str], decision: RecordedDecision) -> Iterator[str]:
    from arena.protocol.text import clean_text

    who = f"  ({names[decision.seat]}, {decision.turn})"
    if decision.thought:
        yield f"{who} {clean_text(decision.thought)}"
    odds = [(o.probability, o.choice) for o in decision.options if o.probability is not None]
    if odds:
        told = ", ".join(f"{clean_text(choice)} {100 * p:.0f} %" for p, choice in sorted(odds, key=lambda o: -o[0]))
        yield f"{who} {told}"


def _shown(recording: Recording, eyes: int | None, all_seeing: bool) -> Sequence[int]:
    """The numbers of the events that are shown."""
    from arena.replay.turns import public, seen_by

    return public(recording) if eyes is None and not all_seeing else seen_by(recording, eyes)


def _document(
    head: Mapping[str, Any], recording: Recording, eyes: int | None, *, all_seeing: bool, thoughts: bool
) -> dict[str, Any]:
    """``seq`` counts the events that are shown; marks and phases go by it."""
    from arena.replay.turns import marks_for

    place = {number: n for n, number in enumerate(_shown(recording, eyes, all_seeing))}
    document = {
        **head,
        "names": list(recording.names),
        "seat": eyes,
        "events": [_event(recording, number, n, all_seeing) for number, n in place.items()],
        "phases": [{"seq": place[p.event], "phase": p.name} for p in recording.phases if p.event in place],
        "marks": [
            {"seq": place[m.event], "kind": m.kind, "seat": m.seat, "says": m.says}
            for m in (recording.marks if all_seeing else marks_for(recording, eyes))
            if m.event in place
        ],
    }
    if thoughts:
        document["thoughts"] = [
            {"seat": d.seat, "turn": d.turn, "thought": d.thought} for d in recording.decisions if d.thought
        ]
        document["decisions"] = [d.model_dump(mode="json") for d in recording.decisions]
    return document


def _event(recording: Recording, number: int, seq: int, all_seeing: bool) -> dict[str, Any]:
    event = recording.events[number]
    shown = {
        "seq": seq,
        "kind": event.kind,
        "data": event.data,
        "public": event.audience is None,
        "line": event.line,
    }
    if all_seeing:
        shown["audience"] = event.event.audience.to_json()
    return shown


def _print_suspicion(recording: Recording, as_json: bool) -> None:
    from arena.cli import suspicion

    if as_json:
        document = {"id": recording.id, "names": list(recording.names), **suspicion.as_json(recording)}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for line in suspicion.lines(recording):
        typer.echo(line)
