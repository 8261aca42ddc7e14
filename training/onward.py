"""What a standing is worth where one seat decides alone and its probabilities are on record: the mean of where its
choices lead, each as likely as the seat took it.

A finished match shows one way through a game, and a table of returns has the luck of everything that came after. Here
what follows a choice is known for all of them (``Moment.instead``), so values are worked out backwards from the ends of
the game, over all matches at once. It is what batch TD(0) comes to (the certainty-equivalence estimate, Sutton and
Barto 2018, section 6.3), with the policy's probabilities in place of counts. In a game where nobody acts at the same
time as another, such as Kuhn poker, no luck is left in it but which standings were met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from training.episodes import Episode
from training.standings import Moment

_SETTLED: Final = 1e-6
_LONG_AGO: Final = 30
"""After so many updates in which nobody met it a standing is forgotten."""


@dataclass(slots=True)
class Onward:
    """``leads`` has, by standing, the weight of each next one; ``ends`` the return by side where a next one is an end
    of the game; ``worth`` the value by standing and side, as ``settle`` left it; ``age`` for how many updates nobody
    has met a standing."""

    leads: dict[str, dict[str, float]] = field(default_factory=dict)
    ends: dict[str, dict[str, float]] = field(default_factory=dict)
    worth: dict[tuple[str, str], float] = field(default_factory=dict)
    age: dict[str, int] = field(default_factory=dict)

    def learn(self, episodes: Sequence[Episode], moments: Sequence[Sequence[Moment]]) -> list[set[str]]:
        """Take these matches in; by match, the standings that are to be valued in this way.

        What the newest matches show of a standing takes the place of what was known: the probabilities are the
        policy's, so nothing is gained by remembering what it would have done before.
        """
        for standing in [s for s, age in self.age.items() if age >= _LONG_AGO]:
            del self.leads[standing], self.age[standing]
        self.age = {standing: age + 1 for standing, age in self.age.items()}
        fresh: dict[str, dict[str, float]] = {}
        found = [self._add(fresh, e, of) for e, of in zip(episodes, moments, strict=True)]
        self.leads |= fresh
        self.age |= dict.fromkeys(fresh, 0)
        return found

    def _add(self, fresh: dict[str, dict[str, float]], episode: Episode, moments: Sequence[Moment]) -> set[str]:
        decided = dict[str, tuple[int, Moment]]()
        others = set[str]()
        for n, moment in enumerate(moments):
            if moment.alone and _probabilities(episode, n, moment):
                decided.setdefault(moment.standing, (n, moment))
            else:  # where seats also speak or act at once, a standing is judged by how matches end
                others.add(moment.standing)
        for standing in others & decided.keys():
            del decided[standing]
        for standing, (n, moment) in decided.items():
            after = fresh.setdefault(standing, {})
            for p, then in zip(_probabilities(episode, n, moment), moment.instead, strict=True):
                key = then.standing
                if then.returns is not None:
                    key = f"{key} {then.returns}"
                    self.ends[key] = dict(zip(episode.outcome.sides, then.returns, strict=True))
                after[key] = after.get(key, 0.0) + p
        return set(decided)

    def settle(self, sides: Sequence[str], otherwise: Callable[[str, str], float]) -> None:
        """Work the values out.

        Args:
            otherwise: the value by standing and side of what is not known here.
        """
        self.worth = {(s, side): self.worth.get((s, side), otherwise(s, side)) for s in self.leads for side in sides}
        away = {
            (key, side): self.ends[key][side] if key in self.ends else otherwise(key, side)
            for after in self.leads.values()
            for key in after
            if key not in self.leads
            for side in sides
        }
        for _ in range(len(self.leads) + 1):  # a way through the game visits none twice
            moved = 0.0
            for standing, after in self.leads.items():
                total = sum(after.values())
                for side in sides:
                    value = (
                        sum(w * self.worth.get((k, side), away.get((k, side), 0.0)) for k, w in after.items()) / total
                    )
                    moved = max(moved, abs(value - self.worth[standing, side]))
                    self.worth[standing, side] = value
            if moved < _SETTLED:
                break

    def state(self) -> dict[str, Any]:
        worth = [[*key, value] for key, value in self.worth.items()]
        return {"leads": self.leads, "ends": self.ends, "worth": worth, "age": self.age}

    def load(self, state: Mapping[str, Any]) -> None:
        self.leads = {s: dict(after) for s, after in state["leads"].items()}
        self.ends = {key: dict(by_side) for key, by_side in state["ends"].items()}
        self.worth = {(standing, side): value for standing, side, value in state["worth"]}
        self.age = dict(state["age"])


def _probabilities(episode: Episode, n: int, moment: Moment) -> tuple[float, ...]:
    """Of each choice in ``instead``; empty where they are not on record."""
    record = episode.decisions[n].tokens
    known = record is not None and len(record.choice_probs) == len(moment.instead) > 0
    return record.choice_probs if record is not None and known else ()
