"""A trader for Simple Negotiation who looks at its own gain alone: takes what helps it, offers what helps it most."""

from __future__ import annotations

from random import Random
from typing import Final

from arena.games.core import Event, Turn
from arena.games.negotiation.goods import GOODS, NOTHING, TRADES

_DRAWN_FROM: Final = 3
"""Among how many of its best offers it draws: the best for itself is seldom taken."""


class Trader:
    """Says which good it wants most, and never what anything is worth to it."""

    def __init__(self, random: Random) -> None:
        self._values: tuple[int, ...] = ()
        self._offer = NOTHING

    def see(self, event: Event) -> None:
        match event.kind:
            case "taste":
                self._values = tuple(event.data["values"])
            case "offered":
                self._offer = event.data["trade"]
            case _:
                pass

    def weigh(self, turn: Turn) -> dict[str, float]:
        if turn.kind == "answer":
            good = -self._gain(self._offer) > 0
            return {"accept": float(good), "decline": float(not good)}
        gains = {offer: self._gain(offer) for offer in turn.choices if offer != NOTHING}
        best = [o for o in sorted(gains, key=lambda o: -gains[o]) if gains[o] > 0][:_DRAWN_FROM] or [NOTHING]
        return {offer: 1 / len(best) if offer in best else 0.0 for offer in turn.choices}

    def say(self, turn: Turn) -> str:
        wanted = GOODS[max(range(len(GOODS)), key=lambda g: self._values[g])]
        return f"I could use some {wanted}."[: turn.text_limit]

    def _gain(self, offer: str) -> int:
        """What a trade is worth to whoever offers it, by this trader's values."""
        trade = TRADES[offer]
        return trade.taken * self._values[trade.take] - trade.given * self._values[trade.give]
