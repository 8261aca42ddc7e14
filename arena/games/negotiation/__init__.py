"""Simple Negotiation: two traders with private tastes swap goods; whoever gains more wins."""

from arena.games.negotiation.rules import Negotiation

__all__ = ["Negotiation"]
