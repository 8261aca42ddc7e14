"""``arena train status``: how the training runs go, as the terminal's screen shows it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arena.cli.at_server import At, Certificate, OperatorToken, Server, Token, either, tell

if TYPE_CHECKING:
    from arena.protocol.server_messages import RunsListed
    from arena.protocol.training_rows import CheckpointRow, RunInfo, RunShown


def status(
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="Tell more of this run, not of the newest.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the runs; by default this user's own.")] = None,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    server: Server = None,
    token: Token = None,
    operator_token: OperatorToken = None,
    ca: Certificate = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Show how training runs go: updates, figures, alarms, trials and checkpoints.

    A server shows them to its operator, and to others where it was started with --show-training.
    """
    from arena.errors import UnknownName

    either(server, db=db, out=out)
    told = _here(db, out, run) if server is None else _there(At(server, token, ca, operator_token), run)
    if run is not None and (told.shown is None or told.shown.run != run):
        have = ", ".join(r.run for r in told.runs) or "none yet"
        raise UnknownName(f"There is no run {run!r}. There is: {have}.")
    if as_json:
        typer.echo(told.model_dump_json(indent=2))
        return
    if not told.runs:
        typer.echo("No training runs yet. Begin one with: arena train --iterations 20", err=True)
        return
    tell(lines(told))


def _here(db: str | None, out: Path | None, run: str | None) -> RunsListed:
    from agents.ladder import Ladders
    from arena.db.engine import open_database
    from arena.paths import checkpoints_folder, default_database_url
    from training.runs import Runs

    engine = open_database(db or default_database_url())
    return Runs(engine, [out or checkpoints_folder()], Ladders(engine))(run)


def _there(at: At, run: str | None) -> RunsListed:
    from tui.boards import clean_runs

    return clean_runs(at.ask(lambda arena: arena.runs(run)))


def lines(told: RunsListed) -> Iterable[str]:
    """All runs in a line each, then more of the one that is told of."""
    for info in told.runs:
        yield headline(info)
    shown = told.shown
    if shown is None:
        return
    yield ""
    yield f"{shown.run}, {len(shown.updates)} updates"
    yield from _figures(shown)
    for alarm in shown.alarms:
        yield f"  alarm at update {alarm.update}: {alarm.text}{f' – {alarm.done}' if alarm.done else ''}"
    for t in shown.trials:
        live = "went live" if t.went_live else "did not go live"
        points = f"{t.score:.0%} against {t.champion} over {t.deals} deals"
        yield f"  trial of {t.checkpoint}: {t.verdict}, {points}, {live}"
    for c in shown.checkpoints:
        yield f"{'*' if 'live' in c.labels else ' '} {_checkpoint(c)}"
    if told.before is not None:
        yield f"Live is {told.live}; before it, {told.before} was (arena checkpoints --roll-back)."


def headline(info: RunInfo) -> str:
    """One run: how far it is, and what it is doing."""
    of = "" if info.planned is None else f" of {info.planned}"
    parts = [f"{info.run}: {info.state}", f"{info.updates}{of} updates", f"{info.trained} games learnt from"]
    if info.game:
        parts.insert(1, info.game)
    if info.left_s is not None and info.state == "running":
        parts.append(f"about {duration(info.left_s)} left")
    parts.append(info.why or f"last heard of {duration(info.age_s)} ago")
    if info.alarms:
        parts.append(f"{info.alarms} {'alarm' if info.alarms == 1 else 'alarms'}")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """In the largest unit that fits."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _figures(shown: RunShown) -> Iterable[str]:
    width = max((len(name) for name in shown.series), default=0)
    for name, values in shown.series.items():
        known = [v for v in values if v is not None]
        if known:
            span = f"from {min(known):.3f} to {max(known):.3f}"
            yield f"  {name.replace('_', ' '):{width}}  {known[-1]:>9.3f}  (first {known[0]:.3f}, {span})"


def _checkpoint(c: CheckpointRow) -> str:
    labels = "".join(f" [{label}]" for label in c.labels)
    parts = [f"{c.checkpoint}{labels}", f"{c.trained} games"]
    if c.rating is not None and c.low is not None and c.high is not None:
        parts.append(f"Elo {c.rating:+.0f} ({c.low:+.0f} to {c.high:+.0f})")
    parts += [f"{a.points / a.games:.0%} of {a.games} against {a.opponent}" for a in c.against]
    return " · ".join(parts)
