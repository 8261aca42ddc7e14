"""Self-play through a vLLM server on this machine, in decisions a CPU second of server and client together.

The server is started for it, with the same model, prefix caching on, in 32-bit floats on a processor; its CPU time is
that of all its processes. Starting and a first round of games are not counted.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from agents.engines.local.codec import HubCodec
from agents.engines.vllm.engine import VllmEngine
from agents.engines.vllm.launch import Launch, OwnServer, find_python, free_port, runs_on_cpu
from agents.engines.vllm.server import VllmServer
from agents.llm.policy import PolicyMind
from agents.runner import Lineup, Played, no_log, play_matches
from arena.errors import OptionError
from arena.games.registry import game_by_name
from benchmarks.processes import cpu_s
from benchmarks.report import arguments, model_of, report


def measure(source: str | Path, games: int, at_once: int = 64, seed: str = "benchmark") -> dict[str, Any] | None:
    """Play ``games`` matches of Werewolf, dealt as ``f"{seed}/{n}"``; None where vLLM is not installed.

    Returns:
        ``games_per_cpu_s``, ``decisions_per_cpu_s`` and ``tokens_per_cpu_s`` of server and client together,
        ``server_cpu_s``, ``client_cpu_s``, ``start_cpu_s`` (of the server, before any game), ``seconds``, ``games``,
        ``decisions``, ``tokens``, ``failed`` decisions, and ``prefix_hits``, the share of prompt tokens that the
        server did not have to compute.
    """
    try:
        python = find_python()
    except OptionError:
        return None
    launch = Launch(python, str(source), free_port(), runs_on_cpu(python), adapters=0)
    with tempfile.TemporaryDirectory() as folder, OwnServer(launch, log=Path(folder) / "server.log") as server:
        start_cpu_s = cpu_s(server.process.pid)
        asyncio.run(_play(launch.url, at_once // 4, at_once, "warm-up"))
        asked, hits = asyncio.run(_prefixes(launch.url))
        theirs, ours, began = cpu_s(server.process.pid), time.process_time(), time.perf_counter()
        played = asyncio.run(_play(launch.url, games, at_once, seed))
        theirs, ours = cpu_s(server.process.pid) - theirs, time.process_time() - ours
        seconds = time.perf_counter() - began
        asked_after, hits_after = asyncio.run(_prefixes(launch.url))
    decisions, tokens = sum(len(m.decisions) for m in played), sum(m.tokens for m in played)
    cpu = theirs + ours
    return {
        "games": games,
        "decisions": decisions,
        "tokens": tokens,
        "failed": sum((d.fallback or "").startswith("engine/") for m in played for d in m.decisions),
        "games_per_cpu_s": round(games / cpu, 3),
        "decisions_per_cpu_s": round(decisions / cpu, 1),
        "tokens_per_cpu_s": round(tokens / cpu, 1),
        "server_cpu_s": round(theirs, 2),
        "client_cpu_s": round(ours, 2),
        "start_cpu_s": round(start_cpu_s, 1),
        "seconds": round(seconds, 2),
        "prefix_hits": round((hits_after - hits) / (asked_after - asked), 3),
    }


async def _play(url: str, games: int, at_once: int, seed: str) -> list[Played]:
    game = game_by_name("werewolf")
    engine = VllmEngine(url, HubCodec)
    lineups = [Lineup(f"{seed}/{n}", ("self",) * 7) for n in range(games)]
    engine.start()
    try:
        minds = {"self": PolicyMind(engine)}
        playing = play_matches(game, game.options({}), lineups, minds, no_log, purpose="selfplay", at_once=at_once)
        return [match async for match in playing]
    finally:
        await engine.stop()


async def _prefixes(url: str) -> tuple[float, float]:
    """How many prompt tokens the server was asked to read, and how many of them it knew already."""
    server = VllmServer(url)
    try:
        text = await server.metrics()
    finally:
        await server.close()

    def total(name: str) -> float:
        return sum(float(v) for v in re.findall(rf"^vllm:prefix_cache_{name}_total{{.*}} (\S+)$", text, re.MULTILINE))

    return total("queries"), total("hits")


def main() -> None:
    """The command."""
    wanted = arguments(__doc__)
    report(measure(model_of(wanted), 8 if wanted.quick else 96) or {"vllm": "not installed"}, wanted.json)


if __name__ == "__main__":
    main()
