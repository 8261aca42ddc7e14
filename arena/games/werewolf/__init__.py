"""Werewolf: a village talks and votes by day, its werewolves kill by night."""

from arena.games.werewolf.rules import Werewolf

__all__ = ["Werewolf"]
