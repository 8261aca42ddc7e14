"""A short game against scripts that teaches how to play, by what the face of the game says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Lesson:
    """``options`` and ``fills`` of its room; ``text`` offers it, in two sentences."""

    text: str
    options: Mapping[str, Any]
    fills: tuple[str, ...]
