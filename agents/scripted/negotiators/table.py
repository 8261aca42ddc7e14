"""What a seat of a scenario has seen, in the form that its reasoning reads. Fed with the seat's own events only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agents.scripted.negotiators.phrases import Statement, read
from arena.games.core import Event
from arena.games.scenario.talk import DEEDS


@dataclass(slots=True)
class Table:
    """``offers`` holds everybody's proposals in order, as (seat, terms); ``said`` everything that was understood.

    ``drafted`` are the terms that the seat itself has named in the present turn.
    """

    names: tuple[str, ...] = ()
    me: int = 0
    opening: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    taken: int = 0
    """Turns of the talk that are over, mine and all others'."""
    offers: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    agreed: set[int] = field(default_factory=set)
    """Who would have the last proposal; empty where none is on the table."""
    said: list[tuple[int, Statement]] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    pledges: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    drafted: list[str] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)
    """The words of this scenario without regard to capitals → as the scenario writes them."""

    @property
    def seats(self) -> int:
        return len(self.names)

    @property
    def turns(self) -> int:
        """How many of everybody's turns there will be at most."""
        options = self.opening["options"]
        return options["turns"] * (self.seats if options["order"] == "parallel" else 1)

    @property
    def progress(self) -> float:
        """How far the talk is, 0 to 1."""
        return min(1.0, self.taken / max(1, self.turns - self.seats))

    @property
    def family(self) -> str:
        return self.opening["family"]

    def last_of(self, seat: int) -> tuple[str, ...] | None:
        """What a seat proposed last."""
        return next((terms for s, terms in reversed(self.offers) if s == seat), None)

    def mine(self, intention: str) -> int:
        """How often I said this."""
        return sum(s == self.me and x.intention == intention for s, x in self.said)

    def heard(self, *intentions: str) -> list[tuple[int, Statement]]:
        """What others said of this kind."""
        return [(s, x) for s, x in self.said if s != self.me and x.intention in intentions]

    def see(self, event: Event) -> None:
        d = event.data
        if event.kind in DEEDS:
            self.taken += 1
            if d["seat"] == self.me:
                self.drafted.clear()
        match event.kind:
            case "started":
                self.names, self.opening = tuple(d["names"]), d
                for issue, options in d["issues"]:
                    self._learn(f"the {issue}", issue, *options)
            case "card":
                self.me, self.card = d["seat"], d
                if d["guess"] is not None:
                    self._learn(*d["guess"][2])
            case "said" | "heard":
                self.texts.append((d["seat"], d["text"]))
                if (statement := read(d["text"])) is not None:
                    written = self._known.get(statement.a.casefold(), statement.a)
                    self.said.append((d["seat"], replace(statement, a=written)))
            case "proposed":
                self.offers.append((d["seat"], tuple(d["terms"])))
                self.agreed = {d["seat"]}
            case "accepted":
                self.agreed.add(d["seat"])
            case "pledged":
                self.pledges[d["seat"]] = d["amount"]
            case "left":
                self.gone.add(d["seat"])
                by = self.offers[-1][0] if self.offers else None
                self.agreed = set() if by == d["seat"] else self.agreed - {d["seat"]}
            case "drafted":
                self.drafted.append(d["term"])
            case _:
                pass

    def _learn(self, *words: str) -> None:
        for word in words:
            self._known.setdefault(word.casefold(), word)
