"""The scripted player: one reasoning, several temperaments."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from agents.scripted.choices import agreed_kill, check_scores, odds, protect_scores, vote_scores
from agents.scripted.phrases import phrase
from agents.scripted.seat import Seat
from agents.scripted.traits import BOLD, CAREFUL, SLY, Traits
from agents.scripted.words import Nerve, pack_remark, public_remark
from arena.games.core import Event, Turn

_NIGHT_SHARPNESS = 2.5


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
        match turn.kind:
            case "vote":
                scores, sharpness = vote_scores(seat, traits, self._nerve.buses), traits.sharpness
            case "kill":
                scores, sharpness = agreed_kill(seat), _NIGHT_SHARPNESS
            case "check":
                scores, sharpness = check_scores(seat), _NIGHT_SHARPNESS
            case "protect":
                scores, sharpness = protect_scores(seat), _NIGHT_SHARPNESS
            case kind:
                raise AssertionError(f"no such choice: {kind}")
        shares = odds(scores, sharpness, traits.tremble)
        return {seat.view.names[s]: p for s, p in shares.items()}

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
