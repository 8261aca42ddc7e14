"""The last messages of a connection, one line each, for people who look for what is wrong.

Fields that hold secrets are those that the messages themselves keep out of their ``repr``; their values never get here.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Any, Final, Literal

from pydantic import BaseModel

from arena.protocol.text import clean_text

KEPT: Final = 50
"""So many each way."""
LINE_LIMIT: Final = 400
"""The most characters of one line; a list of rooms would fill pages."""
HIDDEN: Final = "…"

Way = Literal["sent", "heard"]


@dataclass(frozen=True, slots=True)
class Traced:
    """``at`` is in seconds since the Unix epoch; ``line`` is cleaned."""

    at: float
    way: Way
    line: str


class Trace:
    """Cheap while nobody looks: lines are made when they are asked for."""

    def __init__(self, wall_s: Callable[[], float] = time) -> None:
        self._wall_s = wall_s
        self._noted = 0
        self._kept: dict[Way, deque[tuple[int, float, BaseModel]]] = {
            "sent": deque(maxlen=KEPT),
            "heard": deque(maxlen=KEPT),
        }

    def note(self, way: Way, message: BaseModel) -> None:
        self._noted += 1
        self._kept[way].append((self._noted, self._wall_s(), message))

    def lines(self) -> tuple[Traced, ...]:
        """All that is kept, the oldest first."""
        found: dict[int, tuple[float, Way, BaseModel]] = {
            n: (at, way, message) for way, kept in self._kept.items() for n, at, message in kept
        }
        return tuple(Traced(at, way, line_of(message)) for _, (at, way, message) in sorted(found.items()))


def line_of(message: BaseModel) -> str:
    """The message's type and then its fields, without what is as it is by default."""
    told = _shown(message)
    kind = told.pop("type", type(message).__name__)
    fields = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in told.items())
    line = clean_text(f"{kind} {fields}".rstrip())
    return line if len(line) <= LINE_LIMIT else f"{line[: LINE_LIMIT - 1]}…"


def _shown(message: BaseModel) -> dict[str, Any]:
    secret = {name for name, field in type(message).model_fields.items() if not field.repr}
    told = message.model_dump(mode="json", exclude=secret, exclude_defaults=True)
    told |= {name: HIDDEN for name in secret if getattr(message, name) is not None}
    return {"type": getattr(message, "type", None), **told}
