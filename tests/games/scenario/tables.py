"""Scenarios made by hand, and a table at which a test says what everybody does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from arena.games.chance import Chance
from arena.games.core import Act, Event, Turn, begin, step, visible
from arena.games.scenario.deal import dealt
from arena.games.scenario.options import written
from arena.games.scenario.rules import ScenarioGame
from arena.games.scenario.spec import Character, Giving, Guess, Issue, Part, Scenario, Secret, Terms
from arena.games.scenario.state import Order, ScenarioOptions, State

GAME = ScenarioGame()
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo")
ISSUES = (Issue("price", ("low", "mid", "high")), Issue("day", ("Monday", "Tuesday")))
TWO = Terms(ISSUES, (((0, 3, 6), (4, 0)), ((6, 3, 0), (0, 2))), walk=(2, 1), needs=2)
"""Shares of the deals, first seat and second: low Monday 0.4 and 1, mid Monday 1 and 0.4, mid Tuesday 0.2 and 0.8,
high Tuesday 0.8 and 0.2; of the two that one of them would never take, low Tuesday −0.4 and 1.4, high Monday 1.6 and
−0.2."""


def people(seats: int = 2) -> Scenario:
    """Nothing to settle. The first has a secret."""
    return Scenario(
        id="by-hand",
        family="written",
        title="By hand",
        situation="They meet.",
        parts=tuple(
            Part(
                Character(name, 30 + s, "baker", ("shy",), ("honesty",)),
                f"Goal of {name}.",
                Secret("You go to Rome.", ("rome", "roman holiday")) if s == 0 else None,
                knows=(f"Only {name} knows this.",),
            )
            for s, name in enumerate(NAMES[:seats])
        ),
    )


def terms() -> Scenario:
    return replace(people(), terms=TWO)


def vote(seats: int = 3) -> Scenario:
    """A majority decides between three plans; each likes another one best."""
    worths = tuple((tuple((2, 4, 6)[(o - s) % 3] for o in range(3)),) for s in range(seats))
    plans = Terms((Issue("plan", ("pool", "park", "path")),), worths, (1,) * seats, needs=seats // 2 + 1)
    return replace(people(seats), terms=plans)


def pot(seats: int = 2, purse: int = 8, percent: int = 150) -> Scenario:
    return replace(people(seats), giving=Giving(purse, percent))


def riddle(hidden: bool = True) -> Scenario:
    """Ben guesses where Ada goes, and Ada why Ben asks."""
    return replace(
        people(),
        guesses=(
            Guess(0, 1, "Why does Ben ask?", ("bored", "jealous"), "bored"),
            Guess(1, 0, "Where does Ada go?", ("Rome", "Oslo"), "Rome", hidden),
        ),
    )


class Table:
    """A match of ``scenario``; the seat ``first`` begins."""

    def __init__(
        self, scenario: Scenario, order: str = "round", turns: int = 20, first: int = 0, seed: int = 0
    ) -> None:
        self.options = ScenarioOptions(seats=len(scenario.parts), order=Order(order), turns=turns)
        self.chance = Chance(seed)
        opening = dealt(scenario, written(self.options), first)
        self.state: State
        self.state, events = begin(GAME, self.options, self.chance, opening)
        self.events: list[Event] = list(events)

    def open(self) -> list[tuple[int, str]]:
        return [(t.seat, t.kind) for t in GAME.turns(self.state)]

    def turn(self, seat: int) -> Turn:
        return next(t for t in GAME.turns(self.state) if t.seat == seat)

    def do(self, seat: int, *answers: str | None) -> Table:
        """Answer the seat's next turns, one after the other; None misses one."""
        for answer in answers:
            turn = self.turn(seat)
            act = Act(choice=answer) if turn.choices else Act(text=answer or "")
            self.state, events = step(GAME, self.state, turn, act, self.chance, force_pass=answer is None)
            self.events += events
        return self

    def offer(self, seat: int, *terms: str) -> Table:
        return self.do(seat, "propose", *terms)

    def round(self, *answers: Sequence[str | None]) -> Table:
        """What each seat that is there does, seat by seat."""
        for seat, some in zip(self.state.present(), answers, strict=True):
            self.do(seat, *some)
        return self

    def rest(self) -> Table:
        """Everybody misses everything until it is over."""
        while turns := GAME.turns(self.state):
            self.do(turns[0].seat, None)
        return self

    def kinds(self, seat: int | None = None) -> list[str]:
        """Kinds of what a seat saw, or a spectator."""
        return [e.kind for e in visible(self.events, seat)]

    def all(self, kind: str) -> list[Any]:
        return [e.data for e in self.events if e.kind == kind]

    @property
    def why(self) -> str | None:
        outcome = GAME.outcome(self.state)
        return None if outcome is None else outcome.reason

    def scores(self, seat: int) -> dict[str, float]:
        return dict(GAME.scores(self.state)[seat])
