"""Self-play through the local engine, beside asking ``generate`` for each decision by itself.

Both play with the same weights on one thread. The second answers decisions that the first one logged: the same prompts,
the same number of sampled tokens, nothing kept between them, which is what one writes without an engine.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import torch

from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.policy import PolicyMind
from agents.runner import Lineup, Played, no_log, play_matches
from arena.games.registry import game_by_name
from benchmarks.report import arguments, model_of, report


def measure(source: Any, games: int, alone: int, at_once: int = 64) -> dict[str, Any]:
    engine = LocalEngine(source)
    asyncio.run(_play(engine, at_once // 4, at_once))  # warm-up
    engine = LocalEngine(source)
    cpu, wall = time.process_time(), time.perf_counter()
    played = asyncio.run(_play(engine, games, at_once))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    decisions = [(m, d) for m in played for d in m.decisions]
    sequential = _alone(source, random.Random(0).sample(decisions, alone)) / alone
    per_decision = cpu / len(decisions)
    return {
        "games": games,
        "decisions": len(decisions),
        "tokens": sum(m.tokens for m in played),
        "games_per_cpu_s": round(games / cpu, 2),
        "games_per_s": round(games / wall, 2),
        "tokens_per_cpu_s": round(sum(m.tokens for m in played) / cpu, 1),
        "ratio_vs_sequential_generate": round(sequential / per_decision, 2),
    }


async def _play(engine: LocalEngine, games: int, at_once: int) -> list[Played]:
    game = game_by_name("werewolf")
    lineups = [Lineup(f"benchmark/{n}", ("self",) * 7) for n in range(games)]
    minds = {"self": PolicyMind(engine)}
    engine.start()
    try:
        playing = play_matches(game, game.options({}), lineups, minds, no_log, purpose="selfplay", at_once=at_once)
        return [match async for match in playing]
    finally:
        await engine.stop()


@torch.inference_mode()
def _alone(source: Any, decisions: list[tuple[Played, Any]]) -> float:
    """CPU seconds for these decisions, each by itself."""
    model = load_weights(source).model
    begun = time.process_time()
    for match, decision in decisions:
        record = decision.tokens
        prompt = torch.tensor([[*match.trunks[0].read_by(record), *record.branch]])
        count = len(record.sampled)
        model.generate(prompt, do_sample=True, min_new_tokens=count, max_new_tokens=count, pad_token_id=0)
    return time.process_time() - begun


def main() -> None:
    """The command."""
    wanted = arguments(__doc__)
    report(measure(model_of(wanted), 48 if wanted.quick else 512, 60 if wanted.quick else 400), wanted.json)


if __name__ == "__main__":
    main()
