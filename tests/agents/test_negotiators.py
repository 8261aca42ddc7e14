"""Scripted negotiators: what they say is understood, what they choose is legal, and they are as they are called."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from random import Random
from statistics import fmean
from typing import Any

import pytest

from agents.scripted.negotiators.bargainer import Bargainer
from agents.scripted.negotiators.measure import fare, table
from agents.scripted.negotiators.negotiator import NEGOTIATORS, Negotiator
from agents.scripted.negotiators.phrases import GESTURES, TEMPLATES, Statement, phrase, read
from agents.scripted.negotiators.table import Table
from agents.scripted.registry import scripts_of, stand_in
from agents.scripted.table import ScriptedGame, play
from arena.games.chance import Chance
from arena.games.core import Act, Event, Turn, begin, step, visible
from arena.games.scenario.deal import dealt
from arena.games.scenario.families.registry import FAMILIES, draw
from arena.games.scenario.families.trait import TASTES
from arena.games.scenario.library import shipped
from arena.games.scenario.rules import ScenarioGame
from arena.games.scenario.spec import Scenario
from arena.games.scenario.state import Order, ScenarioOptions
from tests.games.scenario.test_secrets import with_another_inside
from tests.soak import count

GAME = ScenarioGame()
EVERY = pytest.mark.parametrize("name", NEGOTIATORS)


def spoken(scenario: Scenario, seat: int) -> set[str]:
    """The words of a scenario that a seat knows and may speak of."""
    issues = scenario.terms.issues if scenario.terms else ()
    guess = scenario.guess_of(seat)
    return {w for i in issues for w in (i.name, *i.options, f"the {i.name}")} | set(guess.choices if guess else ())


def some_scenarios() -> list[Scenario]:
    options = [ScenarioOptions(family=f, seats=family.seats[0]) for f, family in FAMILIES.items()]
    return [draw(o, Chance(n)) for o in options for n in range(6)] + list(shipped().values())


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("intention", TEMPLATES)
def test_every_phrase_is_read_as_what_it_was(intention: str) -> None:
    """By a table that knows the scenario: a word is what the scenario calls it, also where it begins a sentence."""
    for n, scenario in enumerate(some_scenarios()):
        table = Table()
        for event in visible(dealt(scenario, {}, 0), n % len(scenario.parts)):
            table.see(event)
        for word in spoken(scenario, table.me) or {"42"}:
            for template in TEMPLATES[intention]:
                text = template.format(a=word)
                text = text[:1].upper() + text[1:]
                table.see(Event("said", {"seat": 1, "text": text}))
                assert table.said[-1] == (1, Statement(intention, word if "{a}" in template else "")), text
                assert len(table.said) == len(table.texts)


def test_phrases_fit_their_limit() -> None:
    random = Random(1)
    for intention in TEMPLATES:
        for limit in (10, 20, 40):
            for _ in range(10):
                assert len(phrase(random, intention, "kitchen", limit)) <= limit
    assert phrase(random, "matters", "mornings", 10) == ""
    assert all(read(gesture) is None for gesture in GESTURES)


@pytest.mark.parametrize(
    "text", ["", "Hello.", "I would like to go home. What about you?", "🐺", "x" * 500, "(?P<a>", "{a}"]
)
def test_other_words_are_not_understood(text: str) -> None:
    assert read(text) is None


def test_hints_belong_to_one_taste() -> None:
    hints = [h for kind in TASTES.values() for of_taste in kind.values() for h in of_taste]
    assert len(set(hints)) == len(hints)


# -- choices -----------------------------------------------------------------------------------------------------------


class Watched:
    """Plays as a negotiator and checks each answer."""

    def __init__(self, made: Negotiator) -> None:
        self._made = made

    def see(self, event: Event) -> None:
        self._made.see(event)

    def weigh(self, turn: Turn) -> dict[str, float]:
        first = self._made.weigh(turn)
        assert first == self._made.weigh(turn), f"{turn.kind} asked twice"
        assert set(first) == set(turn.choices), turn
        assert sum(first.values()) == pytest.approx(1.0), turn
        assert min(first.values()) >= 0
        return first

    def say(self, turn: Turn) -> str:
        text = self._made.say(turn)
        assert len(text) <= turn.text_limit
        return text


def watched(name: str) -> Any:
    return lambda random: Watched(NEGOTIATORS[name](random))


@pytest.mark.parametrize("order", [str(o) for o in Order])
@pytest.mark.parametrize("family", FAMILIES)
def test_plays_every_family(family: str, order: str) -> None:
    kinds: set[str] = set()
    low, high = FAMILIES[family].seats
    names = list(NEGOTIATORS)
    for n in range(count(10, 200)):
        seats = low + n % (min(high, 5) - low + 1)
        options = GAME.options(
            {
                "family": family,
                "seats": seats,
                "order": order,
                "difficulty": 1 + n % 3,
                "turns": (2, 12, 20)[n % 3],
                "text_limit": (20, 240)[n % 2],
            }
        )
        played = play(GAME, options, n, [watched(names[(n + s) % 5]) for s in range(seats)])
        kinds |= {t.turn.kind for t in played.turns}
    assert {"deed", "guess"} <= kinds


@pytest.mark.parametrize("id", shipped())
def test_plays_every_written_scenario(id: str) -> None:
    names = list(NEGOTIATORS)
    for n, order in enumerate(Order):
        options = GAME.options({"scenario": id, "order": str(order), "turns": 12})
        play(GAME, options, id, [watched(names[(n + s) % 5]) for s in range(options.seats)])


@EVERY
def test_beside_somebody_who_does_anything(name: str) -> None:
    """Turns that no negotiator brings about: whispers, parting, offers that are left lying."""
    for n in range(count(12, 300)):
        options = GAME.options(
            {"family": ("coalition", "pot", "split")[n % 3], "seats": 3, "order": list(Order)[n % 3]}
        )
        others = [scripts_of("scenario")["random"]] * 2
        play(GAME, options, n, [watched(name), *others])


def test_the_fair_one_plays_where_nobody_else_does() -> None:
    assert stand_in("scenario") == "scripted:fair"
    assert set(scripts_of("scenario")) == {*NEGOTIATORS, "random"}


# -- only what its seat may know ---------------------------------------------------------------------------------------


@EVERY
def test_an_answer_hangs_on_nothing_that_the_seat_may_not_know(name: str) -> None:
    """Everything that only the other knows is changed, the other acts the same: this one does not notice."""
    for n, family in enumerate(f for f in FAMILIES if FAMILIES[f].seats[0] == 2):
        for order in Order:
            scenario = draw(ScenarioOptions(family=family, difficulty=1 + n % 3), Chance(n))
            answers = [_answers(name, s, order, n) for s in (scenario, with_another_inside(scenario, 1 - n % 2))]
            assert answers[0] == answers[1]
            assert len(answers[0]) >= 2


def _answers(name: str, scenario: Scenario, order: Order, n: int) -> list[Any]:
    """What a negotiator in seat ``n % 2`` answers to somebody who acts without regard to what it knows."""
    me = n % 2
    options = ScenarioOptions(order=order, turns=10)
    chance = Chance(n)
    state, events = begin(GAME, options, chance, dealt(scenario, GAME.options_json(options), 0))
    script = NEGOTIATORS[name](Random(f"{name}/{n}"))
    drawing, seen, answers = Random(n), 0, []
    while turns := GAME.turns(state):
        mine = visible(events, me)
        for event in mine[seen:]:
            script.see(event)
        seen = len(mine)
        turn = turns[0]
        if turn.seat == me:
            weights = script.weigh(turn) if turn.choices else None
            act = _act(turn, Random(f"{n}/{turn.id}"), weights, script)
            answers.append((turn, weights, act))
        else:
            act = _act(turn, drawing, None, None)
        state, more = step(GAME, state, turn, act, chance)
        events = (*events, *more)
    return answers


def _act(turn: Turn, random: Random, weights: dict[str, float] | None, script: Negotiator | None) -> Any:
    if not turn.choices:
        return Act(script.say(turn) if script else "I see what you mean.")
    if weights is not None:
        return Act(choice=random.choices(list(weights), list(weights.values()))[0])
    return Act(choice=random.choice([c for c in turn.choices if c != "leave"] or list(turn.choices)))


# -- temperaments ------------------------------------------------------------------------------------------------------


def matches(family: str, one: str, other: str, many: int, **more: Any) -> list[tuple[ScriptedGame, int]]:
    """Matches of two, each in either seat in turn, with the seat of the first."""
    found = []
    for n in range(many):
        options = GAME.options({"family": family, "difficulty": 1 + n % 3, "pay": {"goal": 1}, **more})
        names = (one, other) if n % 2 == 0 else (other, one)
        found.append((play(GAME, options, f"{family}/{n}", [NEGOTIATORS[x] for x in names]), n % 2))
    return found


def mean_goals(found: Sequence[tuple[ScriptedGame, int]], deals_only: bool = True) -> tuple[float, float]:
    """Of the first and of the other, where they agreed."""
    rows = [
        (m.outcome.returns[seat], m.outcome.returns[1 - seat])
        for m, seat in found
        if m.outcome.reason == "agreed" or not deals_only
    ]
    assert len(rows) > 10
    return fmean(a for a, _ in rows), fmean(b for _, b in rows)


@pytest.mark.parametrize("family", ["bargain", "split", "sale"])
def test_the_stubborn_gets_more_than_the_fair_where_they_agree(family: str) -> None:
    stubborn, fair = mean_goals(matches(family, "stubborn", "fair", count(120, 1_000)))
    assert stubborn > fair + 0.15


def test_the_fair_agree_with_each_other_mostly_and_evenly() -> None:
    found = matches("bargain", "fair", "fair", count(90, 600))
    assert sum(m.outcome.reason == "agreed" for m, _ in found) > 0.75 * len(found)
    one, other = mean_goals(found)
    assert abs(one - other) < 0.2


def test_two_stubborn_agree_less_often_than_two_fair() -> None:
    agreed = {
        name: sum(m.outcome.reason == "agreed" for m, _ in matches("bargain", name, name, count(60, 400)))
        for name in ("fair", "stubborn")
    }
    assert agreed["stubborn"] < 0.8 * agreed["fair"]


def told_priorities(name: str) -> list[bool]:
    """Of what a negotiator said matters most to it: whether that is so."""
    found = []
    for played, seat in matches("bargain", name, "fair", count(60, 400)):
        spec = Scenario.from_json(played.events[1].data["scenario"])
        assert spec.terms is not None
        moved = [max(w) - min(w) for w in spec.terms.worths[seat]]
        for event in played.events:
            statement = read(event.data["text"]) if event.kind == "said" and event.data["seat"] == seat else None
            if statement is not None and statement.intention == "matters":
                issue = [i.name for i in spec.terms.issues].index(statement.a)
                found.append(moved[issue] == max(moved))
    assert len(found) > 20
    return found


def test_the_honest_tell_what_matters_to_them_and_the_bluffing_do_not() -> None:
    assert all(told_priorities("honest"))
    assert fmean(told_priorities("bluffing")) < 0.3


def test_who_gives_and_who_keeps() -> None:
    gave: dict[str, list[float]] = {name: [] for name in NEGOTIATORS}
    for name in NEGOTIATORS:
        for played, seat in matches("pot", name, "fair", count(30, 300)):
            purse = played.events[0].data["giving"][0]
            gave[name].append(next(e.data["gave"][seat] for e in played.events if e.kind == "shared_out") / purse)
    means = {name: fmean(of) for name, of in gave.items()}
    assert means["fair"] > 0.4
    assert means["honest"] > 0.3
    assert max(means["greedy"], means["stubborn"]) < 0.2


def test_hints_are_understood() -> None:
    right = [
        e.data["choice"]
        == next(g.truth for g in Scenario.from_json(m.events[1].data["scenario"]).guesses if g.seat == e.data["seat"])
        for m, _ in matches("trait", "fair", "honest", count(40, 300))
        for e in m.events
        if e.kind == "guessed"
    ]
    assert fmean(right) > 0.7


# -- reasoning ---------------------------------------------------------------------------------------------------------


def test_what_was_said_is_believed() -> None:
    """Beside an offer, a seat's own words tell what it seems to want."""
    scenario = next(draw(ScenarioOptions(family="bargain"), Chance(n)) for n in islice(range(9), 1))
    table = Table()
    for event in visible(dealt(scenario, GAME.options_json(ScenarioOptions()), 0), 0):
        table.see(event)
    bargainer = Bargainer(table, NEGOTIATORS["fair"].temper, False)
    issue, options = bargainer.issues[0]
    before = bargainer.wishes(1)[0]
    table.see(Event("said", {"seat": 1, "text": f"{options[-1].capitalize()} would suit me best."}))
    assert bargainer.wishes(1)[0][-1] == pytest.approx(before[-1] + 0.5)
    table.see(Event("said", {"seat": 1, "text": f"The {issue} matters most to me."}))
    assert bargainer.guess(1, [name for name, _ in bargainer.issues])[issue] > 0.7
    assert sum(bargainer.proposals().values()) == pytest.approx(1.0)


def test_the_measure_gives_a_row_a_family() -> None:
    assert fare("fair", "trait", 4).deals is None
    fared = fare("stubborn", "coalition", 6)
    assert 0 <= (fared.deals or 0) <= 1
    assert 0 <= min(fared.goal, fared.other) <= max(fared.goal, fared.other) <= 10
    rows = list(table(2))
    assert [row.split("`")[1] for row in rows[2:]] == list(FAMILIES)
    assert {row.count("|") for row in rows} == {len(NEGOTIATORS) + 2}
