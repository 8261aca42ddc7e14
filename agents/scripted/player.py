"""The scripted player: one reasoning, several temperaments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, ClassVar, Final

from agents.scripted.choices import (
    agreed_kill,
    bid_scores,
    check_scores,
    mayor_scores,
    odds,
    poison_scores,
    protect_scores,
    save_scores,
    shot_scores,
    vote_scores,
)
from agents.scripted.phrases import phrase
from agents.scripted.seat import Seat
from agents.scripted.traits import BOLD, CAREFUL, SLY, Traits
from agents.scripted.words import Nerve, pack_remark, public_remark
from arena.games.core import Event, Turn
from arena.games.werewolf.types import NOBODY

_DEEDS: Final[Mapping[str, Callable[[Seat], Mapping[Any, float]]]] = {
    "kill": agreed_kill,
    "check": check_scores,
    "protect": protect_scores,
    "save": save_scores,
    "poison": poison_scores,
    "shoot": shot_scores,
    "elect": mayor_scores,
    "succeed": mayor_scores,
}
"""Kind of turn → a score for each seat, None standing for nobody."""
_SHARPNESS: Final = 2.5


class Player:
    """Plays one seat of one match as its ``traits`` say."""

    traits: ClassVar[Traits]

    def __init__(self, random: Random) -> None:
        self._random = random
        self._nerve = Nerve.draw(self.traits, random)
        self._seat = Seat()

    def see(self, event: Event) -> None:
        self._seat.see(event)

    def weigh(self, turn: Turn) -> dict[str, float]:
        seat, traits = self._seat, self.traits
        if turn.kind == "bid":
            return odds(bid_scores(seat, traits), _SHARPNESS, traits.tremble)
        if turn.kind == "vote":
            scores, sharpness = vote_scores(seat, traits, self._nerve.buses), traits.sharpness
        else:
            scores, sharpness = _DEEDS[turn.kind](seat), _SHARPNESS
        named = {NOBODY if s is None else seat.view.names[s]: score for s, score in scores.items()}
        return odds({c: score for c, score in named.items() if c in turn.choices}, sharpness, traits.tremble)

    def say(self, turn: Turn) -> str:
        if turn.kind == "pack_talk":
            remark = pack_remark(self._seat, self._nerve, self._random)
        else:
            remark = public_remark(self._seat, self.traits, self._nerve, self._random)
        return phrase(self._random, remark.intention, self._seat.view.names, remark.a, remark.b, turn.text_limit)


class Careful(Player):
    traits = CAREFUL


class Bold(Player):
    traits = BOLD


class Sly(Player):
    traits = SLY
