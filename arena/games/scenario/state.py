"""Options and state of a scenario match. No rules here.

A match goes through three stages: ``TALK`` (turn by turn, until something ends it), ``GIVING`` (everybody gives into
the pot, if there is one) and ``GUESSING`` (what each is asked about another), then it is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from arena.games.core import Event
from arena.games.scenario.pay import Pay
from arena.games.scenario.spec import Scenario


class Order(StrEnum):
    """Who may act when."""

    ROUND = "round"
    """One after the other."""
    PARALLEL = "parallel"
    """All at once; what they did is seen when the last has acted (OMAR's way)."""
    OPEN = "open"
    """Who wants to act bids for the floor; who has it acts, and all bid again."""


class Deed(StrEnum):
    """What can be done with a turn."""

    SPEAK = "speak"
    GESTURE = "gesture"
    DO = "do"
    WHISPER = "whisper"
    PROPOSE = "propose"
    ACCEPT = "accept"
    PLEDGE = "pledge"
    LEAVE = "leave"
    WAIT = "wait"


class Stage(StrEnum):
    SETUP = "setup"
    TALK = "talk"
    GIVING = "giving"
    GUESSING = "guessing"
    OVER = "over"


TEXTS: Final = {Deed.SPEAK: "said", Deed.GESTURE: "gestured", Deed.DO: "did", Deed.WHISPER: "heard"}
"""Deeds that want words, and the kind of event that holds them."""
ENOUGH: Final = "enough"
"""Ends the list of those whispered to."""


@dataclass(frozen=True, slots=True)
class ScenarioOptions:
    """``scenario`` names one of the library; otherwise one is made by the generator ``family`` (``any``: drawn) for
    ``seats``. ``difficulty`` 1 to 3. ``split`` is ``train`` or ``test``: no scenario is made for both. ``turns`` is how
    many turns are taken at the table at most, a round of ``parallel`` counting as one. ``text_limit`` in characters.
    ``pay``: which scores make a seat's return, and how much each counts; the overall one where it is empty."""

    scenario: str = ""
    family: str = "any"
    seats: int = 2
    difficulty: int = 2
    split: str = "train"
    order: Order = Order.ROUND
    turns: int = 20
    text_limit: int = 240
    pay: Pay = ()


@dataclass(frozen=True, slots=True)
class Doing:
    """What a seat is in the middle of: the deed it has chosen, whom it whispers to, the terms it has named so far."""

    deed: Deed
    to: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    enough: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """Terms on the table. ``by`` proposed them; ``agreed`` holds the seats that would have them, ``by`` included."""

    by: int
    terms: tuple[str, ...]
    agreed: frozenset[int]


@dataclass(frozen=True, slots=True)
class State:
    """``taken`` counts the turns that are over. ``idle``: the seats that have waited since something was last done.

    ``held``: what was done in the present parallel round and is not yet seen, by seat. ``bids`` by seat. ``pledges``
    and ``gave`` by seat, in coins. ``guessed`` by seat; None for a seat that did not guess.
    """

    options: ScenarioOptions = ScenarioOptions()
    scenario: Scenario | None = None
    stage: Stage = Stage.SETUP
    first: int = 0
    taken: int = 0
    idle: frozenset[int] = frozenset()
    gone: frozenset[int] = frozenset()
    last: int | None = None
    """Who acted last, one after the other."""
    floor: int | None = None
    bids: tuple[tuple[int, str], ...] = ()
    doing: tuple[tuple[int, Doing], ...] = ()
    held: tuple[tuple[int, Event], ...] = ()
    offer: Offer | None = None
    deal: tuple[str, ...] | None = None
    agreed: frozenset[int] = frozenset()
    why: str = ""
    """Why the talk ended."""
    deeds: tuple[Event, ...] = ()
    """Everything that was done so far, as it was seen or heard."""
    pledges: tuple[tuple[int, int], ...] = ()
    gave: tuple[tuple[int, int], ...] = ()
    guessed: tuple[tuple[int, str | None], ...] = ()

    @property
    def spec(self) -> Scenario:
        assert self.scenario is not None, "the match has not begun"
        return self.scenario

    @property
    def seats(self) -> int:
        return len(self.spec.parts)

    def present(self) -> tuple[int, ...]:
        """The seats that have not left."""
        return tuple(s for s in range(self.seats) if s not in self.gone)

    def busy(self, seat: int) -> Doing | None:
        return dict(self.doing).get(seat)
