"""``arena evaluate``: rated matches between two players, both ways round."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from arena.games.core import Game
    from training.evaluate import Evaluation, Rate

SHORT_SIDES: Final = {"werewolves": "wolves"}
"""Sides as the keys of the JSON object name them, where it is not by their full name."""

_PLAYER: Final = "shipped, social, base, live, a checkpoint's id or folder, scripted:NAME, random, or openai:NAME."


def evaluate(
    a: Annotated[str, typer.Argument(metavar="A", help=_PLAYER)],
    b: Annotated[str, typer.Argument(metavar="B", help="The same.")],
    games: Annotated[int, typer.Option(metavar="N", help="Matches in each direction: 2 N in all.")] = 100,
    game: Annotated[str, typer.Option(help="Which game.")] = "werewolf",
    engine: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="vLLM server (arena engine), one for each checkpoint; by default none."),
    ] = None,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    at_once: Annotated[int, typer.Option(metavar="N", help="Matches that run at the same time.")] = 64,
    seed: Annotated[int | None, typer.Option(help="Deals the same roles and names again; by default drawn.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Play rated matches between two players, both ways round.

    N deals are played twice each: A on the first side (in Werewolf the village) against B on the second, then the other
    way round. The rates are how often the first side won. Elo is that of A over B, from both directions together. A
    player against itself is a check that both come out even; such matches are stored but never rated.
    """
    from arena.cli.arguments import at_least_one, drawn_seed
    from arena.cli.chat_report import said_of_chat
    from arena.db.engine import open_database
    from arena.errors import OptionError
    from arena.games.registry import game_by_name
    from arena.paths import default_database_url

    at_least_one("--games", games)
    at_least_one("--at-once", at_once)
    rules = game_by_name(game)
    if rules.scored:
        title = rules.title.lower()
        raise OptionError(
            f"In a {title} everybody has a goal of their own, so wins say little. Try: arena compare {a} {b}"
        )
    database = open_database(db or default_database_url())
    try:
        playing = _play(rules, a, b, games, engine or (), database, at_once, drawn_seed(seed))
        found, chat = asyncio.run(playing)
    finally:
        database.dispose()
    if as_json:
        typer.echo(json.dumps({**as_dict(found), **chat}, indent=2))
        return
    first, second = (SHORT_SIDES.get(s, s) for s in found.sides)
    typer.echo(f"A is {found.a}, B is {found.b}.")
    for who, other, rate in (("A", "B", found.a_first), ("B", "A", found.b_first)):
        typer.echo(f"{who}'s {first} against {other}'s {second}: {_said(rate)}")
    r = found.a_return
    typer.echo(f"A's mean return: {r.mean:+.3f} ({r.low:+.3f} to {r.high:+.3f}).")
    typer.echo(f"A over B: {found.elo:+.0f} Elo ({found.elo_low:+.0f} to {found.elo_high:+.0f}).")
    if found.fallbacks:
        typer.echo(f"{found.fallbacks} of {found.decisions} decisions were fallbacks.")
    for report in chat.get("chat", ()):
        typer.echo(said_of_chat(report))


def as_dict(found: Evaluation) -> dict[str, Any]:
    """The evaluation as plain JSON values. Each rate is that of the player named first in its key."""
    first, second = (SHORT_SIDES.get(s, s) for s in found.sides)
    return {
        "game": found.game,
        "a": found.a,
        "b": found.b,
        "games": found.games,
        f"a_{first}_vs_b_{second}": asdict(found.a_first),
        f"b_{first}_vs_a_{second}": asdict(found.b_first),
        "a_return": asdict(found.a_return),
        "elo": found.elo,
        "elo_low": found.elo_low,
        "elo_high": found.elo_high,
        "rated": found.rated,
        "seed": found.seed,
        "decisions": found.decisions,
        "fallbacks": found.fallbacks,
        "seconds": round(found.seconds, 3),
    }


async def _play(
    game: Game[Any, Any],
    a: str,
    b: str,
    games: int,
    engines: Sequence[str],
    database: Engine,
    at_once: int,
    seed: int,
) -> tuple[Evaluation, dict[str, Any]]:
    from agents.match_log import MatchLog
    from agents.players import open_players
    from agents.runner import Played
    from arena.cli.chat_report import chat_reports, stop_where_none_can_play
    from arena.cli.progress import progress
    from arena.db.writer import LogWriter
    from training.evaluate import evaluate as play

    async with open_players((a, b), database, game.name, seed=seed, engines=engines) as (first, second):
        if first.id == second.id:
            typer.echo(f"A and B are the same player ({first.id}): these matches are not rated.", err=True)
        writer = LogWriter(database)
        try:
            log = MatchLog(writer)
            with progress("Evaluation", 2 * games) as advance:

                async def on_match(match: Played) -> None:
                    advance()
                    await log.keep_up()
                    stop_where_none_can_play(match.decisions)

                found = await play(
                    game, first, second, games=games, seed=seed, log=log, at_once=at_once, on_match=on_match
                )
            await log.stored()
        finally:
            await asyncio.to_thread(writer.close)
    return found, chat_reports(first.mind, second.mind)


def _said(rate: Rate) -> str:
    return f"{rate.wins} of {rate.games} won, {rate.rate:.1%} ({rate.low:.1%} to {rate.high:.1%})"
