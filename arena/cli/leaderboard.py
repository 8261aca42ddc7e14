"""``arena leaderboard``: all players by their rated matches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from arena.db.repo import MatchSummary
    from arena.rating.ladder import Result
    from arena.rating.ladder_table import LadderRow


def leaderboard(
    game: Annotated[str | None, typer.Option(help="Only the matches of this game.")] = None,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    per_side: Annotated[bool, typer.Option("--per-side", help="A line for each side that a player played.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Rank all players by their rated matches.

    Ratings are on the Elo scale, centred on the mean of the players, with 95 % intervals. Figures of a side compare
    within that side only; a win rate depends on who the others were, a rating does not.
    """
    from agents.models import known_checkpoints
    from arena.db.engine import open_database
    from arena.db.repo import rated_matches
    from arena.games.registry import game_by_name
    from arena.paths import default_database_url
    from arena.rating.ladder import fit_ladder
    from arena.rating.ladder_table import ladder_table

    if game is not None:
        game_by_name(game)
    engine = open_database(db or default_database_url())
    results = as_results(rated_matches(engine, game))
    labels = {f"checkpoint:{c.id}": c.labels for c in known_checkpoints(engine)}
    rows = ladder_table(results, fit_ladder(results))
    if as_json:
        document = [{**row.to_json(), "labels": list(labels.get(row.player, ()))} for row in rows]
        typer.echo(json.dumps(document, indent=2))
        return
    if not rows:
        typer.echo("No rated matches yet. Play some with: arena evaluate shipped scripted:careful", err=True)
        return
    for line in lines(rows, labels, per_side=per_side):
        typer.echo(line)


def as_results(matches: Iterable[MatchSummary]) -> list[Result]:
    """Finished matches as the ladder reads them. The setup is the game with its options; seats go by their minds."""
    from arena.rating.ladder import Result

    results: list[Result] = []
    for match in matches:
        assert match.outcome is not None
        first, second = sorted(set(match.outcome.sides))
        seated = list(zip(match.outcome.sides, match.minds, strict=True))
        on_first, on_second = (tuple(m for s, m in seated if s == side) for side in (first, second))
        winner = match.outcome.winner
        score = 0.5 if winner not in (first, second) else float(winner == first)
        setup = f"{match.game} {json.dumps(match.options, sort_keys=True)}"
        results.append(Result(setup, (first, second), (on_first, on_second), score))
    return results


def lines(rows: Sequence[LadderRow], labels: Mapping[str, Sequence[str]], *, per_side: bool) -> Iterable[str]:
    """The table as text."""
    shown = {row.player: " ".join((row.player, *(f"[{name}]" for name in labels.get(row.player, ())))) for row in rows}
    width = max(len("player"), *map(len, shown.values()))
    sides = sorted({f.side for row in rows for f in row.sides})
    header = f"{'#':>3}  {'player':{width}}  {'rating':>6}  {'95 % interval':>14}  {'games':>5}"
    yield header + ("" if per_side else "".join(f"  {'won as ' + side:>18}" for side in sides))
    for row in rows:
        start = f"{row.rank:>3}  {shown[row.player]:{width}}  {row.rating:>6.0f}  {_span(row.low, row.high):>14}"
        won = {f.side: f"{f.won:.0f}/{f.games} ({f.won / f.games:.0%})" for f in row.sides}
        end = "" if per_side else "".join(f"  {won.get(side, '–'):>18}" for side in sides)
        yield f"{start}  {row.games:>5}{end}"
        for f in row.sides if per_side else ():
            rate = f"won {f.won / f.games:.0%} ({f.rate_low:.0%} to {f.rate_high:.0%})"
            side = f"as {f.side}"
            yield f"     {side:{width}}  {f.rating:>6.0f}  {_span(f.low, f.high):>14}  {f.games:>5}  {rate}"


def _span(low: float, high: float) -> str:
    return f"{low:.0f} to {high:.0f}"
