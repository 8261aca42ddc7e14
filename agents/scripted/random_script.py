"""The floor of the ladder: any legal choice, any words."""

from __future__ import annotations

from random import Random

from agents.scripted.phrases import INTENTIONS, phrase
from arena.games.core import Event, Turn
from arena.games.werewolf.view import SeatView

_PACK = ("kill", "kill_yes", "kill_no", "kill_plan")
_PUBLIC = tuple(sorted(i for i in INTENTIONS if i not in _PACK))


class RandomScript:
    """Plays any game: chooses uniformly and says nothing."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def see(self, event: Event) -> None:
        pass

    def weigh(self, turn: Turn) -> dict[str, float]:
        return dict.fromkeys(turn.choices, 1.0 / len(turn.choices))

    def say(self, turn: Turn) -> str:
        return ""


class Chatterer(RandomScript):
    """The same for Werewolf, where silence would tell it from the others: its words carry nothing."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._view = SeatView()

    def see(self, event: Event) -> None:
        self._view.see(event)

    def say(self, turn: Turn) -> str:
        view = self._view
        others = [s for s in view.living() if s != view.me]
        a, b = self._random.sample(others, 2) if len(others) > 1 else (others[0], others[0])
        cards = (i for i in _PUBLIC if (card := INTENTIONS[i].card) is None or card in view.cast)
        intention = self._random.choice(_PACK if turn.kind == "pack_talk" else tuple(cards))
        return phrase(self._random, intention, view.names, a, b, turn.text_limit)
