"""The garbage collector's pace in a process that makes many small objects for hours.

Python looks for reference cycles each time 700 more containers were made than freed, and now and then through all that
lives. A server makes thousands of them a second, nearly none in cycles, and holds a large heap: at the usual pace the
collector took more than a third of the processor time of a loaded server, and stopped it for up to a second at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PACE: Final = (20_000, 20, 50)
"""Containers made before the youngest are looked through, and how often that happens before the older ones are."""


@contextmanager
def calm_collector() -> Iterator[None]:
    """Collect rarely, and leave what exists now (modules, the model) out of it for good. For the whole process."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*PACE)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
