"""The contract of a scripted player: one object plays one seat of one match, fed with that seat's events.

A script is also the teacher of the shipped model, so it can say its whole distribution over the choices (``weigh``),
not only a sample of it.
"""

from __future__ import annotations

from random import Random
from typing import Protocol

from arena.games.core import Act, Event, Turn


class Script(Protocol):
    """Created as ``script(random)`` for one seat; ``random`` is its own seeded source."""

    def __init__(self, random: Random) -> None: ...

    def see(self, event: Event) -> None:
        """The next event of the seat's visible stream, in order, each once."""
        ...

    def weigh(self, turn: Turn) -> dict[str, float]:
        """The probability of each of ``turn.choices``; they sum to 1. Changes nothing: asked twice, it says the
        same."""
        ...

    def say(self, turn: Turn) -> str:
        """A message for a turn that wants text, at most ``turn.text_limit`` characters; empty to stay silent."""
        ...


def act(script: Script, turn: Turn, random: Random) -> Act:
    """The script's answer to a turn, choices sampled from ``weigh``."""
    choice = None
    if turn.choices:
        weights = script.weigh(turn)
        choice = random.choices(list(weights), list(weights.values()))[0]
    return Act(text=script.say(turn) if turn.text_limit else "", choice=choice)
