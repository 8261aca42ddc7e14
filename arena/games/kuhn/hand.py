"""One hand of Kuhn poker: who may do what after which acts, and what it pays. No events here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

CARDS: Final = ("J", "Q", "K")
"""From the lowest to the highest."""
ANTE: Final = 1
BET: Final = 1
MOST: Final = ANTE + BET
"""The most chips that a hand takes from a player."""
PASSIVE: Final = frozenset({"check", "fold"})

_CHOICES: Final[dict[tuple[str, ...], tuple[str, ...]]] = {
    (): ("check", "bet"),
    ("check",): ("check", "bet"),
    ("bet",): ("call", "fold"),
    ("check", "bet"): ("call", "fold"),
}
"""What may follow the acts so far; a hand is over where nothing may."""
HISTORIES: Final = tuple(_CHOICES)


def choices(acts: Sequence[str]) -> tuple[str, ...]:
    """Empty when the hand is over."""
    return _CHOICES.get(tuple(acts), ())


def won_by_first(cards: tuple[str, str], acts: Sequence[str]) -> int:
    """The chips that whoever acts first wins in a hand that is over; the other wins the negative.

    Args:
        cards: of whoever acts first, and of the other.
    """
    assert not choices(acts), "the hand is not over"
    stake = MOST if "bet" in acts else ANTE
    if acts[-1] == "fold":
        return ANTE if len(acts) == 2 else -ANTE  # the second folds after one act, the first after two
    return stake if CARDS.index(cards[0]) > CARDS.index(cards[1]) else -stake
