"""New weights under load: games in flight, one reload after another, full weights and LoRA adapters in turn.

Counts decisions that got lost, came twice or failed, and scores a sample of them again with the checkpoint that each
names. ``memory_early_mib`` is resident after a fifth of the reloads, ``memory_late_mib`` after all: of this process, or
of all processes of the server. ``lag_p99_ms`` is how late a timer on the event loop fires.

Local engine: ``longest_gap_steps`` is the longest time without any decision, in median steps of the engine, and
``calm_gap_steps`` the same before the first reload.

``--engine vllm``: a vLLM server on this machine, started for it. The longest time without any decision in milliseconds,
the same before the first reload, and the longest in the library's own pauses (``longest_gap_pauses``): how long it
stands still for new full weights. ``adapter_p50_ms`` is how long it takes to load an adapter.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.engines.vllm.launch import Launch, OwnServer, find_python, free_port, runs_on_cpu
from benchmarks.reloading.checkpoints import checkpoints, wrong_versions
from benchmarks.reloading.load import Watched
from benchmarks.reloading.local import reload_local
from benchmarks.reloading.vllm import reload_vllm
from benchmarks.report import model_of, parser, report


def measure(
    source: str | Path, games: int, reloads: int, sample: int = 200, *, engine: str = "local"
) -> dict[str, Any]:
    """
    Args:
        engine: ``local``, or ``vllm`` for a server that is started for it.

    Raises:
        OptionError: vLLM is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = checkpoints(source, Path(folder), 6)
        if engine == "local":
            watched, own = reload_local(found, games, reloads)
        else:
            python = find_python()
            launch = Launch(python, str(next(iter(found.values()))), free_port(), runs_on_cpu(python))
            with OwnServer(launch, log=Path(folder) / "server.log") as server:
                watched, own = asyncio.run(reload_vllm(server, found, games, reloads))
        return {"engine": engine, "games_in_flight": games, **account(watched, found, sample), **own}


def account(watched: Watched, found: Mapping[str, Path], sample: int) -> dict[str, Any]:
    """What was asked and answered, whatever engine it was."""
    lags = sorted(watched.lags_s)
    return {
        "reloads": len(watched.reloaded),
        "decisions": len(watched.answers),
        "versions": len({reply.policy_version for _, reply in watched.answers}),
        "lost": watched.lost,
        "doubled": watched.doubled,
        "failed": watched.failed,
        "wrong_version": wrong_versions(found, watched.answers, sample),
        "memory_early_mib": round(watched.early_bytes / 2**20, 1),
        "memory_late_mib": round(watched.late_bytes / 2**20, 1),
        "lag_p50_ms": round(lags[len(lags) // 2] * 1e3, 2),
        "lag_p99_ms": round(lags[int(len(lags) * 0.99)] * 1e3, 2),
    }


def main() -> None:
    """The command."""
    wanted = _wanted()
    games, reloads = (30, 6) if wanted.quick else (wanted.games, wanted.reloads)
    report(measure(model_of(wanted), games, reloads, engine=wanted.engine), wanted.json)


def _wanted() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("--engine", choices=("local", "vllm"), default="local", help="what answers")
    options.add_argument("--games", type=int, default=200, help="how many are in flight")
    options.add_argument("--reloads", type=int, default=50, help="how often weights change")
    return options.parse_args()


if __name__ == "__main__":
    main()
