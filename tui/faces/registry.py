"""The games that have a face of their own."""

from __future__ import annotations

from functools import cache
from typing import Final

from tui.faces.face import Face, Jump
from tui.faces.scenario import ScenarioFace
from tui.faces.werewolf import WerewolfFace

_FACES: Final[dict[str, type[Face]]] = {"werewolf": WerewolfFace, "scenario": ScenarioFace}


def all_jumps() -> tuple[Jump, ...]:
    """Those of every game; several may have one key."""
    return tuple(jump for face in _FACES.values() for jump in face.jumps)


@cache
def face_of(game: str) -> Face:
    """How the game of this name is shown; what nothing more is known of by its lines and rules."""
    return _FACES.get(game, Face)(game)
