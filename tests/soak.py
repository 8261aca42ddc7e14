"""How often a test repeats itself: little in the suite, in full with ``ARENA_SOAK=1`` (``make soak``)."""

from __future__ import annotations

import os


def count(small: int, full: int) -> int:
    return full if os.environ.get("ARENA_SOAK") else small
