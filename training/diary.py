"""What else became of a run: a file of JSON lines beside its curves, one an entry, in the order in which they happened.

    begun     a command began to train, so many updates ahead
    alarmed   an update went wrong (``training.alarms``), and what was done about it
    tried     a checkpoint was put to a trial before going live (``training.trial``)
    ended     the command is over, and why

A run that a crash cut short has a beginning without an end. Lines that cannot be read are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

DIARY_FILE: Final = "diary.jsonl"
ALL_MADE: Final = "all updates are made"
TIME_IS_UP: Final = "its time is up"
ALARMS: Final = "its alarms stopped it"
BROKEN_OFF: Final = "it was broken off"
"""Why a run ended."""
TAKEN_BACK: Final = "back to the last good weights, at half the learning rate"
STOPPED: Final = "stopped"
"""What was done about alarms."""


Count = Annotated[int, Field(ge=0, lt=2**53)]
Number = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Begun:
    """``updates`` had been made before; ``planned`` more are to come at most, in at most so many ``seconds``."""

    at: Number
    game: str
    updates: Count
    planned: Count
    seconds: Number | None = None


@dataclass(frozen=True, slots=True)
class Alarmed:
    """``update`` is the number of the point that is meant, ``figures`` what was wrong with it in words, and ``done``
    what followed (empty: nothing)."""

    at: Number
    update: Count
    figures: list[str]
    done: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """``score`` is the checkpoint's share of the points over ``deals`` (``training.trial``), ``verdict`` in words."""

    at: Number
    checkpoint: str
    champion: str
    verdict: str
    went_live: bool
    deals: Count
    score: Number


@dataclass(frozen=True, slots=True)
class Ended:
    """``why`` is for people."""

    at: Number
    why: str


Entry = Begun | Alarmed | Tried | Ended
_KINDS: Final[Mapping[str, TypeAdapter[Any]]] = {
    kind.__name__.lower(): TypeAdapter(kind) for kind in (Begun, Alarmed, Tried, Ended)
}


def write(folder: Path, entry: Entry) -> None:
    """Add an entry to the diary of the run in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / DIARY_FILE).open("a") as file:
        file.write(json.dumps({"what": type(entry).__name__.lower(), **asdict(entry)}) + "\n")


def read(folder: Path) -> list[Entry]:
    """All entries; none where the run has no diary."""
    try:
        lines = (folder / DIARY_FILE).read_text(errors="replace").splitlines()
    except OSError:
        return []
    found: list[Entry] = []
    for line in lines:
        try:
            fields: dict[str, Any] = json.loads(line)
            found.append(_KINDS[fields.pop("what")].validate_python(fields))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found
