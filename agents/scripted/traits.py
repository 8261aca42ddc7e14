"""The temperaments, as numbers. One player (``player``) plays all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Traits:
    """Chances are drawn once a match and seat; the rest steers every decision."""

    sharpness: float
    """How strongly a vote follows the odds (inverse temperature)."""
    tremble: float
    """The share of every choice that is spread evenly."""
    herd: float
    """The weight, in log-odds, of each believable speaker who asks for a vote today."""
    accuse_at: float
    """By how much a suspicion must exceed the even odds before it is said."""
    hunch: float
    """The chance to name somebody with nothing to go on, instead of small talk."""
    reveal: float
    """The chance that a seer speaks up without having found a werewolf."""
    fake: float
    """The chance that a werewolf claims to be the seer unasked."""
    counter: float
    """The chance that a werewolf answers a seer's claim with the same claim."""
    bus: float
    """The chance that a werewolf drops a fellow who cannot be saved."""


CAREFUL: Final = Traits(
    sharpness=3.5, tremble=0.03, herd=0.35, accuse_at=0.06, hunch=0.6, reveal=0.2,
    fake=0.25, counter=0.6, bus=0.9,
)  # fmt: skip
"""Evidence first."""

BOLD: Final = Traits(
    sharpness=3.0, tremble=0.04, herd=0.6, accuse_at=0.02, hunch=0.9, reveal=0.5,
    fake=0.4, counter=0.75, bus=0.75,
)  # fmt: skip
"""Accuses early, claims early, follows the loudest."""

SLY: Final = Traits(
    sharpness=3.2, tremble=0.04, herd=0.1, accuse_at=0.12, hunch=0.4, reveal=0.1,
    fake=0.7, counter=0.9, bus=1.0,
)  # fmt: skip
"""As a werewolf a false seer; as a villager quiet, and slow to follow."""
