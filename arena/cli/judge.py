"""``arena judge``: what a chat model makes of finished scenario matches, and how consistent it is about it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from arena.errors import OptionError, UserError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from agents.chat.client import ChatClient
    from agents.judge.audit import Audit
    from agents.judge.episode import Episode
    from agents.judge.judge import Judgement
    from arena.db.judgements import StoredScore
    from arena.db.repo import StoredMatch

judge = typer.Typer(
    help="Let a model score finished scenario matches, and check how consistent it is.", no_args_is_help=True
)

_Matches = Annotated[
    list[str] | None, typer.Argument(metavar="MATCH", help="Ids of finished scenario matches, or beginnings.")
]
_Last = Annotated[int, typer.Option(min=0, metavar="N", help="Also the N finished scenario matches that began last.")]
_Model = Annotated[str, typer.Option(metavar="openai:NAME", help="The judge: a model behind a chat endpoint.")]
_Db = Annotated[str | None, typer.Option(metavar="URL", help="Database; by default this user's own.")]
_Json = Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")]


@judge.command()
def run(
    model: _Model,
    matches: _Matches = None,
    last: _Last = 0,
    again: Annotated[bool, typer.Option("--again", help="Also what this judge has scored already.")] = False,
    db: _Db = None,
    as_json: _Json = False,
) -> None:
    """Score every seat of finished scenario matches, store the scores and show them.

    What people said goes to the judge's endpoint; a match in which somebody did not agree to training is refused.
    """
    from agents.judge.prompt import JUDGE_PROMPT_VERSION
    from arena.cli.judge_tables import printed_match, scored_as_dict
    from arena.db.judgements import scores_of

    name = _judge_name(model)
    engine = _database(db)
    chosen, episodes = _episodes(engine, matches or (), last)

    def stored(match_id: str) -> list[StoredScore]:
        return scores_of(engine, match_id, model, JUDGE_PROMPT_VERSION)

    def done(episode: Episode) -> bool:
        found = stored(episode.match_id)
        whole = all(s.score is not None for s in found)
        return whole and {s.seat for s in found} == {p.seat for p in episode.people}

    todo = [e for e in episodes if again or not done(e)]
    events = {match.id: match for match in chosen}
    judged, spent = asyncio.run(_judge(engine, name, todo, events)) if todo else ([], {})
    failures = [j for j in judged if j.failure is not None]
    shown = [(episode, stored(episode.match_id)) for episode in episodes]
    if as_json:
        document = {
            "judge": model,
            "prompt_version": JUDGE_PROMPT_VERSION,
            "matches": [scored_as_dict(episode, scores) for episode, scores in shown],
            "judged": len(todo),
            "failures": [{"match": j.match_id, "seat": j.seat, "reason": j.failure} for j in failures],
            **spent,
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for episode, scores in shown:
            for line in printed_match(episode, scores):
                typer.echo(line)
        for j in failures:
            typer.echo(f"Could not be judged: match {j.match_id}, seat {j.seat}: {j.failure}", err=True)
    if judged and len(failures) == len(judged):
        raise typer.Exit(1)


@judge.command()
def audit(
    model: _Model,
    matches: _Matches = None,
    last: _Last = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    db: _Db = None,
    as_json: _Json = False,
) -> None:
    """Score the same matches four times and say how far the scorings agree; nothing is stored.

    Once as they are, once more, with everybody's name exchanged for another of its kind, and with the people listed the
    other way round. What people said goes to the judge's endpoint.
    """
    from arena.cli.judge_tables import audit_as_dict, printed_audit

    name = _judge_name(model)
    _, episodes = _episodes(_database(db), matches or (), last)
    found = asyncio.run(_audited(name, episodes, seed))
    if as_json:
        typer.echo(json.dumps(audit_as_dict(found), indent=2))
    else:
        for line in printed_audit(found):
            typer.echo(line)
    if not any(a.pairs for by_dimension in found.agreements.values() for a in by_dimension.values()):
        raise typer.Exit(1)


@judge.command()
def show(
    match: Annotated[str, typer.Argument(metavar="MATCH", help="The match's id, or its beginning.")],
    reasons: Annotated[bool, typer.Option("--reasons", help="With the judge's reasoning.")] = False,
    db: _Db = None,
    as_json: _Json = False,
) -> None:
    """Show what judges made of a match, from the database alone."""
    from arena.cli.judge_tables import by_judge, printed_match, scored_as_dict
    from arena.db.judgements import scores_of
    from arena.db.repo import load_match

    engine = _database(db)
    episode = _episode(load_match(engine, match))
    found = by_judge(scores_of(engine, episode.match_id))
    if as_json:
        document = [
            {"judge": name, "prompt_version": version, **scored_as_dict(episode, scores)}
            for (name, version), scores in found.items()
        ]
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    if not found:
        typer.echo(f"Nobody has judged {episode.match_id}. Do it with: arena judge run {episode.match_id}", err=True)
    for scores in found.values():
        for line in printed_match(episode, scores, reasons=reasons):
            typer.echo(line)


def _judge_name(model: str) -> str:
    from agents.chat.source import chat_name

    name = chat_name(model)
    if not name:
        raise OptionError(f"--model {model!r} cannot judge; name a model of a chat endpoint, as openai:NAME.")
    return name


def _database(db: str | None) -> Engine:
    from arena.db.engine import open_database
    from arena.paths import default_database_url

    return open_database(db or default_database_url())


def _episodes(engine: Engine, named: Sequence[str], last: int) -> tuple[list[StoredMatch], list[Episode]]:
    """What is to be judged, each match once.

    Raises:
        UserError: there is nothing, or a match that was named cannot be judged.
    """
    from agents.judge.episode import GAME
    from arena.db.repo import list_matches, load_match

    if not named and not last:
        raise OptionError("Name matches, or say how many of the last ones with --last N. See them with: arena matches")
    chosen = [load_match(engine, match) for match in named]
    if refused := next((m.id for m in chosen if not m.agreed), None):
        raise UserError(f"In the match {refused} somebody did not agree to training; what they said goes to no judge.")
    newest = (list_matches(engine, limit=last, status="over", game=GAME)) if last else []
    found = [load_match(engine, summary.id) for summary in newest]
    if left_out := sum(not m.agreed for m in found):
        typer.echo(f"left out: {left_out} × a person did not agree to training", err=True)
    chosen = list({m.id: m for m in (*chosen, *(m for m in found if m.agreed))}.values())
    if not chosen:
        raise UserError("There are no finished scenario matches to judge. Play some first: --game scenario.")
    return chosen, [_episode(match) for match in chosen]


def _episode(match: StoredMatch) -> Episode:
    """
    Raises:
        UserError: it is no scenario match, or not over.
    """
    from agents.judge.episode import GAME, episode_of
    from arena.games.registry import game_by_name

    if match.summary.game != GAME:
        raise UserError(f"The match {match.id} is of {match.summary.game}; only matches of {GAME} are judged.")
    if match.summary.status != "over":
        state = "is still being played" if match.summary.status == "playing" else "was abandoned"
        raise UserError(f"The match {match.id} {state}; only finished matches are judged.")
    return episode_of(match.id, game_by_name(GAME), match.events)


async def _judge(
    engine: Engine, name: str, episodes: Sequence[Episode], matches: dict[str, StoredMatch]
) -> tuple[list[Judgement], dict[str, float]]:
    from agents.chat.source import ChatMinds
    from agents.judge.judge import Judge
    from arena.cli.progress import progress

    minds = ChatMinds()
    try:
        client = minds.client(name)
        with progress("Judging", len(episodes)) as advance:

            async def judged(found: tuple[Judgement, ...]) -> None:
                await asyncio.to_thread(_store, engine, matches[found[0].match_id], found)
                advance()

            scored = await Judge(client).judge_all(episodes, judged)
        return [judgement for seats in scored for judgement in seats], _spent(client)
    finally:
        await minds.close()


async def _audited(name: str, episodes: Sequence[Episode], seed: int) -> Audit:
    from agents.chat.source import ChatMinds
    from agents.judge.audit import Change, audit
    from agents.judge.judge import Judge
    from arena.cli.progress import progress

    minds = ChatMinds()
    try:
        client = minds.client(name)
        with progress("Auditing", (1 + len(Change)) * len(episodes)) as advance:
            return await audit(Judge(client), episodes, seed=seed, judged=advance)
    finally:
        await minds.close()


def _store(engine: Engine, match: StoredMatch, found: Sequence[Judgement]) -> None:
    """Without any words where the match has changed since it was read: somebody's were forgotten meanwhile."""
    from arena.db.judgements import StoredScore, write_scores
    from arena.db.repo import load_match

    forgotten, now = load_match(engine, match.id).events != match.events, time.time()
    scores = [
        StoredScore(
            match_id=j.match_id,
            judge=j.judge,
            prompt_version=j.prompt_version,
            seat=j.seat,
            dimension=str(dimension),
            score=score.value,
            reasoning="" if forgotten else score.reasoning,
            failure=score.missing.partition(":")[0] if forgotten and score.missing else score.missing,
            created_at=now,
        )
        for j in found
        for dimension, score in j.scores.items()
    ]
    write_scores(engine, scores)


def _spent(client: ChatClient) -> dict[str, float]:
    usage = client.usage
    return {"tokens_read": usage.read, "tokens_written": usage.written, "money": round(client.money, 6)}
