"""``arena leaderboard``: all players by their rated matches, who has met whom, and how a training run went."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from arena.cli.at_server import At, Certificate, Server, Token, either, tell

if TYPE_CHECKING:
    from arena.protocol.ladder_rows import LadderMeeting, LadderRow
    from arena.protocol.server_messages import LadderListed

NO_MATCHES = "No rated matches yet. Play some with: arena evaluate shipped scripted:careful"


def leaderboard(
    game: Annotated[str | None, typer.Option(help="Only the matches of this game.")] = None,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    per_side: Annotated[bool, typer.Option("--per-side", help="A line for each side that a player played.")] = False,
    matrix: Annotated[bool, typer.Option("--matrix", help="Who has met whom, and what came of it.")] = False,
    history: Annotated[
        str | None, typer.Option(metavar="RUN", help="The checkpoints of a training run by the games they had learnt.")
    ] = None,
    server: Server = None,
    token: Token = None,
    ca: Certificate = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Rank all players by their rated matches.

    Ratings are on the Elo scale, centred on the mean of the players, with 95 % intervals. Figures of a side compare
    within that side only; a win rate depends on who the others were, a rating does not.
    """
    from arena.errors import OptionError, UserError

    if matrix and history is not None:
        raise OptionError("--matrix and --history show different things; give one of them.")
    either(server, db=db)
    ladder = _here(db, game) if server is None else _there(At(server, token, ca), game)
    rows = ladder.rows if history is None else checkpoints_of(ladder.rows, history)
    if history is not None and not rows:
        runs = ", ".join(sorted({row.run for row in ladder.rows if row.run})) or "none yet"
        raise UserError(f"No checkpoint of a run {history!r} has played rated matches. Runs that have: {runs}.")
    if as_json:
        typer.echo(json.dumps([row.model_dump() for row in (ladder.meetings if matrix else rows)], indent=2))
        return
    if not rows:
        typer.echo(NO_MATCHES, err=True)
        return
    if matrix:
        shown = matrix_lines(rows, ladder.meetings)
    elif history is not None:
        shown = history_lines(rows)
    else:
        shown = lines(rows, per_side=per_side)
    tell(shown)
    if ladder.left_out:
        typer.echo(f"{ladder.left_out} more players stand below.", err=True)


def _here(db: str | None, game: str | None) -> LadderListed:
    from agents.ladder import read_ladder
    from arena.db.engine import open_database
    from arena.paths import default_database_url

    return read_ladder(open_database(db or default_database_url()), game)


def _there(at: At, game: str | None) -> LadderListed:
    """The top of it: a server tells at most so many players as it likes."""
    from tui.boards import clean_ladder

    return clean_ladder(at.ask(lambda arena: arena.ladder(game)))


def checkpoints_of(rows: Iterable[LadderRow], run: str) -> list[LadderRow]:
    """The rows of a run's checkpoints, in the order in which they learnt."""
    return sorted((row for row in rows if row.run == run), key=lambda row: (row.trained or 0, row.player))


def lines(rows: Sequence[LadderRow], *, per_side: bool) -> Iterable[str]:
    """The table as text."""
    width = max(len("player"), *(len(_name(row)) for row in rows))
    sides = sorted({f.side for row in rows for f in row.sides})
    header = f"{'#':>3}  {'player':{width}}  {'rating':>6}  {'95 % interval':>14}  {'games':>5}"
    yield header + ("" if per_side else "".join(f"  {'won as ' + side:>18}" for side in sides))
    for row in rows:
        start = f"{row.rank:>3}  {_name(row):{width}}  {row.rating:>6.0f}  {_span(row.low, row.high):>14}"
        won = {f.side: f"{f.won:.0f}/{f.games} ({f.won / f.games:.0%})" for f in row.sides}
        end = "" if per_side else "".join(f"  {won.get(side, '–'):>18}" for side in sides)
        yield f"{start}  {row.games:>5}{end}"
        for f in row.sides if per_side else ():
            rate = f"won {f.won / f.games:.0%} ({f.rate_low:.0%} to {f.rate_high:.0%})"
            side = f"as {f.side}"
            yield f"     {side:{width}}  {f.rating:>6.0f}  {_span(f.low, f.high):>14}  {f.games:>5}  {rate}"


def matrix_lines(rows: Sequence[LadderRow], meetings: Iterable[LadderMeeting]) -> Iterable[str]:
    """Points of games, a row a player against each column's player, who is named by rank."""
    points = {(m.player, m.other): (m.points, m.games) for m in meetings}
    points |= {(other, player): (games - won, games) for (player, other), (won, games) in points.items()}
    width = max(len("player"), *(len(_name(row)) for row in rows))
    cells = {pair: f"{won:g}/{games}" for pair, (won, games) in points.items()}
    wide = 2 + max(3, *map(len, cells.values()))
    yield f"{'#':>3}  {'player':{width}}" + "".join(f"{row.rank:>{wide}}" for row in rows)
    for row in rows:
        against = (cells.get((row.player, other.player), "–" if other is not row else "·") for other in rows)
        yield f"{row.rank:>3}  {_name(row):{width}}" + "".join(f"{cell:>{wide}}" for cell in against)


def history_lines(rows: Sequence[LadderRow]) -> Iterable[str]:
    """A run's checkpoints, the first first."""
    width = max(len("checkpoint"), *(len(_name(row)) for row in rows))
    yield f"{'learnt':>9}  {'checkpoint':{width}}  {'rating':>6}  {'95 % interval':>14}  {'games':>5}"
    for row in rows:
        span = _span(row.low, row.high)
        yield f"{row.trained or 0:>9}  {_name(row):{width}}  {row.rating:>6.0f}  {span:>14}  {row.games:>5}"


def _name(row: LadderRow) -> str:
    return " ".join((row.player, *(f"[{name}]" for name in row.labels)))


def _span(low: float, high: float) -> str:
    return f"{low:.0f} to {high:.0f}"
