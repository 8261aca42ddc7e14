"""The engine in this process while its weights change."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.engines.local.engine import LocalEngine, _Policy
from benchmarks.reloading.load import Watched, play


@dataclass(slots=True)
class _Timed(LocalEngine):
    """Notes how long its steps took."""

    step_s: list[float] = field(default_factory=list)

    def _step(self, policy: _Policy) -> bool:
        begun = time.perf_counter()
        more = LocalEngine._step(self, policy)
        self.step_s.append(time.perf_counter() - begun)
        return more


def reload_local(found: Mapping[str, Path], games: int, reloads: int) -> tuple[Watched, dict[str, Any]]:
    """Play on the first checkpoint and go through them all again and again; what minds had, and figures in steps."""
    sources = list(found.values())
    engine = _Timed(sources[0], locate=found.__getitem__)
    watched = Watched(engine)

    async def run() -> None:
        engine.start()
        try:
            await play(watched, sources, games, reloads, _resident_bytes)
        finally:
            await engine.stop()

    asyncio.run(run())
    step = statistics.median(engine.step_s)
    calm, busy = watched.gaps_s()
    return watched, {
        "longest_gap_steps": round(max(busy) / step, 2),
        "calm_gap_steps": round(max(calm) / step, 2),
        "median_step_ms": round(step * 1e3, 2),
        "p99_step_steps": round(sorted(engine.step_s)[int(len(engine.step_s) * 0.99)] / step, 2),
    }


def _resident_bytes() -> int:
    """Of this process."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024
