"""Talk without an order: whoever wants the floor bids for it, and of those who want it most one speaks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Bid(StrEnum):
    """How much a seat wants to act next, from the least."""

    SILENT = "silent"
    SPEAK = "speak"
    URGENT = "urgent"


BIDS: Final = tuple(str(bid) for bid in Bid)


def bidders(bids: Mapping[int, str | int | None]) -> list[int]:
    """The seats that want the floor most; none where nobody wants it. A seat that passed does not want it."""
    strength = {seat: 0 if bid is None else BIDS.index(str(bid)) for seat, bid in bids.items()}
    most = max(strength.values(), default=0)
    return [seat for seat, n in strength.items() if n == most] if most else []
