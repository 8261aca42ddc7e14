"""A finished scenario match as a judge reads it: who was there with which goals and secrets, and what happened.

The lines are the game's own, each on one line, with what a seat said or did in its own words as a JSON string: nobody's
words can pose as another line. People go by name and never by the number of their seat, so the order in which they are
listed can be changed without touching the lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from agents.chat.prompt import quoted_line
from arena.errors import UserError
from arena.games.core import Event, Game
from arena.games.scenario.spec import Part, Scenario
from arena.protocol.text import clean_text

GAME: Final = "scenario"
PRIVATE: Final = frozenset({"heard", "gave", "guessed"})
"""Events for some seats that happened among the characters. Others are the cards that seats were dealt."""
SKIPPED: Final = frozenset({"started", "dealt", "whispered", "ended"})
"""The cast stands above the lines, ``heard`` says what ``whispered`` hints at, and ``ended`` may hold the rules' own
scores, which must not sway a judge."""

Json = Any


@dataclass(frozen=True, slots=True)
class Line:
    """``only``: the names of those who noticed, where that was not everybody."""

    text: str
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """``part`` holds only strings, lists and mappings of them, numbers too: what the prompt shows of this seat."""

    seat: int
    name: str
    part: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Episode:
    """``scene``: what everybody knew, as JSON values. ``people`` stand in the order in which a judge is shown them."""

    match_id: str
    title: str
    scene: Mapping[str, Json]
    people: tuple[Person, ...]
    lines: tuple[Line, ...]

    def reversed(self) -> Episode:
        """The same with the people listed the other way round."""
        return replace(self, people=self.people[::-1])

    def renamed(self, names: Mapping[str, str]) -> Episode:
        """The same with these words exchanged for others wherever they stand as words of their own, all at once.

        Case counts: a name that is also an ordinary word ("May") is exchanged at the head of a sentence, too.
        """
        if not names:
            return self
        known = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(?!\w)")

        def told(text: str) -> str:
            return known.sub(lambda found: names[found[0]], text)

        def through(value: Json) -> Json:
            match value:
                case str():
                    return told(value)
                case Mapping():
                    return {told(str(k)): through(v) for k, v in value.items()}
                case list() | tuple():
                    return [through(v) for v in value]
                case _:
                    return value

        return Episode(
            self.match_id,
            told(self.title),
            through(self.scene),
            tuple(Person(p.seat, told(p.name), through(p.part)) for p in self.people),
            tuple(Line(told(line.text), tuple(map(told, line.only))) for line in self.lines),
        )


def episode_of(match_id: str, game: Game[Any, Any], events: Sequence[Event]) -> Episode:
    """
    Args:
        events: all of the match, the server's own included.

    Raises:
        UserError: the events are no scenario match with its deal.
    """
    scenario = _scenario_in(match_id, events)
    names = scenario.names
    return Episode(
        match_id,
        scenario.title,
        _known_to_all(scenario),
        tuple(Person(s, names[s], _told(scenario, s, part)) for s, part in enumerate(scenario.parts)),
        tuple(line for event in events if (line := _line(game, names, event)) is not None),
    )


def _scenario_in(match_id: str, events: Sequence[Event]) -> Scenario:
    raw = next((e.data["scenario"] for e in events if e.kind == "dealt" and "scenario" in e.data), None)
    if raw is None:
        raise UserError(f"The match {match_id} holds no scenario; only matches of the game {GAME!r} are judged.")
    try:
        return Scenario.from_json(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"The scenario of the match {match_id} cannot be read ({error!r}).") from error


def _line(game: Game[Any, Any], names: Sequence[str], event: Event) -> Line | None:
    if event.kind in SKIPPED:
        return None
    seats = event.audience.seats
    if seats is not None and (not seats or event.kind not in PRIVATE):
        return None
    text = clean_text(quoted_line(game, names, event))
    return Line(text, () if seats is None else tuple(names[s] for s in sorted(seats))) if text else None


def _known_to_all(scenario: Scenario) -> dict[str, Json]:
    told: dict[str, Json] = {"title": scenario.title, "situation": scenario.situation}
    if (terms := scenario.terms) is not None:
        told["to settle"] = {issue.name: list(issue.options) for issue in terms.issues}
        told["how many must agree"] = terms.needs
    if (giving := scenario.giving) is not None:
        told["coins that each has"] = giving.purse
        told["percent that coins in the common pot grow to, before they are shared out evenly"] = giving.percent
    return told


def _told(scenario: Scenario, seat: int, part: Part) -> dict[str, Json]:
    """What a judge is told of a seat: all that it knows, and what it can win."""
    person = part.character
    told: dict[str, Json] = {"name": person.name, "age": person.age, "occupation": person.occupation}
    told |= {"traits": list(person.traits), "values": list(person.values)}
    told |= {"goal": part.goal, "secret": "nothing to hide" if part.secret is None else part.secret.text}
    told |= {"knows": list(part.knows), "the others are to it": dict(part.relations)}
    if (terms := scenario.terms) is not None:
        told["what each term is worth to it"] = {
            issue.name: dict(zip(issue.options, terms.worths[seat][n], strict=True))
            for n, issue in enumerate(terms.issues)
        }
        told["worth to it without an agreement"] = terms.walk[seat]
    if (guess := scenario.guess_of(seat)) is not None:
        told["asked afterwards"] = {"question": guess.question, "truth": guess.truth}
    return {name: value for name, value in told.items() if value not in ([], {})}
