"""``arena compare``: one player among others, by a game's own scores."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from arena.games.core import Game
    from training.comparison import Comparison, Difference

_PLAYER = "shipped, social, base, live, a checkpoint's id or folder, scripted:NAME, random, or openai:NAME."


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_PLAYER)],
    b: Annotated[str, typer.Argument(metavar="B", help="The same.")],
    deals: Annotated[int, typer.Option(metavar="N", help="Deals; each is played once a seat and once more.")] = 100,
    game: Annotated[str, typer.Option(help="Which game: one that scores every seat.")] = "scenario",
    option: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="An option of the game; may be repeated.")
    ] = None,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    at_once: Annotated[int, typer.Option(metavar="N", help="Matches that run at the same time.")] = 64,
    seed: Annotated[int | None, typer.Option(help="Deals the same scenarios again; by default drawn.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """See what one player scores among others, where a game scores every seat.

    For games in which everybody has a goal of their own, so that who won says little. Each deal is played with B in all
    seats, and once for each seat with A in it: what A scores there, beside what B scores there. The intervals (95 %)
    are over deals.
    """
    from arena.cli.arguments import at_least_one, drawn_seed, game_options
    from arena.db.engine import open_database
    from arena.errors import OptionError
    from arena.games.registry import GAMES, game_by_name
    from arena.paths import default_database_url

    at_least_one("--deals", deals)
    at_least_one("--at-once", at_once)
    rules = game_by_name(game)
    if not rules.scored:
        scored = ", ".join(name for name, other in GAMES.items() if other.scored)
        raise OptionError(f"{rules.title} knows only winners: arena evaluate compares there. Scored is: {scored}.")
    options = rules.options(game_options(option or ()))
    database = open_database(db or default_database_url())
    try:
        found = asyncio.run(_play(rules, options, a, b, deals, database, at_once, drawn_seed(seed)))
    finally:
        database.dispose()
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    typer.echo(f"A is {found.a}, B is {found.b}; {found.deals} deals.")
    typer.echo(f"{'':16}{'A':>8}{'B':>8}   A - B")
    _say(found.scores)
    for kind, scores in found.kinds.items():
        if len(found.kinds) > 1:
            typer.echo(f"{kind}, {scores['overall'].deals} deals:" if "overall" in scores else f"{kind}:")
            _say({name: scores[name] for name in ("overall", "goal") if name in scores})
    if found.fallbacks:
        typer.echo(f"{found.fallbacks} of {found.decisions} decisions were fallbacks.")


def _say(scores: Mapping[str, Difference]) -> None:
    for name, d in scores.items():
        typer.echo(f"{name:16}{d.a:8.2f}{d.b:8.2f}   {d.difference:+.2f} ({d.low:+.2f} to {d.high:+.2f})")


async def _play(
    game: Game[Any, Any],
    options: Any,
    a: str,
    b: str,
    deals: int,
    database: Engine,
    at_once: int,
    seed: int,
) -> Comparison:
    from agents.match_log import MatchLog
    from agents.players import open_players
    from agents.runner import Played
    from arena.cli.chat_report import stop_where_none_can_play
    from arena.cli.progress import progress
    from arena.db.writer import LogWriter
    from training.comparison import compare as play

    async with open_players((a, b), database, game.name, seed=seed) as (first, second):
        writer = LogWriter(database)
        try:
            log = MatchLog(writer)
            with progress("Comparison", deals * (1 + game.seat_count(options))) as advance:

                async def on_match(match: Played) -> None:
                    advance()
                    await log.keep_up()
                    stop_where_none_can_play(match.decisions)

                found = await play(
                    game, first, second,
                    deals=deals, seed=seed, options=options, log=log, at_once=at_once, on_match=on_match,
                )  # fmt: skip
            await log.stored()
        finally:
            await asyncio.to_thread(writer.close)
    return found
