"""The words of Werewolf: roles, sides, phases, options and the state. No rules here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Side(StrEnum):
    VILLAGE = "village"
    WEREWOLVES = "werewolves"


class Role(StrEnum):
    VILLAGER = "villager"
    WEREWOLF = "werewolf"
    SEER = "seer"
    DOCTOR = "doctor"
    WITCH = "witch"
    HUNTER = "hunter"
    MEDIUM = "medium"
    POSSESSED = "possessed"

    @property
    def side(self) -> Side:
        """Whom the role wins with."""
        return Side.WEREWOLVES if self in (Role.WEREWOLF, Role.POSSESSED) else Side.VILLAGE

    @property
    def seen(self) -> Side:
        """What a seer sees, and what a dead seat's side is shown as: whether it is a werewolf, not whom it wins
        with."""
        return Side.WEREWOLVES if self is Role.WEREWOLF else Side.VILLAGE


class Phase(StrEnum):
    """Where a match stands. ``SETUP`` comes before the first night, ``OVER`` after the last event.

    ``DAWN`` and ``DUSK`` come when the dead of the night or the exiled seat are known, and last until a dying hunter
    and a dying mayor have acted.
    """

    SETUP = "setup"
    NIGHT = "night"
    DAWN = "dawn"
    TALK = "talk"
    ELECTION = "election"
    VOTE = "vote"
    DUSK = "dusk"
    OVER = "over"


class Discussion(StrEnum):
    ROUNDS = "rounds"
    """One after the other, in an order drawn anew each day."""
    PARALLEL = "parallel"
    """All at once; everybody hears the others when the last has spoken."""
    OPEN = "open"
    """Who wants to speak bids for the floor; who has it speaks, and all bid again."""


class Reveal(StrEnum):
    """What the village learns of somebody who died."""

    NOTHING = "nothing"
    SIDE = "side"
    ROLE = "role"


class Tie(StrEnum):
    """What follows when several seats have the most votes."""

    NONE = "none"
    """Nobody is exiled."""
    SECOND_VOTE = "second_vote"
    """The village votes once more, among them; another tie exiles nobody."""
    RANDOM = "random"
    """One of them is drawn."""


class Ending(StrEnum):
    """Why a match ended. The values are stable: logs and ratings refer to them."""

    WOLVES_DEAD = "wolves_dead"
    WOLVES_EQUAL = "wolves_equal"
    OUT_OF_DAYS = "out_of_days"
    NOBODY_LEFT = "nobody_left"


NOBODY: Final = "nobody"
"""The choice to choose nobody, where it is offered by name."""

OPEN_SLOTS_A_DAY: Final = 24
"""The most speaking slots of a day, whatever ``open_slots`` and the number of seats."""


@dataclass(frozen=True, slots=True)
class WerewolfOptions:
    """The house rules; the README says what each means. ``cast`` is None where the table deals."""

    seats: int = 7
    discussion: Discussion = Discussion.ROUNDS
    talk_rounds: int = 1
    reveal: Reveal = Reveal.ROLE
    first_night_kill: bool = True
    max_days: int = 10
    text_limit: int = 280
    talk_budget_s: float = 90.0
    choice_budget_s: float = 45.0
    cast: tuple[tuple[Role, int], ...] | None = None
    mayor: bool = False
    self_protect: bool = True
    same_target: bool = True
    tie: Tie = Tie.NONE
    open_vote: bool = True
    open_slots: int = 2
    bid_budget_s: float = 15.0


Pick = tuple[str, int, str | int | None]
"""(step, seat, what it chose or said): the step is the kind of the turn, or ``say`` for a message of ``parallel``."""


@dataclass(frozen=True, slots=True)
class State:
    """Everything about a match, secrets included: this never leaves the server.

    ``order`` holds the seats that speak today, in order; ``heard`` counts messages in it (``rounds``), the finished
    rounds (``parallel``) or the finished slots (``open``). ``picks`` holds what was chosen or said in the running step.
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
    picks: tuple[Pick, ...] = ()
    winner: Side | None = None
    ending: Ending | None = None
    warned: bool = False
    """Whether tonight's witches know whom the werewolves attack, ``prey`` (None: nobody)."""
    prey: int | None = None
    spent: tuple[tuple[int, str], ...] = ()
    """(witch, potion) that are used up; a potion is called by its turn, ``save`` or ``poison``."""
    guarded: tuple[tuple[int, int], ...] = ()
    """(doctor, seat) of the last night with a kill."""
    fallen: tuple[int, ...] = ()
    """Who died since the last day or night began, in order."""
    exiled: int | None = None
    """Whom the village exiled today."""
    mayor: int | None = None
    elected: bool = False
    """Whether the election has been held."""
    among: tuple[int, ...] = ()
    """Who stands in the second vote; empty in a first one."""
    floor: int | None = None
    """Who has the floor (``open``)."""
    spoke: tuple[int, ...] = ()
    """Who had the floor today, in order."""

    def living(self) -> tuple[int, ...]:
        return _living(self.alive)

    def living_wolves(self) -> tuple[int, ...]:
        return self.living_as(Role.WEREWOLF)

    def living_as(self, role: Role) -> tuple[int, ...]:
        return _living_as(role, self.alive, self.roles)

    def picked(self, step: str) -> dict[int, str | int | None]:
        """What each seat has chosen (or said) in this step so far."""
        return {seat: value for s, seat, value in self.picks if s == step}

    def chosen(self, step: str) -> set[int]:
        """The seats that were chosen in this step so far."""
        return {value for s, _, value in self.picks if s == step and type(value) is int}


# The rules ask for the living many times an act, and a server's matches share few answers.


@lru_cache(maxsize=4096)
def _living(alive: tuple[bool, ...]) -> tuple[int, ...]:
    return tuple(seat for seat, lives in enumerate(alive) if lives)


@lru_cache(maxsize=4096)
def _living_as(role: Role, alive: tuple[bool, ...], roles: tuple[Role, ...]) -> tuple[int, ...]:
    return tuple(seat for seat in _living(alive) if roles[seat] is role)
