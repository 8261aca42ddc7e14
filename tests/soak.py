"""How much a test does: a small count in the suite, the full one in ``make soak``."""

from __future__ import annotations

import os


def count(small: int, full: int) -> int:
    return full if os.environ.get("ARENA_SOAK") else small
