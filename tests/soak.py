"""How much a test does: a little in the suite, more in ``make slow``, everything in ``make soak``."""

from __future__ import annotations

import os


def count(small: int, full: int, *, slow: int | None = None) -> int:
    """``small`` in the suite, ``full`` in the soak (``ARENA_SOAK=1``).

    ``slow`` is the size in between (``ARENA_SLOW=1``), for tests that have one: some minutes each.
    """
    if os.environ.get("ARENA_SOAK"):
        return full
    return small if slow is None or not os.environ.get("ARENA_SLOW") else slow
