"""The words of Werewolf: roles, sides, phases, options and the state. No rules here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Side(StrEnum):
    VILLAGE = "village"
    WEREWOLVES = "werewolves"


class Role(StrEnum):
    VILLAGER = "villager"
    WEREWOLF = "werewolf"
    SEER = "seer"
    DOCTOR = "doctor"

    @property
    def side(self) -> Side:
        return Side.WEREWOLVES if self is Role.WEREWOLF else Side.VILLAGE


class Phase(StrEnum):
    """Where a match stands. ``SETUP`` comes before the first night, ``OVER`` after the last event."""

    SETUP = "setup"
    NIGHT = "night"
    TALK = "talk"
    VOTE = "vote"
    OVER = "over"


class Discussion(StrEnum):
    ROUNDS = "rounds"
    """One after the other, in an order drawn anew each day."""
    PARALLEL = "parallel"
    """All at once; everybody hears the others when the last has spoken."""


class Reveal(StrEnum):
    """What the village learns of somebody who died."""

    NOTHING = "nothing"
    SIDE = "side"
    ROLE = "role"


class Ending(StrEnum):
    """Why a match ended. The values are stable: logs and ratings refer to them."""

    WOLVES_DEAD = "wolves_dead"
    WOLVES_EQUAL = "wolves_equal"
    OUT_OF_DAYS = "out_of_days"


CAST: Final[dict[int, tuple[Role, ...]]] = {
    7: (Role.WEREWOLF,) * 2 + (Role.SEER, Role.DOCTOR) + (Role.VILLAGER,) * 3,
}
"""The roles that are dealt, by number of seats."""

NAMES: Final[tuple[str, ...]] = (
    "Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo", "Ines", "Jonas", "Kira", "Leo",
    "Mona", "Nils", "Olga", "Paul", "Quinn", "Rosa", "Sven", "Tess", "Uma", "Vito", "Wanda", "Yara",
)  # fmt: skip
"""The pool that seat names are drawn from. No name begins another one, and none is an English word."""


@dataclass(frozen=True, slots=True)
class WerewolfOptions:
    seats: int = 7
    discussion: Discussion = Discussion.ROUNDS
    talk_rounds: int = 1
    reveal: Reveal = Reveal.ROLE
    first_night_kill: bool = True
    max_days: int = 10
    text_limit: int = 280
    talk_budget_s: float = 90.0
    choice_budget_s: float = 45.0


@dataclass(frozen=True, slots=True)
class State:
    """Everything about a match, secrets included: this never leaves the server.

    ``order`` holds the seats that speak today, in order; ``heard`` counts messages in it (``rounds``) or the finished
    rounds (``parallel``). ``picks`` holds what was chosen or said in the running simultaneous step, by seat; the key of
    a night choice is ``(step, seat)`` with step one of ``kill``, ``check``, ``protect``.
    """

    options: WerewolfOptions = field(default_factory=WerewolfOptions)
    names: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    alive: tuple[bool, ...] = ()
    phase: Phase = Phase.SETUP
    day: int = 0
    order: tuple[int, ...] = ()
    heard: int = 0
    pack_heard: int = 0
    picks: tuple[tuple[str, int, str | int | None], ...] = ()
    winner: Side | None = None
    ending: Ending | None = None

    def living(self) -> tuple[int, ...]:
        return tuple(s for s, a in enumerate(self.alive) if a)

    def living_wolves(self) -> tuple[int, ...]:
        return tuple(s for s in self.living() if self.roles[s] is Role.WEREWOLF)

    def picked(self, step: str) -> dict[int, str | int | None]:
        """What each seat has chosen (or said) in this step so far."""
        return {seat: value for s, seat, value in self.picks if s == step}
