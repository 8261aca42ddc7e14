"""Reasoning about terms: what to ask for now, what the others seem to want, when to agree.

What the seat asks for falls from ``opens`` to ``closes`` as the talk goes on (a time-dependent concession); among the
deals that give it that much, it proposes those that the others seem to like best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Final

from agents.scripted.negotiators.riddles import guess_riddle
from agents.scripted.negotiators.table import Table
from agents.scripted.negotiators.temperament import Temperament

SHARPNESS: Final = 14.0
"""How strongly better deals are preferred among those to propose."""
_HASTE: Final = 1.5
"""How much sooner than the talk must end the last concession is made."""
_LAST: Final = 0.8
"""From here on a seat thinks of settling."""
Deal = tuple[str, ...]


class Bargainer:
    """Thinks for one seat at a ``table`` where there are terms to agree on."""

    def __init__(self, table: Table, temperament: Temperament, bends: bool) -> None:
        self._table = table
        self._temper = temperament
        self._bends = bends
        """Whether what it says of itself is not true."""
        self.issues: list[tuple[str, list[str]]] = [(name, options) for name, options in table.opening["issues"]]
        self._worths: list[list[int]] = [[worth for _, worth in options] for _, options in table.card["worths"]]
        self._deals: list[Deal] = list(product(*(options for _, options in self.issues)))
        self._most = max(map(self.worth, self._deals))

    # -- my own side ---------------------------------------------------------------------------------------------

    def worth(self, deal: Sequence[str]) -> int:
        pairs = zip(self.issues, self._worths, deal, strict=True)
        return sum(worths[options.index(word)] for (_, options), worths, word in pairs)

    def share(self, deal: Sequence[str]) -> float:
        """Of the best that I can imagine; 0 is what I have without agreement."""
        walk = self._table.card["walk"]
        return (self.worth(deal) - walk) / max(1, self._most - walk)

    @property
    def demand(self) -> float:
        """The share that I ask for now."""
        t = self._temper
        return t.opens - (t.opens - t.closes) * min(1.0, _HASTE * self._table.progress)

    def takes(self, deal: Sequence[str]) -> bool:
        """Whether I would agree to this now."""
        share = self.share(deal)
        if self._table.progress >= _LAST and share > 0 and share >= self._temper.settles:
            return True
        return share > 0 and share >= self.demand - 0.02

    def favourite(self) -> tuple[str, str]:
        """The issue that moves me most, and its best option: or the other end of it, where I bend the truth."""
        moved = [max(w) - min(w) for w in self._worths]
        order = sorted(range(len(moved)), key=lambda i: moved[i], reverse=not self._bends)
        return self.issues[order[0]][0], self._named(order[0], max)

    def least(self) -> str:
        """An option that I would rather not have."""
        moved = [max(w) - min(w) for w in self._worths]
        i = max(range(len(moved)), key=lambda n: moved[n])
        return self._named(i, min)

    @property
    def shared_out(self) -> bool:
        """Whether things go to people: the options are the names at the table."""
        return set(self.issues[0][1]) <= set(self._table.names)

    def _named(self, issue: int, best_or_worst: Callable[..., int]) -> str:
        """The best or worst option, as it is spoken of; of things that go to people, the thing."""
        name, options = self.issues[issue]
        worths = self._worths[issue]
        return f"the {name}" if self.shared_out else options[best_or_worst(range(len(worths)), key=worths.__getitem__)]

    # -- the others ----------------------------------------------------------------------------------------------

    def wishes(self, seat: int) -> list[list[float]]:
        """How much a seat seems to like each option of each issue, 0 to 1, weighed by what seems to matter to it."""
        table = self._table
        name = table.names[seat]
        priorities = {x.a for s, x in table.said if s == seat and x.intention == "matters"}
        unimportant = {x.a for s, x in table.said if s == seat and x.intention == "little"}
        likes = {x.a for s, x in table.said if s == seat and x.intention == "like"}
        dislikes = {x.a for s, x in table.said if s == seat and x.intention == "dislike"}
        offers = [terms for s, terms in table.offers if s == seat]
        if seat in table.agreed and table.offers:
            offers.append(table.offers[-1][1])
        found: list[list[float]] = []
        for i, (issue, options) in enumerate(self.issues):
            weight = 1.6 if issue in priorities else 0.5 if issue in unimportant else 1.0
            row: list[float] = []
            for n, option in enumerate(options):
                liking = self._prior(i, n, option, name)
                for k, terms in enumerate(reversed(offers)):
                    liking += 0.6 * 0.7**k * (self._nearness(options, terms[i], option) - 0.3)
                liking += 0.5 * (option in likes) - 0.7 * (option in dislikes)
                if option == name:
                    liking += 0.8 * (f"the {issue}" in likes) - 0.8 * (f"the {issue}" in dislikes)
                row.append(weight * liking)
            found.append(row)
        return found

    def _prior(self, issue: int, option: int, word: str, name: str) -> float:
        """Before anything is known: what is mine is not theirs, what bears their name is good for them."""
        worths = self._worths[issue]
        if self.shared_out:
            good = 1.0 if word == name else 0.0
            return good if max(worths) > 0 else 1.0 - good
        if self._table.family in ("bargain", "sale"):
            spread = max(worths) - min(worths)
            return 1.0 - (worths[option] - min(worths)) / spread if spread else 0.5
        return 0.5

    def pleases(self, deal: Deal, wishes: Mapping[int, list[list[float]]]) -> float:
        """How well the others seem to like a deal: the least pleased of those whom it needs."""
        pleased = sorted(
            (
                sum(row[options.index(w)] for row, (_, options), w in zip(of, self.issues, deal, strict=True))
                / len(deal)
                for of in wishes.values()
            ),
            reverse=True,
        )
        wanted = min(len(pleased), self._table.opening["needs"] - 1)
        return pleased[wanted - 1] if wanted else 0.0

    def proposals(self) -> dict[Deal, float]:
        """How likely I propose each deal now; they sum to 1."""
        table = self._table
        wishes = {s: self.wishes(s) for s in range(table.seats) if s != table.me and s not in table.gone}
        start = tuple(table.drafted)
        fitting = [d for d in self._deals if d[: len(start)] == start]
        demand, mine = self.demand, table.last_of(table.me)
        scores: dict[Deal, float] = {}
        for deal in fitting:
            share = self.share(deal)
            short = max(0.0, demand - share)
            repeated = 0.1 if deal == mine else 0.0
            back = 0.0 if mine is None else max(0.0, share - self.share(mine))  # whoever asks for more each time loses
            scores[deal] = self.pleases(deal, wishes) + 0.2 * share - 4 * short - 2 * back - repeated - 3 * (share <= 0)
        most = max(scores.values())
        odds = {deal: math.exp(SHARPNESS * (score - most)) for deal, score in scores.items()}
        total = sum(odds.values())
        return {deal: odd / total for deal, odd in odds.items()}

    def term(self, options: Sequence[str]) -> dict[str, float]:
        """The next term of a proposal: how likely each option is."""
        place = len(self._table.drafted)
        odds = dict.fromkeys(options, 0.0)
        for deal, p in self.proposals().items():
            odds[deal[place]] += p
        return odds

    def guess(self, about: int, choices: Sequence[str]) -> dict[str, float]:
        """What matters most to a seat, or which option it likes best; anything else it has to say itself."""
        wishes = self.wishes(about)
        names = [issue for issue, _ in self.issues]
        if set(choices) <= set(names):
            score = {c: 2.0 * self._stands_on(about, names.index(c)) for c in choices}
            for s, x in self._table.said:
                if s == about and x.a in score:
                    score[x.a] += {"matters": 3.0, "little": -3.0}.get(x.intention, 0.0)
        elif set(choices) <= set(self.issues[0][1]):
            options = self.issues[0][1]
            score = {c: 4.0 * wishes[0][options.index(c)] for c in choices}
        else:
            return guess_riddle(self._table, about, choices)
        most = max(score.values())
        odds = {c: math.exp(s - most) for c, s in score.items()}
        total = sum(odds.values())
        return {c: odd / total for c, odd in odds.items()}

    def _nearness(self, options: Sequence[str], one: str, other: str) -> float:
        """1 for the same option, and where options have an order less for those further away."""
        if self._table.family not in ("bargain", "sale"):
            return float(one == other)
        return 1.0 - abs(options.index(one) - options.index(other)) / max(1, len(options) - 1)

    def _stands_on(self, seat: int, issue: int) -> float:
        """How constant a seat's proposals were in an issue, 0 to 1; a half where it proposed nothing yet."""
        named = [terms[issue] for s, terms in self._table.offers if s == seat]
        return 0.5 if len(named) < 2 else named.count(named[0]) / len(named)
