"""How much a test does: a little in the suite, everything in ``make soak``."""

from __future__ import annotations

import os


def count(small: int, full: int) -> int:
    """``small`` in the suite, ``full`` in the soak."""
    return full if os.environ.get("ARENA_SOAK") else small
