"""Scenarios from SOTOPIA's published data (Zhou et al., 2024), which are CC-BY-SA and not shipped.

Five kinds of records are told apart by their fields: environments, agents, the agents' relationships, which agents meet
in which environment, and whole episodes. A record that cannot be used is skipped with a reason, never an error.
It is given records and touches no files itself, except in ``read_records``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from arena.errors import OptionError
from arena.games.scenario.files import (
    AGES,
    LONGEST_GOAL,
    LONGEST_LINE,
    LONGEST_SITUATION,
    LONGEST_TITLE,
    LONGEST_WORD,
    MOST_LINES,
    dump,
    parse,
)
from arena.games.scenario.sotopia_fields import (
    Person,
    Record,
    Unusable,
    addressed,
    agent_of,
    ascii_of,
    goal_of,
    key_of,
    names_for,
    pair_of,
    person_of_background,
    plain,
    ranges_of,
    relation_of,
    texts_of,
)
from arena.games.scenario.spec import Character, Part, Scenario, Secret

CREDIT: Final = """From the data of SOTOPIA by Xuhui Zhou, Hao Zhu, Leena Mathur, Ruohong Zhang, Haofei Yu,
Zhengyang Qi, Louis-Philippe Morency, Yonatan Bisk, Daniel Fried, Graham Neubig and Maarten Sap (SOTOPIA: Interactive
Evaluation for Social Intelligence in Language Agents, ICLR 2024). The data are CC-BY-SA: whoever passes them on names
the authors and keeps the licence. Shortened and rearranged by arena scenarios import."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that became no scenario. ``where`` is the file and the number of the record, from 1."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    scenarios: tuple[Scenario, ...]
    skipped: tuple[Skipped, ...]
    shortened: tuple[str, ...]
    """The ids of those whose situation, goal or another text was too long and was cut."""


def read_records(path: Path) -> Iterator[tuple[str, Any]]:
    """The records of a JSON or JSON Lines file with where each stood. A line that is no JSON comes as ``None``.

    Raises:
        OptionError: the file cannot be read, or holds neither.
    """
    try:
        if path.suffix == ".json":
            whole = json.loads(path.read_text("utf-8-sig"))
            for number, record in enumerate(_listed(whole), 1):
                yield f"{path.name}[{number}]", record
            return
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield f"{path.name}:{number}", _loaded(line)
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{path.name} is not JSON: {error}. For one record a line, end its name in .jsonl.") from None


def scenarios_from(records: Iterable[tuple[str, Any]]) -> Imported:
    """All scenarios that the records make: one for each pair of agents that meets in an environment.

    Episodes tell which agents meet; where nothing does, the first two agents of fitting age do. Ids are made of the
    codename. Of episodes of the same people with the same goals, the first counts.
    """
    gathered = _Gathered()
    for where, record in records:
        gathered.add(where, record)
    return gathered.cast()


class _Gathered:
    def __init__(self) -> None:
        self.agents: dict[str, Person] = {}
        self.relationships: dict[frozenset[str], Record] = {}
        self.pairs: dict[str, list[list[str]]] = {}
        self.environments: list[tuple[str, Record]] = []
        self.episodes: list[tuple[str, Record]] = []
        self.skipped: list[Skipped] = []
        self.shortened: list[str] = []
        self.made: dict[str, Scenario] = {}
        self._tellings: set[tuple[Any, ...]] = set()

    def add(self, where: str, record: Any) -> None:
        if not isinstance(record, Mapping):
            self.skipped.append(Skipped(where, "it is not a JSON object"))
        elif "agents_background" in record or "social_goals" in record:
            self.episodes.append((where, record))
        elif "agent_goals" in record:
            self.environments.append((where, record))
        elif "first_name" in record:
            try:
                self.agents[key_of(record, "pk", "agent_id")] = agent_of(record)
            except Unusable as why:
                self.skipped.append(Skipped(where, str(why)))
        elif "agent_ids" in record:
            self.pairs.setdefault(key_of(record, "env_id", "environment_id"), []).append(texts_of(record["agent_ids"]))
        elif "relationship" in record and (ids := pair_of(record)):
            self.relationships[ids] = record
        else:
            self.skipped.append(Skipped(where, "it is no environment, agent, relationship, pairing or episode"))

    def cast(self) -> Imported:
        known = {key_of(record, "pk", "env_id") for _, record in self.environments}
        for where, record in self.episodes:
            self._attempt(where, record, lambda r=record: self._episode(r))
        for where, record in self.environments:
            pairs = self.pairs.get(key_of(record, "pk", "env_id"))
            for pair in pairs or [None]:
                self._attempt(where, record, lambda r=record, p=pair: self._environment(r, p))
        for environment in sorted(self.pairs.keys() - known):
            self.skipped.append(Skipped(environment or "a pairing", "no environment of this id was given"))
        return Imported(tuple(self.made.values()), tuple(self.skipped), tuple(self.shortened))

    def _attempt(self, where: str, record: Record, make: Any) -> None:
        """Adds what ``make`` gives, unless it was told before; a reason why not is noted."""
        try:
            people, goals, relationship = make()
            telling = (plain(record.get("scenario")), *(p.first + p.last for p in people), *goals)
            if telling in self._tellings:
                return
            draft = _Draft()
            scenario = draft.scenario(self._free_id(record), record, people, goals, relationship)
            problems = parse(dump([scenario]), where, {}).problems
            if problems:
                raise Unusable(problems[0].text.rstrip("."))
        except Unusable as why:
            self.skipped.append(Skipped(where, str(why)))
            return
        self._tellings.add(telling)
        self.made[scenario.id] = scenario
        if draft.shortened:
            self.shortened.append(scenario.id)

    def _episode(self, record: Record) -> tuple[list[Person], list[str], Record]:
        backgrounds, goals = record.get("agents_background"), record.get("social_goals")
        if not isinstance(backgrounds, Mapping) or not isinstance(goals, Mapping):
            raise Unusable("backgrounds or goals are missing")
        ids = texts_of(record.get("agent_ids") or [])
        profiles = [self.agents.get(id) for id in ids] if len(ids) == len(goals) else []
        people = []
        for index, name in enumerate(goals):
            profile = profiles[index] if profiles else None
            people.append(profile or person_of_background(str(name), plain(backgrounds.get(name))))
        return people, [str(g or "") for g in goals.values()], self.relationships.get(frozenset(ids), {})

    def _environment(self, record: Record, pair: Sequence[str] | None) -> tuple[list[Person], list[str], Record]:
        goals = record.get("agent_goals")
        goals = texts_of(list(goals.values()) if isinstance(goals, Mapping) else goals or [])
        if pair is not None:
            missing = [id for id in pair if id not in self.agents]
            if missing:
                raise Unusable(f"the agent {missing[0]!r} was not given")
            ids = list(pair)
        else:
            ids = self._by_age(record.get("age_constraint"), len(goals))
        relationship = self.relationships.get(frozenset(ids), record if record.get("relationship") is not None else {})
        return [self.agents[id] for id in ids], goals, relationship

    def _by_age(self, constraint: Any, seats: int) -> list[str]:
        ranges = ranges_of(constraint)
        ids: list[str] = []
        for seat in range(seats):
            low, high = ranges[seat] if seat < len(ranges) else AGES
            fitting = (id for id, p in self.agents.items() if id not in ids and low <= p.age <= high)
            id = next(fitting, None)
            if id is None:
                raise Unusable("it names no agents, and none of those given is of the age it asks for")
            ids.append(id)
        return ids

    def _free_id(self, record: Record) -> str:
        words = re.findall(r"[a-z0-9]+", ascii_of(str(record.get("codename") or "")).lower())
        stem = "-".join(["sotopia", *words])[: LONGEST_WORD - 6].rstrip("-")
        number = 1
        while (id := stem if number == 1 else f"{stem}-{number}") in self.made:
            number += 1
        return id


class _Draft:
    """One scenario being made; notes whether a text had to be cut."""

    def __init__(self) -> None:
        self.shortened = False

    def scenario(
        self, id: str, record: Record, people: Sequence[Person], goals: Sequence[str], relationship: Record
    ) -> Scenario:
        """
        Raises:
            Unusable: what is needed is not there.
        """
        if not 2 <= len(people) <= 8 or len(goals) != len(people):
            raise Unusable(f"it has {len(people)} people and {len(goals)} goals")
        names = names_for(people)
        situation = addressed(plain(record.get("scenario")), names)
        if not situation:
            raise Unusable("the scenario is missing")
        parts = tuple(
            self._part(people, names, seat, goals[seat], relationship) for seat in range(len(people))
        )  # fmt: skip
        title = plain(record.get("codename")).replace("_", " ").capitalize() or id
        return Scenario(
            id=id,
            family="written",
            title=self.cut(title, LONGEST_TITLE),
            situation=self.cut(situation, LONGEST_SITUATION),
            parts=parts,
        )

    def _part(self, people: Sequence[Person], names: Sequence[str], seat: int, goal: str, relationship: Record) -> Part:
        person = people[seat]
        wanted, knows = goal_of(goal)
        wanted = addressed(wanted, names)
        if not wanted or wanted.lower() == "unknown":
            raise Unusable(f"{names[seat]} has no goal")
        knows = [addressed(k, names) for k in knows]
        knows += [person.inner] if person.inner else []
        story = plain(relationship.get("background_story"))
        knows += [story] if story and story.lower() not in ("nan", "none") else []
        others = [i for i in range(len(people)) if i != seat]
        knows += [f"About {names[i]}: {people[i].public}" for i in others if people[i].public]
        related = relation_of(relationship.get("relationship"))
        kept = dict.fromkeys(self.cut(k, LONGEST_LINE) for k in knows[:MOST_LINES])
        return Part(
            character=Character(
                name=names[seat],
                age=person.age,
                occupation=self.cut(person.occupation, LONGEST_WORD),
                traits=self._words(person.traits),
                values=self._words(person.values),
            ),
            goal=self.cut(wanted, LONGEST_GOAL),
            secret=Secret(self.cut(person.secret, LONGEST_LINE)) if person.secret else None,
            knows=tuple(kept),
            relations=tuple((names[i], related) for i in others) if related else (),
        )

    def _words(self, texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.cut(t, LONGEST_WORD) for t in texts[:MOST_LINES]))

    def cut(self, text: str, longest: int) -> str:
        """At most ``longest`` characters: whole sentences, or else whole words and an ellipsis."""
        if len(text) <= longest:
            return text
        self.shortened = True
        head = text[:longest]
        sentence = max(head.rfind(end) for end in (". ", "! ", "? "))
        if sentence >= longest // 2:
            return head[: sentence + 1]
        return head[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _listed(whole: Any) -> list[Any]:
    return whole if isinstance(whole, list) else [whole]


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
