"""Kuhn poker as it cannot be exploited (Kuhn 1950). The first player has a family of equilibria, from α = 0, who never
bets first with a jack, to α = 1/3; the second player has one."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from arena.games.core import Event, Turn

History = tuple[str, ...]
Strategy = Mapping[tuple[str, History], Mapping[str, float]]
"""(own card, acts so far) → probability of each choice."""
MOST_ALPHA: Final = 1 / 3


def equilibrium(alpha: float = MOST_ALPHA) -> Strategy:
    """Both players' strategies; ``alpha``, from 0 to 1/3, is how often the first bets with a jack."""
    assert 0 <= alpha <= MOST_ALPHA, "alpha is a probability of at most a third"
    bets = {
        ("J", ()): alpha, ("Q", ()): 0.0, ("K", ()): 3 * alpha,
        ("J", ("check",)): 1 / 3, ("Q", ("check",)): 0.0, ("K", ("check",)): 1.0,
    }  # fmt: skip
    calls = {
        ("J", ("bet",)): 0.0, ("Q", ("bet",)): 1 / 3, ("K", ("bet",)): 1.0,
        ("J", ("check", "bet")): 0.0, ("Q", ("check", "bet")): 1 / 3 + alpha, ("K", ("check", "bet")): 1.0,
    }  # fmt: skip
    return {
        **{at: {"check": 1 - p, "bet": p} for at, p in bets.items()},
        **{at: {"call": p, "fold": 1 - p} for at, p in calls.items()},
    }


class Equilibrium:
    """Plays the equilibrium with α = 1/3 in both seats."""

    _strategy: Final = equilibrium()

    def __init__(self, random: Random) -> None:
        self._card = ""
        self._acts: History = ()

    def see(self, event: Event) -> None:
        match event.kind:
            case "hand":
                self._acts = ()
            case "card":
                self._card = event.data["card"]
            case "acted":
                self._acts = (*self._acts, event.data["act"])
            case _:
                pass

    def weigh(self, turn: Turn) -> dict[str, float]:
        return dict(self._strategy[self._card, self._acts])

    def say(self, turn: Turn) -> str:
        return ""
