"""How a scripted negotiator is: numbers that its reasoning reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Temperament:
    """``opens`` and ``closes``: the share of its own best that it asks for at the beginning and at the end of the talk.
    ``settles``: what it takes rather than part with nothing, on the last turns.

    ``frank``: how often it says what it wants; ``true``: how often that is true. ``asks``: how often it asks.
    ``promises`` and ``gives``: shares of its purse, where coins are given; ``trusting``: how far it gives as others
    promised instead. ``walks``: how often it leaves when there is nothing in it.
    """

    opens: float
    closes: float
    settles: float
    frank: float
    true: float
    asks: float
    promises: float
    gives: float
    trusting: float
    walks: float


FAIR: Final = Temperament(0.8, 0.45, 0.05, 0.6, 0.9, 0.5, 0.75, 0.6, 0.8, 0.02)
STUBBORN: Final = Temperament(1.0, 0.75, 0.4, 0.3, 0.8, 0.2, 0.25, 0.0, 0.1, 0.2)
GREEDY: Final = Temperament(1.0, 0.5, 0.1, 0.4, 0.5, 0.4, 0.75, 0.0, 0.0, 0.1)
HONEST: Final = Temperament(0.75, 0.4, 0.05, 0.9, 1.0, 0.6, 0.5, 0.5, 0.5, 0.02)
BLUFFING: Final = Temperament(0.95, 0.5, 0.1, 0.7, 0.1, 0.4, 1.0, 0.0, 0.2, 0.05)
