"""Kuhn poker: three cards, two players, one bet."""

from arena.games.kuhn.rules import Kuhn

__all__ = ["Kuhn"]
