"""How likely what is seen and said is, by what speaker and target are: the numbers that ``belief`` weighs with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Pair = tuple[float, float, float]
"""Log-likelihood against (village, village) of (village, wolf), (wolf, village) and (wolf, wolf): who acts, on whom."""

ACCUSED: Final[Pair] = (0.25, 0.12, -0.75)
CALLED: Final[Pair] = (0.20, 0.08, -0.60)
DOUBTED: Final[Pair] = (0.12, 0.10, -0.30)
TRUSTED: Final[Pair] = (-0.30, -0.05, 0.25)
VOTED: Final[Pair] = (0.35, 0.12, -1.00)
KILLED_ACCUSER: Final = 0.20
"""Werewolves kill those who point at them."""

CLAIM_BY_SEER: Final = 0.8
CLAIM_BY_WOLF: Final = 0.16
CLAIM_BY_OTHER: Final = 0.004
SILENT_SEER: Final = 0.35
"""A seer who lets somebody else claim the card."""
FALSE_RESULT: Final = 0.001
"""A claimed result that the true seer cannot have had (a misreading, or a person's slip)."""
CHECKED_FELLOW_GUILTY: Final = 0.08
"""A false seer who gives away a fellow werewolf."""
CLAIM_BY_POSSESSED: Final = 0.4
"""The possessed may well claim to be the seer, and is no werewolf."""
SENSED: Final = 1.6
"""What a claimed medium's word on an exiled seat weighs, divided among all who claim to be the medium."""
CARD_CLAIMED: Final = -0.4
"""To claim the card of witch, hunter or medium, which its holder would deny one, divided among all who claim it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sum over worlds needs to know. Sets of seats are bits.

    ``must`` and ``never`` are hard facts. A world weighs exp of ``unary`` over its werewolves and ``pairs`` over their
    pairs, times each claim's factor. ``claimed`` has (claimant, seats called wolves); ``candidates`` for the seer have
    (seat, weight, seats called wolves, seats called good), None where the cast has no seer.
    """

    must: int
    never: int
    dead: int
    living: int
    goes_on: bool
    """Whether the match is known not to be decided yet, which rules worlds out."""
    unary: Sequence[float]
    pairs: Sequence[Sequence[float]]
    claimed: Sequence[tuple[int, int]]
    claim_by_other: float
    """How likely somebody who is neither werewolf nor seer claims to be the seer."""
    candidates: Sequence[tuple[int, float, int, int]] | None
