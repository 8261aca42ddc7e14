"""Scenarios as YAML files: what may stand in one, what is wrong with one, and how one is written.

A file is a list of scenarios, or one alone. The whole format, with an example, is in ``docs/scenarios.md``. Every
problem of a file is found at once, each with its line. Only ``library`` and commands read and write by this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from arena.errors import OptionError
from arena.games.scenario.nodes import Problem, Sheet
from arena.games.scenario.spec import (
    MOST_ISSUES,
    SEATS,
    Character,
    Giving,
    Guess,
    Issue,
    Part,
    Scenario,
    Secret,
    Terms,
)

MOST_BYTES: Final = 16 * 1024 * 1024
MOST_SCENARIOS: Final = 5_000
LONGEST_NAME: Final = 20
LONGEST_TITLE: Final = 40
LONGEST_SITUATION: Final = 1_000
LONGEST_GOAL: Final = 500
LONGEST_LINE: Final = 400
"""Of a secret, a thing known, a relation, a question, in characters."""
LONGEST_WORD: Final = 60
"""Of an id, an occupation, a trait, an option, in characters."""
MOST_LINES: Final = 8
OPTIONS: Final = (2, 8)
AGES: Final = (18, 120)
MOST_WORTH: Final = 100
PURSE: Final = (1, 100)
PERCENT: Final = (101, 799)

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME: Final = re.compile(r"[A-Z][a-zA-Z]*([ '-][A-Z][a-zA-Z]*)*")
_TELL: Final = re.compile(r"[^\W_]+(['-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Sheaf:
    """What stood in one text: the scenarios that are whole, the line where each begins, and what was wrong."""

    scenarios: tuple[Scenario, ...]
    lines: tuple[int, ...]
    problems: tuple[Problem, ...]


def parse(text: str, where: str, characters: Mapping[str, Character]) -> Sheaf:
    """All scenarios of a YAML text. ``where`` names it in problems; ``characters`` may be seated by name alone."""
    sheet = Sheet(where)
    root = sheet.compose(text)
    nodes: list[Node] = []
    if isinstance(root, SequenceNode):
        nodes = sheet.items(root, "the file", 1, MOST_SCENARIOS)
    elif root is not None:
        nodes = [root]
    whole: dict[str, tuple[Scenario, int]] = {}
    for node in nodes:
        before = len(sheet.problems)
        scenario = _scenario(sheet, node, characters)
        line = node.start_mark.line + 1
        if scenario is not None and scenario.id in whole:
            sheet.complain(node, f"the id {scenario.id!r} is taken by line {whole[scenario.id][1]}.")
        elif scenario is not None and len(sheet.problems) == before:
            whole[scenario.id] = (scenario, line)
    found = whole.values()
    return Sheaf(tuple(s for s, _ in found), tuple(line for _, line in found), tuple(sheet.problems))


def parse_characters(text: str, where: str) -> dict[str, Character]:
    """People by name, from a list of mappings.

    Raises:
        OptionError: something is wrong with the text; the message names the line.
    """
    sheet = Sheet(where)
    root = sheet.compose(text)
    people: dict[str, Character] = {}
    for node in [] if root is None else sheet.items(root, "the file", 1, MOST_SCENARIOS):
        person = _character(sheet, node, {})
        if person is not None and person.name in people:
            sheet.complain(node, f"{person.name} is there twice.")
        elif person is not None:
            people[person.name] = person
    refuse(sheet.problems)
    return people


def check(path: Path, characters: Mapping[str, Character]) -> Sheaf:
    """What stands in a file; one that cannot be read, or is too large, is a problem like any other."""
    where = path.name
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            return Sheaf((), (), (Problem(where, None, f"it is larger than {MOST_BYTES >> 20} MiB."),))
        text = raw.decode("utf-8-sig")
    except OSError as error:
        return Sheaf((), (), (Problem(where, None, f"it cannot be read: {error.strerror}."),))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return Sheaf((), (), (Problem(where, line, "this is not UTF-8; save the file in that encoding."),))
    return parse(text, where, characters)


def read(path: Path, characters: Mapping[str, Character]) -> tuple[Scenario, ...]:
    """
    Raises:
        OptionError: something is wrong with the file; the message names the first line and how many follow.
    """
    sheaf = check(path, characters)
    refuse(sheaf.problems)
    return sheaf.scenarios


def yaml_files(path: Path) -> list[Path]:
    """The file itself, or all YAML files of a folder and the folders in it, by name.

    Raises:
        OptionError: there is nothing at ``path``, or no YAML file in the folder.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise OptionError(f"There is no file or folder {path}.")
    found = sorted(p for p in path.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file())
    if not found:
        raise OptionError(f"There is no YAML file in {path}.")
    return found


def refuse(problems: Sequence[Problem]) -> None:
    """
    Raises:
        OptionError: there are problems.
    """
    if problems:
        more = len(problems) - 1
        raise OptionError(f"{problems[0]}" + (f" (and {more} more: arena scenarios check)" if more else ""))


def dump(scenarios: Iterable[Scenario], heading: str = "") -> str:
    """The YAML of a file that reads back as these scenarios. ``heading`` becomes comments at its top."""
    comments = "".join(f"# {line}\n" if line else "#\n" for line in heading.splitlines())
    body = yaml.safe_dump([_as_written(s) for s in scenarios], sort_keys=False, allow_unicode=True, width=110)
    return f"{comments}\n{body}" if comments else body


# Reading


def _scenario(sheet: Sheet, node: Node, characters: Mapping[str, Character]) -> Scenario | None:
    keys = sheet.mapping(node, "a scenario", ("id", "title", "situation", "seats"), ("terms", "giving"))
    if not {"id", "title", "situation", "seats"} <= keys.keys():
        return None
    id = sheet.line(keys["id"], "id", LONGEST_WORD)
    if id and not _ID.fullmatch(id):
        sheet.complain(
            keys["id"], f"the id {id!r} must be small letters, digits and single hyphens, like lost-deposit."
        )
    title = sheet.line(keys["title"], "title", LONGEST_TITLE)
    situation = sheet.line(keys["situation"], "situation", LONGEST_SITUATION)
    if "terms" in keys and "giving" in keys:
        sheet.complain(keys["giving"], "a scenario has terms or giving, not both.")
    issues, needs = _issues(sheet, keys["terms"]) if "terms" in keys else ((), None)
    seats = sheet.items(keys["seats"], "seats", *SEATS)
    drafts = [_seat(sheet, seat, characters, issues, "terms" in keys) for seat in seats]
    people = [d.part.character.name for d in drafts if d is not None]
    if len(people) < len(seats) or not seats:
        return None
    parts = tuple(d.part for d in drafts if d is not None)
    for index, (name, seat) in enumerate(zip(people, seats, strict=True)):
        if name in people[:index]:
            sheet.complain(seat, f"{name} sits at the table twice.")
    _check_relations(sheet, seats, parts, people)
    _check_tells(sheet, seats, parts, f"{title} {situation}")
    guesses = [
        g for i, d in enumerate(drafts) if d is not None and d.guess and (g := _guess(sheet, d.guess, i, people))
    ]
    needed = len(seats) if needs is None else sheet.whole(needs, "needs", 2, len(seats))
    worths, walk = tuple(d.worths for d in drafts if d is not None), tuple(d.walk for d in drafts if d is not None)
    giving = _giving(sheet, keys["giving"]) if "giving" in keys else None
    terms = Terms(issues, worths, walk, needed) if "terms" in keys else None
    return Scenario(id, "written", title, situation, parts, terms, giving, tuple(guesses))


@dataclass(frozen=True, slots=True)
class _Draft:
    part: Part
    worths: tuple[tuple[int, ...], ...]
    walk: int
    guess: Node | None


def _seat(
    sheet: Sheet, node: Node, characters: Mapping[str, Character], issues: tuple[Issue, ...], bargains: bool
) -> _Draft | None:
    matter = ("worths", "walk") if bargains else ()
    allowed = ("secret", "knows", "relations", "guess")
    keys = sheet.mapping(node, "a seat", ("character", "goal", *matter), allowed)
    if not {"character", "goal", *matter} <= keys.keys():
        return None
    person = _character(sheet, keys["character"], characters)
    goal = sheet.line(keys["goal"], "goal", LONGEST_GOAL)
    secret = _secret(sheet, keys["secret"]) if "secret" in keys else None
    knows = sheet.lines(keys.get("knows"), "knows", LONGEST_LINE, MOST_LINES)
    relations = sheet.mapping(keys["relations"], "relations", allowed=None) if "relations" in keys else {}
    told = tuple(
        (name, sheet.line(value, f"the relation to {name}", LONGEST_LINE)) for name, value in relations.items()
    )
    worths = _worths(sheet, keys["worths"], issues) if issues else ()
    walk = sheet.whole(keys["walk"], "walk", 0, MOST_WORTH * MOST_ISSUES) if bargains else 0
    if person is None:
        return None
    return _Draft(Part(person, goal, secret, knows, told), worths, walk, keys.get("guess"))


def _character(sheet: Sheet, node: Node, characters: Mapping[str, Character]) -> Character | None:
    if not isinstance(node, MappingNode):
        name = sheet.line(node, "character", LONGEST_NAME)
        if name and name not in characters:
            sheet.complain(
                node, f"there is no character {name!r}; give name, age and occupation, or one of the shipped."
            )
        return characters.get(name)
    keys = sheet.mapping(node, "a character", ("name", "age", "occupation"), ("traits", "values"))
    if not {"name", "age", "occupation"} <= keys.keys():
        return None
    name = sheet.line(keys["name"], "name", LONGEST_NAME)
    if name and not _NAME.fullmatch(name):
        sheet.complain(
            keys["name"], f"the name {name!r} must be plain letters, each word with a capital, like Ada or Jo Ann."
        )
    return Character(
        name=name,
        age=sheet.whole(keys["age"], "age", *AGES),
        occupation=sheet.line(keys["occupation"], "occupation", LONGEST_WORD),
        traits=sheet.lines(keys.get("traits"), "traits", LONGEST_WORD, MOST_LINES),
        values=sheet.lines(keys.get("values"), "values", LONGEST_WORD, MOST_LINES),
    )


def _secret(sheet: Sheet, node: Node) -> Secret:
    keys = sheet.mapping(node, "a secret", ("text",), ("tells",))
    text = sheet.line(keys["text"], "the secret's text", LONGEST_LINE) if "text" in keys else ""
    tells = sheet.lines(keys.get("tells"), "tells", LONGEST_WORD, MOST_LINES)
    for tell in tells:
        if not _TELL.fullmatch(tell):
            sheet.complain(keys["tells"], f"the tell {tell!r} must be a single word.")
    return Secret(text, tells)


def _check_relations(sheet: Sheet, seats: Sequence[Node], parts: Sequence[Part], people: Sequence[str]) -> None:
    for seat, part in zip(seats, parts, strict=True):
        others = [name for name in people if name != part.character.name]
        for name, _ in part.relations:
            if name not in others:
                at = _value(seat, "relations")
                sheet.complain(
                    _key(at, name), f"there is nobody called {name!r} beside {part.character.name} at this table."
                )


def _check_tells(sheet: Sheet, seats: Sequence[Node], parts: Sequence[Part], public: str) -> None:
    known = {found.group().casefold() for found in _TELL.finditer(public)}
    for seat, part in zip(seats, parts, strict=True):
        for tell in part.secret.tells if part.secret else ():
            if tell.casefold() in known:
                sheet.complain(
                    _value(seat, "secret"), f"everybody reads {tell!r} in the situation; it can tell nothing."
                )


def _issues(sheet: Sheet, node: Node) -> tuple[tuple[Issue, ...], Node | None]:
    keys = sheet.mapping(node, "terms", ("issues",), ("needs",))
    if "issues" not in keys:
        return (), keys.get("needs")
    named = sheet.mapping(keys["issues"], "issues", allowed=None)
    if not 1 <= len(named) <= MOST_ISSUES:
        sheet.complain(keys["issues"], f"terms have 1 to {MOST_ISSUES} issues, these have {len(named)}.")
    issues: list[Issue] = []
    for name, value in named.items():
        if len(name) > LONGEST_WORD or name != " ".join(name.split()) or not name.isprintable():
            sheet.complain(value, f"the name of an issue must be at most {LONGEST_WORD} plain characters.")
        entries = sheet.items(value, name, *OPTIONS)
        options = sheet.lines(value, name, LONGEST_WORD, OPTIONS[1]) if entries else ()
        issues.append(Issue(name, options))
    return tuple(issues), keys.get("needs")


def _worths(sheet: Sheet, node: Node, issues: tuple[Issue, ...]) -> tuple[tuple[int, ...], ...]:
    names = tuple(issue.name for issue in issues)
    keys = sheet.mapping(node, "worths", names)
    found: list[tuple[int, ...]] = []
    for issue in issues:
        if issue.name not in keys:
            continue
        value = keys[issue.name]
        entries = sheet.items(value, f"worths of {issue.name}", *OPTIONS)
        if entries and issue.options and len(entries) != len(issue.options):
            count = len(issue.options)
            sheet.complain(value, f"worths of {issue.name} has {len(entries)} numbers for {count} options.")
        found.append(tuple(sheet.whole(e, f"a worth of {issue.name}", 0, MOST_WORTH) for e in entries))
    return tuple(found)


def _giving(sheet: Sheet, node: Node) -> Giving:
    keys = sheet.mapping(node, "giving", ("purse", "percent"))
    purse = sheet.whole(keys["purse"], "purse", *PURSE) if "purse" in keys else 0
    percent = sheet.whole(keys["percent"], "percent", *PERCENT) if "percent" in keys else 0
    return Giving(purse, percent)


def _guess(sheet: Sheet, node: Node, seat: int, people: Sequence[str]) -> Guess | None:
    keys = sheet.mapping(node, "a guess", ("about", "question", "choices", "truth"), ("hidden",))
    if not {"about", "question", "choices", "truth"} <= keys.keys():
        return None
    about = sheet.line(keys["about"], "about", LONGEST_NAME)
    if about not in people or about == people[seat]:
        sheet.complain(keys["about"], f"there is nobody called {about!r} beside {people[seat]} at this table.")
        return None
    entries = sheet.items(keys["choices"], "choices", *OPTIONS)
    choices = sheet.lines(keys["choices"], "choices", LONGEST_WORD, OPTIONS[1]) if entries else ()
    truth = sheet.line(keys["truth"], "truth", LONGEST_WORD)
    if truth and choices and truth not in choices:
        sheet.complain(keys["truth"], f"the truth {truth!r} is not among the choices.")
    hidden = "hidden" in keys and sheet.truth(keys["hidden"], "hidden")
    question = sheet.line(keys["question"], "question", LONGEST_LINE)
    return Guess(seat, people.index(about), question, choices, truth, hidden)


def _value(node: Node, key: str) -> Node:
    return next(v for k, v in node.value if k.value == key)


def _key(node: Node, key: str) -> Node:
    return next(k for k, _ in node.value if k.value == key)


# Writing


def _as_written(scenario: Scenario) -> dict[str, Any]:
    raw: dict[str, Any] = {"id": scenario.id, "title": scenario.title, "situation": scenario.situation}
    terms, giving = scenario.terms, scenario.giving
    if terms is not None:
        raw["terms"] = {"issues": {i.name: list(i.options) for i in terms.issues}, "needs": terms.needs}
    if giving is not None:
        raw["giving"] = {"purse": giving.purse, "percent": giving.percent}
    raw["seats"] = [_seat_as_written(scenario, seat) for seat in range(len(scenario.parts))]
    return raw


def _seat_as_written(scenario: Scenario, seat: int) -> dict[str, Any]:
    part, terms, guess = scenario.parts[seat], scenario.terms, scenario.guess_of(seat)
    person = part.character
    who: dict[str, Any] = {"name": person.name, "age": person.age, "occupation": person.occupation}
    who |= {"traits": list(person.traits)} if person.traits else {}
    who |= {"values": list(person.values)} if person.values else {}
    raw: dict[str, Any] = {"character": who, "goal": part.goal}
    if part.secret is not None:
        raw["secret"] = {"text": part.secret.text, **({"tells": list(part.secret.tells)} if part.secret.tells else {})}
    if part.knows:
        raw["knows"] = list(part.knows)
    if part.relations:
        raw["relations"] = dict(part.relations)
    if terms is not None:
        raw["worths"] = {i.name: list(w) for i, w in zip(terms.issues, terms.worths[seat], strict=True)}
        raw["walk"] = terms.walk[seat]
    if guess is not None:
        raw["guess"] = {
            "about": scenario.names[guess.about],
            "question": guess.question,
            "choices": list(guess.choices),
            "truth": guess.truth,
            **({"hidden": True} if guess.hidden else {}),
        }
    return raw
