"""The shipped scenarios, as somebody who plays them would judge them."""

from __future__ import annotations

import itertools
import re

import pytest

from arena.games.scenario.library import characters, shipped
from arena.games.scenario.spec import MOST_ISSUES, Scenario, Terms

ALL = tuple(shipped().values())
EVERY = pytest.mark.parametrize("scenario", ALL, ids=lambda s: s.id)


def words(*texts: str) -> set[str]:
    return set(re.findall(r"[\w'-]+", " ".join(texts).lower()))


def packages(terms: Terms) -> list[list[int]]:
    """What each package of options is worth to each seat (packages, S)."""
    picks = itertools.product(*(range(len(issue.options)) for issue in terms.issues))
    return [[sum(w[i][o] for i, o in enumerate(pick)) for w in terms.worths] for pick in picks]


def test_there_are_enough_of_each_kind() -> None:
    assert len(ALL) >= 40
    assert sum(len(s.parts) == 2 for s in ALL) >= 24
    assert {len(s.parts) for s in ALL} == set(range(2, 9))
    assert sum(s.terms is not None for s in ALL) >= 8
    assert sum(s.giving is not None for s in ALL) >= 2
    assert sum(bool(s.guesses) for s in ALL) >= 4


def test_the_characters_are_thirty_adults_and_all_play() -> None:
    people = characters()
    assert len(people) == 30
    assert all(p.age >= 18 and 2 <= len(p.traits) <= 3 and 1 <= len(p.values) <= 3 for p in people.values())
    assert len({p.occupation for p in people.values()}) == 30
    assert {name for s in ALL for name in s.names} == set(people)


@EVERY
def test_it_keeps_the_bounds(scenario: Scenario) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", scenario.id)
    assert len(scenario.title) <= 40
    assert len(scenario.situation) <= 400
    assert all(len(part.goal) <= 200 for part in scenario.parts)
    assert all(len(issue.options) in range(2, 9) for issue in (scenario.terms.issues if scenario.terms else ()))
    assert len(scenario.terms.issues if scenario.terms else ()) <= MOST_ISSUES
    assert str(scenario.to_json()).isascii()
    assert Scenario.from_json(scenario.to_json()) == scenario
    assert len({part.goal for part in scenario.parts}) == len(scenario.parts)


@EVERY
def test_no_seat_is_made_to_betray_a_secret(scenario: Scenario) -> None:
    """The words that tell a secret stand neither in its own goal nor in what others were given to talk about."""
    for part in scenario.parts:
        tells = {tell.lower() for tell in part.secret.tells} if part.secret else set()
        given = [text for p in scenario.parts for text in (p.goal, *p.knows, *(said for _, said in p.relations))]
        assert not tells & words(scenario.title, scenario.situation, *given)
        assert tells or part.secret is None


@pytest.mark.parametrize("scenario", [s for s in ALL if s.terms], ids=lambda s: s.id)
def test_an_agreement_is_possible_and_not_a_matter_of_course(scenario: Scenario) -> None:
    terms = scenario.terms
    assert terms is not None
    worths = packages(terms)
    good = [w for w in worths if sum(a > b for a, b in zip(w, terms.walk, strict=True)) >= terms.needs]
    assert 0 < len(good) < len(worths)
    bests = [max(range(len(worths)), key=lambda k, s=seat: worths[k][s]) for seat in range(len(terms.walk))]
    assert len(set(bests)) > 1, "all want the same"


@pytest.mark.parametrize("scenario", [s for s in ALL if s.giving], ids=lambda s: s.id)
def test_giving_helps_all_and_costs_the_giver(scenario: Scenario) -> None:
    assert scenario.giving is not None
    assert 100 < scenario.giving.percent < 100 * len(scenario.parts)
