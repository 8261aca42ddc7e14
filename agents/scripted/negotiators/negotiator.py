"""The scripted negotiator: one reasoning, five temperaments.

A plan is made anew for every turn, from what the seat has seen and from chance drawn once a match, so that asking twice
gives the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import ClassVar, Final

from agents.scripted.negotiators.bargainer import Bargainer
from agents.scripted.negotiators.phrases import GESTURES, phrase
from agents.scripted.negotiators.remark import remark
from agents.scripted.negotiators.riddles import guess_riddle
from agents.scripted.negotiators.table import Table
from agents.scripted.negotiators.temperament import BLUFFING, FAIR, GREEDY, HONEST, STUBBORN, Temperament
from arena.games.core import Event, Turn

_TREMBLE: Final = 0.04
"""How often something else is done than what was planned."""
_ENOUGH_TALK: Final = 3
"""After so many own messages there is little to add."""


class Negotiator:
    """Plays one seat of one scenario as its ``temper`` says."""

    temper: ClassVar[Temperament]

    def __init__(self, random: Random) -> None:
        self._random = random
        self._bends = random.random() >= self.temper.true
        self._table = Table()
        self._bargainer: Bargainer | None = None

    def see(self, event: Event) -> None:
        self._table.see(event)
        if event.kind == "card" and self._table.opening["issues"] and self._table.card["worths"] is not None:
            self._bargainer = Bargainer(self._table, self.temper, self._bends)

    def weigh(self, turn: Turn) -> dict[str, float]:
        match turn.kind:
            case "deed":
                return self._deeds(turn.choices)
            case "term" if self._bargainer is not None:
                return self._bargainer.term(turn.choices)
            case "pledge":
                return self._amounts(turn.choices, self.temper.promises)
            case "give":
                return self._amounts(turn.choices, self._given())
            case "guess":
                return self._guess(turn.choices)
            case "bid":
                return {"silent": 0.2, "speak": 0.6, "urgent": 0.2}
            case _:
                return {choice: 1 / len(turn.choices) for choice in turn.choices}

    def say(self, turn: Turn) -> str:
        if turn.kind in ("gesture", "do"):
            return self._random.choice(GESTURES)[: turn.text_limit]
        said = remark(self._table, self.temper, self._bargainer, self._random)
        return phrase(self._random, said.intention, said.a, turn.text_limit)

    # -- choices -------------------------------------------------------------------------------------------------

    def _deeds(self, choices: tuple[str, ...]) -> dict[str, float]:
        plan = self._plan_terms() if self._bargainer is not None else self._plan_talk()
        legal = {c: max(0.0, plan.get(c, 0.0)) for c in choices}
        total = sum(legal.values())
        rest = {c: {"speak": 0.5, "gesture": 0.2, "wait": 0.3}.get(c, 0.0) for c in choices}
        if total == 0:
            return rest
        return {c: (1 - _TREMBLE) * legal[c] / total + _TREMBLE * rest[c] for c in choices}

    def _plan_terms(self) -> Mapping[str, float]:
        table, bargainer = self._table, self._bargainer
        assert bargainer is not None
        offer = table.offers[-1] if table.agreed else None
        if offer is not None and table.me not in table.agreed and bargainer.takes(offer[1]):
            return {"accept": 1.0}
        said = sum(s == table.me for s, _ in table.texts)
        talks = 0.55 if said == 0 else 0.35 / said
        if table.heard("ask_matters", "ask_like") and said == 0:
            talks = max(talks, self.temper.frank)
        mine = offer is not None and table.me in table.agreed
        proposes = 0.25 if mine else 1.0
        hopeless = offer is not None and table.progress >= 1.0 and bargainer.share(offer[1]) < 0
        return {
            "speak": talks,
            "propose": proposes * (1 - talks),
            "wait": 0.4 if mine else 0.0,
            "leave": self.temper.walks if hopeless else 0.0,
        }

    def _plan_talk(self) -> Mapping[str, float]:
        """Where there are no terms: talk until there is little to add, promise once, then wait."""
        table = self._table
        said = sum(s == table.me for s, _ in table.texts)
        pledged = table.me in table.pledges
        return {
            "speak": max(0.0, 1 - said / _ENOUGH_TALK),
            "pledge": 0.0 if pledged or said == 0 else 0.8,
            "wait": 0.1 + 0.4 * said,
        }

    def _amounts(self, choices: tuple[str, ...], share: float) -> dict[str, float]:
        """Mostly the amount nearest to a share of the purse."""
        nearest = min(choices, key=lambda c: abs(int(c) - share * int(choices[-1])))
        return {c: 0.88 if c == nearest else 0.12 / (len(choices) - 1) for c in choices}

    def _given(self) -> float:
        """What it gives: of its own accord, or as the others have promised, as far as it trusts them."""
        table, temper = self._table, self.temper
        purse = table.opening["giving"][0]
        others = [amount / purse for s, amount in table.pledges.items() if s != table.me]
        if not others:
            return temper.gives * 0.5
        promised = sum(others) / len(others)
        return temper.gives * (1 - temper.trusting) + min(promised, temper.gives + 0.25) * temper.trusting

    def _guess(self, choices: tuple[str, ...]) -> dict[str, float]:
        about = self._table.card["guess"][0]
        if self._bargainer is not None and self._table.family != "sale":
            return self._bargainer.guess(about, choices)
        if self._bargainer is not None:
            return self._limit(about, choices)
        return guess_riddle(self._table, about, choices)

    def _limit(self, about: int, prices: tuple[str, ...]) -> dict[str, float]:
        """A limit lies beyond the best price that the other has offered."""
        offered = [prices.index(terms[0]) for s, terms in self._table.offers if s == about]
        rising = self._bargainer is not None and self._bargainer.share((prices[-1],)) > 0  # I sell: the other buys
        best = (max(offered) if rising else min(offered)) if offered else len(prices) // 2
        beyond = range(best, len(prices)) if rising else range(best + 1)
        odds = {p: 0.5 ** abs(n - best) if n in beyond else 0.02 for n, p in enumerate(prices)}
        total = sum(odds.values())
        return {p: odd / total for p, odd in odds.items()}


class Fair(Negotiator):
    temper = FAIR


class Stubborn(Negotiator):
    temper = STUBBORN


class Greedy(Negotiator):
    temper = GREEDY


class Honest(Negotiator):
    temper = HONEST


class Bluffing(Negotiator):
    temper = BLUFFING


NEGOTIATORS: Final = {"fair": Fair, "honest": Honest, "stubborn": Stubborn, "greedy": Greedy, "bluffing": Bluffing}
