"""The acts that a room has taken, by their senders' own ids: what is sent twice counts once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from arena.errors import IllegalAct
from arena.games.core import Act
from arena.protocol import codes

DEAD_TALK: Final = "dead_talk"
"""The kind of the acts with which the dead talk among themselves, and what stands for their turn."""


@dataclass(slots=True)
class AcceptedActs:
    """Ids are kept for the whole match. A thought is no part of an act: it is not compared."""

    _acts: dict[tuple[int, str], tuple[str, Act]] = field(default_factory=dict)

    def repeats(self, seat: int, act_id: str, turn_id: str, act: Act) -> bool:
        """Whether this very act was taken before.

        Raises:
            IllegalAct: the id was used for another one.
        """
        before = self._acts.get((seat, act_id))
        if before is None:
            return False
        if before != (turn_id, replace(act, thought=None)):
            raise IllegalAct("That act id was used for another act.", code=codes.ACT_ID_REUSED)
        return True

    def add(self, seat: int, act_id: str, turn_id: str, act: Act) -> None:
        self._acts[seat, act_id] = (turn_id, replace(act, thought=None))
