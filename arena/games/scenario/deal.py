"""How a scenario is dealt: what everybody is told, and to each seat its own card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from arena.games.core import SERVER, Event, Json, only
from arena.games.scenario.spec import Guess, Part, Scenario, Terms


def dealt(scenario: Scenario, options: Mapping[str, Json], first: int) -> tuple[Event, ...]:
    """The opening. ``first`` is the seat that begins."""
    terms, giving = scenario.terms, scenario.giving
    started = {
        "names": list(scenario.names),
        "options": dict(options),
        "family": scenario.family,
        "title": scenario.title,
        "situation": scenario.situation,
        "people": [[p.character.age, p.character.occupation] for p in scenario.parts],
        "issues": [] if terms is None else [[i.name, list(i.options)] for i in terms.issues],
        "needs": 0 if terms is None else terms.needs,
        "giving": None if giving is None else [giving.purse, giving.percent],
        "first": first,
    }
    cards = (Event("card", card(scenario, s), only(s)) for s in range(len(scenario.parts)))
    return (Event("started", started), Event("dealt", {"scenario": scenario.to_json()}, SERVER), *cards)


def card(scenario: Scenario, seat: int) -> dict[str, Json]:
    """What only this seat knows."""
    part, terms, guess = scenario.parts[seat], scenario.terms, scenario.guess_of(seat)
    return {
        "seat": seat,
        "traits": list(part.character.traits),
        "values": list(part.character.values),
        "goal": part.goal,
        "secret": None if part.secret is None else part.secret.text,
        "knows": list(part.knows),
        "relations": [list(r) for r in part.relations],
        "worths": None if terms is None else _worths(terms, seat),
        "walk": None if terms is None else terms.walk[seat],
        "guess": None if guess is None else [guess.about, guess.question, list(guess.choices)],
    }


def _worths(terms: Terms, seat: int) -> Json:
    """By issue: its name, and each option with its worth."""
    pairs = zip(terms.issues, terms.worths[seat], strict=True)
    return [[issue.name, [[o, w] for o, w in zip(issue.options, worths, strict=True)]] for issue, worths in pairs]


def swapped(events: Sequence[Event], first: int, second: int) -> tuple[Event, ...]:
    """The same opening with what only these two seats know exchanged: goals, secrets, what they know, what things are
    worth to them. Names, occupations and who guesses what about whom stay; where an option is the name of one of the
    two ("the sofa goes to Ada"), the two options' worths are exchanged as well."""
    started, deal = events[0], events[1]
    scenario = Scenario.from_json(deal.data["scenario"])
    other = {first: second, second: first}
    parts = tuple(_with_inside_of(p, scenario.parts[other.get(s, s)]) for s, p in enumerate(scenario.parts))
    terms = None if scenario.terms is None else _exchanged(scenario.terms, scenario.names, first, second)
    guesses = tuple(_about(g, scenario.guesses, other) for g in scenario.guesses)
    changed = replace(scenario, parts=parts, terms=terms, guesses=guesses)
    return dealt(changed, started.data["options"], started.data["first"])


def _with_inside_of(part: Part, other: Part) -> Part:
    inside = replace(part.character, traits=other.character.traits, values=other.character.values)
    return replace(part, character=inside, goal=other.goal, secret=other.secret, knows=other.knows)


def _exchanged(terms: Terms, names: Sequence[str], first: int, second: int) -> Terms:
    def row(seat: int) -> tuple[tuple[int, ...], ...]:
        source = {first: second, second: first}.get(seat, seat)
        if source == seat:
            return terms.worths[seat]
        return tuple(
            tuple(
                worths[issue.options.index(_other_name(option, names[first], names[second]))]
                if _other_name(option, names[first], names[second]) in issue.options
                else worths[n]
                for n, option in enumerate(issue.options)
            )
            for issue, worths in zip(terms.issues, terms.worths[source], strict=True)
        )

    walk = list(terms.walk)
    walk[first], walk[second] = walk[second], walk[first]
    return replace(terms, worths=tuple(row(s) for s in range(len(terms.worths))), walk=tuple(walk))


def _other_name(option: str, first: str, second: str) -> str:
    return {first: second, second: first}.get(option, option)


def _about(guess: Guess, guesses: Sequence[Guess], other: Mapping[int, int]) -> Guess:
    """A guess about one of the two is about what is true of it now, where somebody is asked the same of the other."""
    about = other.get(guess.about)
    same = (g for g in guesses if g.about == about and g.truth in guess.choices)
    found = None if about is None else next(same, None)
    return guess if found is None else replace(guess, truth=found.truth)
