"""What stands in the talk and among the things that only I know, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LineKind(StrEnum):
    """What a line of the public talk is, which decides how it looks."""

    INTRO = "intro"
    PHASE = "phase"
    TALK = "talk"
    GHOST = "ghost"
    """The dead among themselves."""
    SECRET = "secret"
    """What only some seats saw, shown to a spectator who may see everything."""
    FACT = "fact"
    DEATH = "death"
    VOTES = "votes"
    END = "end"
    SHOWN = "shown"
    """What somebody does or shows, without a word."""
    WHISPER = "whisper"
    """Words that only some have heard."""
    OFFER = "offer"
    YES = "yes"
    """Somebody agrees."""
    GONE = "gone"
    """Somebody leaves for good."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the talk. ``text`` is cleaned; ``how`` stands before it, such as to whom it was whispered, and
    ``aside`` behind it; ``ballots`` are (voter, target or None for nobody)."""

    kind: LineKind
    text: str
    seat: int | None = None
    ballots: tuple[tuple[int, int | None], ...] = ()
    how: str = ""
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that only I know. ``seat`` is who said it, for the werewolves' own talk."""

    when: str
    text: str
    seat: int | None = None
    alarming: bool = False
