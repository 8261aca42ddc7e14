"""A vLLM server while its weights change: a real one, started for it, with one checkpoint after the other.

What the library itself needs for new full weights is its pause: from the call that pauses the server to the end of the
one that lets it go on, with the calls that load, label and forget in between.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from agents.engines.local.codec import HubCodec
from agents.engines.vllm.engine import VllmEngine
from agents.engines.vllm.launch import OwnServer
from benchmarks.processes import resident_bytes
from benchmarks.reloading.load import Watched, play

_PAUSE, _RESUME, _ADAPTER = "/pause", "/resume", "/v1/load_lora_adapter"


class _Clocked(httpx.AsyncHTTPTransport):
    """Notes when each call that is no decision began and was answered, by path."""

    def __init__(self) -> None:
        super().__init__(limits=httpx.Limits(max_connections=None, max_keepalive_connections=None))
        self.calls: dict[str, list[tuple[float, float]]] = defaultdict(list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        begun = time.perf_counter()
        response = await super().handle_async_request(request)
        if request.url.path != "/inference/v1/generate":
            self.calls[request.url.path].append((begun, time.perf_counter()))
        return response

    def pauses_s(self) -> list[float]:
        return [end - begun for (begun, _), (_, end) in zip(self.calls[_PAUSE], self.calls[_RESUME], strict=True)]


async def reload_vllm(
    server: OwnServer, found: Mapping[str, Path], games: int, reloads: int
) -> tuple[Watched, dict[str, Any]]:
    """Make the first checkpoint live and go through them all again and again; what minds had, and figures beside the
    library's own pause. The server is left with the last full weights."""
    clocked = _Clocked()
    engine = VllmEngine(server.launch.url, HubCodec, locate=found.__getitem__, transport=lambda: clocked)
    watched = Watched(engine)
    sources = list(found.values())
    engine.start()
    try:
        await engine.reload(sources[0])
        clocked.calls.clear()
        await play(watched, sources, games, reloads, lambda: resident_bytes(server.process.pid))
    finally:
        await engine.stop()
    pauses = clocked.pauses_s()
    calm, busy = watched.gaps_s()
    return watched, {
        "longest_gap_ms": _ms(max(busy)),
        "calm_gap_ms": _ms(max(calm)),
        "longest_gap_pauses": round(max(busy) / max(pauses), 2),
        "pause_p50_ms": _ms(statistics.median(pauses)),
        "pause_max_ms": _ms(max(pauses)),
        "adapter_p50_ms": _ms(statistics.median(end - begun for begun, end in clocked.calls[_ADAPTER])),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 1)
