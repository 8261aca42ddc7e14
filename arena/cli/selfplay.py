"""``arena selfplay``: matches of one model against itself, headless and logged."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from arena.games.core import Game


def selfplay(
    games: Annotated[int, typer.Option(metavar="N", help="How many matches.")] = 100,
    game: Annotated[str, typer.Option(help="Which game.")] = "werewolf",
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME_OR_PATH",
            help="Plays all seats; openai:NAME asks a chat endpoint, 'none' plays scripts.",
        ),
    ] = "live",
    engine: Annotated[
        str, typer.Option(metavar="URL", help="vLLM server that plays the model (arena engine); by default none.")
    ] = "local",
    think: Annotated[
        int,
        typer.Option(
            min=0,
            max=4096,
            metavar="TOKENS",
            help="How long the model may think, in private, before each answer; for models that were taught to.",
        ),
    ] = 0,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")] = None,
    at_once: Annotated[int, typer.Option(metavar="N", help="Matches that run at the same time.")] = 64,
    seed: Annotated[int | None, typer.Option(help="Deals the same roles and names again; by default drawn.")] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="An option of the game; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Play matches of one model against itself, as fast as it can.

    All of them are stored in the database before the command ends, ready to be trained on. With --model live, a
    checkpoint that becomes live meanwhile plays on. Of games that score every seat, the means are said, too.
    """
    from arena.cli.arguments import at_least_one, drawn_seed, game_options
    from arena.cli.chat_report import said_of_chat
    from arena.db.engine import open_database
    from arena.games.registry import game_by_name
    from arena.paths import default_database_url

    at_least_one("--games", games)
    at_least_one("--at-once", at_once)
    rules = game_by_name(game)
    options = rules.options(game_options(option or ()))
    database = open_database(db or default_database_url())
    try:
        report = asyncio.run(_play(rules, options, games, model, engine, think, database, at_once, drawn_seed(seed)))
    finally:
        database.dispose()
    if as_json:
        typer.echo(json.dumps(report, indent=2))
        return
    wins = ", ".join(f"{side} {n}" for side, n in report["wins"].items())
    typer.echo(f"{report['games']} games in {report['seconds']:.1f} s ({report['games_per_s']:.1f}/s). Wins: {wins}.")
    typer.echo(
        f"{report['decisions']} decisions ({report['fallbacks']} of them fallbacks), "
        f"{report['tokens']} tokens sampled ({report['tokens_per_s']:.0f}/s)."
    )
    for name, mean in report.get("scores", {}).items():
        typer.echo(f"{name:16}{mean:8.2f}")
    for answers in report.get("chat", ()):
        typer.echo(said_of_chat(answers))


async def _play(
    game: Game[Any, Any],
    options: Any,
    games: int,
    model: str,
    engine: str,
    think: int,
    database: Engine,
    at_once: int,
    seed: int,
) -> dict[str, Any]:
    from statistics import fmean

    from agents.match_log import MatchLog
    from agents.models import LIVE
    from agents.registry import NO_MODEL, open_minds
    from agents.runner import Lineup, play_matches
    from arena.cli.chat_report import chat_reports
    from arena.cli.progress import progress
    from arena.db.writer import LogWriter
    from arena.games.core import fold

    minds = open_minds(model, database, seed=seed, follow=model == LIVE, engine=engine, think=think)
    fill = minds.usual(game.name) if model == NO_MODEL else "self"
    playing = minds.mind(fill, game.name)
    fills = (fill,) * game.seat_count(options)
    lineups = (Lineup(f"selfplay/{seed}/{n}", fills) for n in range(games))
    decisions = tokens = fallbacks = finished = 0
    wins: dict[str, int] = {}
    scores: dict[str, list[float]] = {}
    writer = LogWriter(database)
    try:
        await minds.start()
        log = MatchLog(writer)
        began = time.perf_counter()
        played = play_matches(game, options, lineups, {fill: playing}, log, purpose="selfplay", at_once=at_once)
        with progress("Self-play", games) as advance:
            async with aclosing(played) as matches:
                async for match in matches:
                    finished += 1
                    decisions += len(match.decisions)
                    tokens += match.tokens
                    fallbacks += match.fallbacks
                    for side in (*match.outcome.sides, match.outcome.winner):
                        wins.setdefault(side, 0)
                    wins[match.outcome.winner] += 1
                    for of_seat in game.scores(fold(game, match.events)) if game.scored else ():
                        for name, score in of_seat.items():
                            scores.setdefault(name, []).append(score)
                    advance()
                    await log.keep_up()
        await log.stored()
        seconds = time.perf_counter() - began
    finally:
        await minds.stop()
        await asyncio.to_thread(writer.close)
    return {
        "games": finished,
        "seconds": round(seconds, 3),
        "games_per_s": round(finished / seconds, 3),
        "decisions": decisions,
        "tokens": tokens,
        "tokens_per_s": round(tokens / seconds, 1),
        "fallbacks": fallbacks,
        "wins": dict(sorted(wins.items())),
        **({"scores": {name: round(fmean(of), 4) for name, of in scores.items()}} if scores else {}),
        **chat_reports(playing),
    }
