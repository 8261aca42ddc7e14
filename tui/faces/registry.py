"""The games that have a face of their own."""

from __future__ import annotations

from functools import cache
from pkgutil import resolve_name
from typing import Final

from tui.faces.face import Face, Jump

_WHERE: Final = {"werewolf": "tui.faces.werewolf:WerewolfFace", "scenario": "tui.faces.scenario:ScenarioFace"}
"""A face is imported with the rules of its game, when somebody looks at it."""


def all_jumps() -> tuple[Jump, ...]:
    """Those of every game; several may have one key."""
    return tuple(jump for game in _WHERE for jump in face_of(game).jumps)


@cache
def face_of(game: str) -> Face:
    """How the game of this name is shown; what nothing more is known of by its lines and rules."""
    kind: type[Face] = resolve_name(_WHERE[game]) if game in _WHERE else Face
    return kind(game)
