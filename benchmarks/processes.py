"""What all processes of a session have cost and hold, as /proc/PID/stat tells it (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def cpu_s(session: int) -> float:
    """The CPU seconds of its processes so far, ended children included."""
    return sum(sum(map(int, fields[11:15])) for fields in _stats(session)) / _TICKS


def resident_bytes(session: int) -> int:
    """The resident memory of its processes; what several of them share is counted for each."""
    return sum(int(fields[21]) for fields in _stats(session)) * _PAGE_BYTES


def _stats(session: int) -> Iterator[list[str]]:
    """The fields after the program's name."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[3]) == session:
            yield fields
