"""Self-play through the local engine, beside other ways to make the same decisions with the same weights on one thread.

``ratio_vs_…`` is the other way's CPU time a decision, divided by ours; ours holds everything, games and event loop too.
``share_of_raw_decode`` is our sampled tokens a CPU second, divided by those of the bare model with as many lines side
by side as ran on average and as much context: reading prompts, which that leaves out, is the rest. The curves give
games a CPU second by rooms at once, seats and rounds of talk; ``ms_per_public_token`` is a game's CPU time divided by
the length of its public transcript.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from agents.engines.local.engine import LocalEngine
from agents.llm.policy import PolicyMind
from agents.runner import Lineup, Played, no_log, play_matches
from arena.games.registry import game_by_name
from benchmarks.report import arguments, model_of, report
from benchmarks.rivals import batched, each_alone, logged, raw_decode
from benchmarks.vllm_server import measure as on_vllm_cpu

LAG_EVERY_S = 0.005


@dataclass(frozen=True, slots=True)
class Run:
    """Some games played at once: CPU and wall seconds, and how late a timer on the event loop fired (ascending)."""

    played: list[Played]
    cpu_s: float
    wall_s: float
    steps: int
    lags_s: list[float]

    @property
    def decisions(self) -> int:
        return sum(len(m.decisions) for m in self.played)

    @property
    def tokens(self) -> int:
        return sum(m.tokens for m in self.played)

    @property
    def public_tokens(self) -> int:
        return sum(len(m.trunks[0].tokens) for m in self.played)


def play(source: str | Path, games: int, at_once: int, options: Mapping[str, Any] | None = None) -> Run:
    game = game_by_name("werewolf")
    rules = game.options(dict(options or {}))
    seats = game.seat_count(rules)
    engine = LocalEngine(source)
    minds = {"self": PolicyMind(engine)}
    lags: list[float] = []

    async def watch() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(LAG_EVERY_S)
            lags.append(time.perf_counter() - begun - LAG_EVERY_S)

    async def all_games() -> list[Played]:
        engine.start()
        watching = asyncio.create_task(watch())
        try:
            lineups = [Lineup(f"benchmark/{n}", ("self",) * seats) for n in range(games)]
            playing = play_matches(game, rules, lineups, minds, no_log, purpose="selfplay", at_once=at_once)
            return [match async for match in playing]
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await engine.stop()

    cpu, wall = time.process_time(), time.perf_counter()
    played = asyncio.run(all_games())
    return Run(played, time.process_time() - cpu, time.perf_counter() - wall, engine.counts.steps, sorted(lags))


def curve(source: str | Path, games: int, at_once: int, options: Mapping[str, Any] | None = None) -> dict[str, float]:
    run = play(source, games, at_once, options)
    return {
        "games_per_cpu_s": round(games / run.cpu_s, 2),
        "public_tokens": round(run.public_tokens / games, 1),
        "ms_per_public_token": round(1e3 * run.cpu_s / run.public_tokens, 3),
    }


def measure(source: str | Path, *, quick: bool) -> dict[str, Any]:
    games, at_once = (32, 32) if quick else (192, 64)
    play(source, at_once // 4, at_once)  # warm-up
    run = play(source, games, at_once)
    decisions = logged(run.played)
    ours = run.cpu_s / run.decisions
    alone = each_alone(source, decisions, 16 if quick else 150)
    together = batched(source, decisions, 2 if quick else 8)
    served = on_vllm_cpu(source, 8 if quick else 48)
    talk = sum(d.sampled for d in decisions if d.talk)
    rows = max(1, round(talk / run.steps))
    context = round(mean(len(d.prompt) + d.sampled / 2 for d in decisions if d.talk))
    raw = raw_decode(source, rows, context)
    figures: dict[str, Any] = {
        "games": games,
        "rooms_at_once": at_once,
        "decisions": run.decisions,
        "games_per_cpu_s": round(games / run.cpu_s, 2),
        "games_per_s": round(games / run.wall_s, 2),
        "decisions_per_cpu_s": round(run.decisions / run.cpu_s, 1),
        "sampled_tokens_per_cpu_s": round(run.tokens / run.cpu_s, 1),
        "read_tokens_per_cpu_s": round((run.public_tokens + sum(_branches(m) for m in run.played)) / run.cpu_s, 1),
        "ratio_vs_sequential_generate": round(alone / ours, 2),
        "ratio_vs_batched_generate": round(together / ours, 2),
        "ratio_vs_vllm_cpu": None if served is None else round(1 / (served["decisions_per_cpu_s"] * ours), 2),
        "raw_decode_tokens_per_cpu_s": round(raw, 1),
        "raw_decode_rows": rows,
        "raw_decode_context": context,
        "share_of_raw_decode": round(run.tokens / run.cpu_s / raw, 3),
        "lag_p50_ms": round(run.lags_s[len(run.lags_s) // 2] * 1e3, 2),
        "lag_p99_ms": round(run.lags_s[int(len(run.lags_s) * 0.99)] * 1e3, 2),
    }
    return figures


def curves(source: str | Path) -> dict[str, Any]:
    """How the cost of a game grows. The rooms play short games, because many rooms are many games."""
    short = {"max_days": 1}
    return {
        "by_rooms": {n: curve(source, max(4, n), n, short) for n in (1, 4, 16, 64, 128, 512)},
        "by_seats": {n: curve(source, 32, 32, {"seats": n}) for n in (5, 7, 10, 13, 16)},
        "by_talk_rounds": {n: curve(source, 32, 32, {"talk_rounds": n}) for n in (1, 2, 3)},
    }


def _branches(match: Played) -> int:
    return sum(len(d.tokens.branch) for d in match.decisions if d.tokens)


def main() -> None:
    """The command."""
    wanted = arguments(__doc__)
    source = model_of(wanted)
    figures = measure(source, quick=wanted.quick)
    report(figures if wanted.quick else {**figures, **curves(source)}, wanted.json)


if __name__ == "__main__":
    main()
