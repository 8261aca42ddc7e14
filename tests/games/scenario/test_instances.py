"""Drawn scenarios: the same from the same number, all different, more than can ever be played, and worth talking."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from math import comb, factorial, perm

import pytest

from arena.games.chance import Chance
from arena.games.names import NAMES
from arena.games.scenario.families import bargain, coalition, meeting, pot, sale, secret, split, trait
from arena.games.scenario.families.cast import OCCUPATIONS, SECRETS, TRAITS, VALUES
from arena.games.scenario.families.registry import FAMILIES, NUMBERS, draw
from arena.games.scenario.families.walking import lowered, walks
from arena.games.scenario.library import shipped
from arena.games.scenario.scores import gives_away
from arena.games.scenario.spec import Scenario
from arena.games.scenario.state import ScenarioOptions
from tests.games.scenario.tables import GAME
from tests.soak import count

EVERY = pytest.mark.parametrize("family", FAMILIES)


def drawn(family: str, seed: object, split: str = "train", difficulty: int = 2, seats: int | None = None) -> Scenario:
    seats = seats or FAMILIES[family].seats[0]
    options = ScenarioOptions(family=family, seats=seats, difficulty=difficulty, split=split)
    return draw(options, Chance(str(seed)))


def content(scenario: Scenario) -> str:
    """All of it but its id."""
    return json.dumps(replace(scenario, id="").to_json())


@EVERY
def test_the_same_number_gives_the_same_scenario(family: str) -> None:
    made = drawn(family, 1)
    seats, difficulty, number = map(int, made.id.removeprefix(f"{family}-").split("-"))
    again = FAMILIES[family].make(
        Chance(f"{family}/{seats}-{difficulty}-{number}"), seats, difficulty, made.id[len(family) + 1 :]
    )
    assert again == made == drawn(family, 1)
    assert Scenario.from_json(json.loads(json.dumps(made.to_json()))) == made


@EVERY
def test_many_instances_are_all_different_and_train_and_test_share_none(family: str) -> None:
    """Half of them for training, with even numbers, and half for tests, with odd ones."""
    many = count(1_000, 100_000, slow=5_000)
    seen: dict[str, set[str]] = {"train": set(), "test": set()}
    numbers: set[int] = set()
    for split_name, found in seen.items():
        for n in range(many):
            made = drawn(family, n, split_name)
            number = int(made.id.rpartition("-")[2])
            assert number % 2 == (split_name == "test")
            numbers.add(number)
            found.add(content(made))
        assert len(found) == many
    assert len(numbers) == 2 * many
    assert not seen["train"] & seen["test"]


def test_there_are_billions_of_each_family() -> None:
    """How many scenarios there are for the fewest seats at the least difficulty, counting only what is drawn apart.

    Names, jobs, ages, traits and values alone make more than a million million tables of two. What is at stake comes on
    top, and the numbers that scenarios are made from are enough for both splits.
    """
    people = {
        s: perm(len(NAMES), s) * perm(len(OCCUPATIONS), s) * (60 * len(TRAITS) * len(VALUES)) ** s for s in (2, 3)
    }
    assert people[2] > 10**12
    pairs_of_secrets = len(SECRETS) ** 2
    at_stake = {
        "bargain": len(bargain.THEMES) * (comb(4, 3) * perm(9, 3) ** 2 + perm(9, 4) ** 2) * pairs_of_secrets,
        "split": 2 * perm(6, 4) * 9 ** (2 * 4) * pairs_of_secrets,
        "sale": len(sale.THINGS) * 3 * sum(sale.LEVELS - zone + 1 for zone in range(5, 8)),
        "pot": 5 * len(pot.WISHES) ** 2,
        "trait": sum(perm(len(tastes), 3) * 3**2 for tastes in trait.TASTES.values()),
        "meeting": len(meeting.OCCASIONS) * (factorial(5) * factorial(3)) ** 2 * pairs_of_secrets,
        "coalition": perm(len(coalition.PLANS), 3) * factorial(3) ** 3 * len(SECRETS) ** 3,
        "secret": len(secret.HIDDEN) * perm(len(secret.PLACES), 3) * 3 * len(secret.MOTIVES),
    }
    assert set(at_stake) == set(FAMILIES)
    for family, ways in at_stake.items():
        assert ways * people[FAMILIES[family].seats[0]] > 10**12, family
    assert NUMBERS > 10**12
    assert len(split.GOODS) == len(split.CHORES) == 6


@EVERY
def test_some_deal_is_better_than_none(family: str) -> None:
    low, high = FAMILIES[family].seats
    for seats, difficulty in product(range(low, high + 1), (1, 2, 3)):
        for n in range(count(40, 2_000, slow=300)):
            terms = drawn(family, n, difficulty=difficulty, seats=seats).terms
            if terms is None:
                continue
            willing = (sum(w > least for w, least in zip(d, terms.walk, strict=True)) for d in _worths(terms.worths))
            assert max(willing) >= terms.needs, f"{family} for {seats}, difficulty {difficulty}, {n}"


def _worths(worths: Iterable[Iterable[Iterable[int]]]) -> Iterable[tuple[int, ...]]:
    return zip(*(list(map(sum, product(*of_seat))) for of_seat in worths), strict=True)


def test_walking_away_is_lowered_until_there_is_a_deal() -> None:
    worths = (((0, 4),), ((4, 0),))
    assert lowered((-1, -1), worths, 2) == (-1, -1)
    assert lowered((4, 4), worths, 2) == (-1, -1)
    assert lowered((4, 4), worths, 1) == (3, 3)
    assert walks(Chance(0), worths, 2, 100) == (0, 0), "never below nothing"


@EVERY
def test_what_is_drawn_is_well_made(family: str) -> None:
    low, high = FAMILIES[family].seats
    words = set(GAME.words)
    for seats, difficulty in product(range(low, high + 1), (1, 2, 3)):
        for n in range(count(10, 300)):
            made = drawn(family, n, difficulty=difficulty, seats=seats)
            assert made.family == family
            assert len(set(made.names)) == len(made.parts) == seats
            assert set(made.names) <= words
            for seat, part in enumerate(made.parts):
                assert part.secret is None or not any(
                    gives_away(text, part.secret) for text in (part.goal, made.situation, *part.knows)
                )
                guess = made.guess_of(seat)
                assert guess is not None
                assert guess.about != seat
                assert guess.truth in guess.choices
                assert len(set(guess.choices)) == len(guess.choices)
            for issue in made.terms.issues if made.terms else ():
                assert len(set(issue.options)) == len(issue.options)
                assert {*issue.options, issue.name} <= words
            if made.terms:
                assert [[len(w) for w in of_seat] for of_seat in made.terms.worths] == [
                    [len(i.options) for i in made.terms.issues]
                ] * seats


def test_all_families_are_drawn() -> None:
    seen = {draw(ScenarioOptions(), Chance(n)).family for n in range(200)}
    assert seen == {f for f, family in FAMILIES.items() if family.seats[0] == 2}


def test_written_scenarios_share_no_id_with_drawn_ones() -> None:
    assert not [id for id in shipped() if id.split("-")[0] in FAMILIES and id.rpartition("-")[2].isdigit()]
