"""What a room agrees on beside the rules of its game: who may find it, who waits for whom, what may be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one hosted room. They are stored with the match, so that a server goes on with it as it was.

    Args:
        code: a short word with which people find the room.
        private: the room is in no list; whoever knows the code or the id may join.
        blind: nobody is told which seats people hold; all who join have agreed to that.
        dead_talk: those who are out of the game may talk among themselves.
        show_all_after_s: spectators may follow everything, secrets too, this much later; None: only after the end.
        grace_s: how long a seat waits for a person whose connection broke before a stand-in plays.
        missed_turns: after so many turns missed in a row a stand-in plays.
        warning_s: how long before a deadline its person is warned.
        night_s: a moment in which somebody may act in secret lasts at least this long by anybody's clock, so that its
            length does not tell whether and how fast they did; 0: until they have.
        stand_in: the filling of seats that wait for people, and of those whose people are away.
    """

    code: str = ""
    private: bool = False
    blind: bool = False
    dead_talk: bool = False
    show_all_after_s: float | None = None
    grace_s: float = 30.0
    missed_turns: int = 3
    warning_s: float = 10.0
    night_s: float = 0.0
    stand_in: str = "self"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Terms:
        """Terms as they were stored; what an older program did not know takes its default."""
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in value.items() if k in known})
