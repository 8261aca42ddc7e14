"""What the fields of SOTOPIA's records mean: people, goals with their hints, relationships. One record at a time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from arena.games.scenario.files import AGES, LONGEST_NAME

RELATIONS: Final = ("a stranger", "somebody you know by name", "an acquaintance", "a friend", "your partner", "family")
"""By the number of SOTOPIA's relationship."""
_RELATION_NAMES: Final = (
    "stranger", "know_by_name", "acquaintance", "friend", "romantic_relationship", "family_member"
)  # fmt: skip

_HINTS: Final = {"extra_info": "", "strategy_hint": "A hint: ", "clarification_hint": "What counts: "}
_TAGGED: Final = re.compile(
    r"<(extra_info|strategy_hint|clarification_hint)>(.*?)(?:</\1>|$)", re.DOTALL | re.IGNORECASE
)
_BRACKETED: Final = re.compile(
    r"\((Extra information|Strategy hint|Clarification hint):\s*(.*?)\)\s*(?=\(|$)", re.DOTALL
)
_BRACKETS: Final = {
    "Extra information": "extra_info", "Strategy hint": "strategy_hint", "Clarification hint": "clarification_hint"
}  # fmt: skip
_ANY_TAG: Final = re.compile(r"</?[a-zA-Z_]+[^<>]*>")
_AGE: Final = re.compile(r"is an? (\d+)-year-old\s+(?:(?:male|female|nonbinary)\s+)?([^.]*)\.", re.IGNORECASE)
_SECRETS: Final = re.compile(r"\S+'s secrets?:\s*(.*)$", re.DOTALL)
_PERSONALITY: Final = re.compile(r"Personality and values description:\s*(.*)$", re.DOTALL)
_PRONOUNS: Final = re.compile(r"^\s*\S+ pronouns\.\s*", re.IGNORECASE)
_RANGE: Final = re.compile(r"\(\s*(\d+)\s*,\s*(\d+)\s*\)")


Record = Mapping[str, Any]


@dataclass(slots=True)
class Person:
    """An agent as SOTOPIA tells of it. ``public`` is what others may know, ``inner`` what only it knows."""

    first: str
    last: str
    age: int
    occupation: str
    traits: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    public: str = ""
    inner: str = ""
    secret: str = ""


class Unusable(Exception):
    """Why a record cannot become a scenario."""


def agent_of(record: Record) -> Person:
    style = plain(record.get("decision_making_style"))
    person = Person(
        first=plain(record.get("first_name")),
        last=plain(record.get("last_name")),
        age=_whole(record.get("age")) or 0,
        occupation=plain(record.get("occupation")).lower() or "of unknown occupation",
        traits=_split(record.get("big_five")) + ([f"decides: {style.lower()}"] if style else []),
        values=_split(record.get("moral_values")) + _split(record.get("schwartz_personal_values")),
        public=plain(record.get("public_info")),
        inner=plain(record.get("personality_and_values")),
        secret=_secret(record.get("secret")),
    )
    return _checked(person)


def person_of_background(name: str, text: str) -> Person:
    """A person from the prose of an episode: age, occupation, what is public, personality, secrets."""
    first, _, last = name.partition(" ")
    found = _AGE.search(text)
    secret, inner = _SECRETS.search(text), None
    rest = text[found.end() if found else 0 : secret.start() if secret else len(text)]
    inner = _PERSONALITY.search(rest)
    public = _PRONOUNS.sub("", rest[: inner.start()] if inner else rest).strip()
    person = Person(
        first=first,
        last=last,
        age=int(found[1]) if found else 0,
        occupation=(found[2].strip().lower() if found else "") or "of unknown occupation",
        public=public,
        inner=inner[1].strip() if inner else "",
        secret=_secret(secret[1] if secret else ""),
    )
    return _checked(person)


def _checked(person: Person) -> Person:
    who = f"{person.first} {person.last}".strip() or "an agent without a name"
    if not ascii_of(person.first):
        raise Unusable(f"{who} has no name in plain letters")
    if not AGES[0] <= person.age <= AGES[1]:
        raise Unusable(f"the age of {who} is not known" if not person.age else f"{who} is {person.age} years old")
    return person


def names_for(people: Sequence[Person]) -> list[str]:
    """A short name for each: the first name, with as much of the last as tells namesakes apart."""
    firsts = [_name(p.first) for p in people]
    names: list[str] = []
    for index, person in enumerate(people):
        name, last = firsts[index], _name(person.last)
        if firsts.count(name) > 1 and last:
            name = f"{name[: LONGEST_NAME - 2]} {last[0]}"
        stem, letter = name[: LONGEST_NAME - 2], ord("A")
        while name in names:
            name, letter = f"{stem} {chr(letter)}", letter + 1
        names.append(name)
    return names


def _name(text: str) -> str:
    words = [w[0].upper() + w[1:] for w in re.findall(r"[A-Za-z]+", ascii_of(text))]
    return "".join(words[:1])[:LONGEST_NAME]


def goal_of(text: str) -> tuple[str, list[str]]:
    """The goal itself, and what its hints and further information say."""
    known = [(m[1].lower(), m[2]) for m in _TAGGED.finditer(text)]
    text = _TAGGED.sub(" ", text)
    known += [(_BRACKETS[m[1]], m[2]) for m in _BRACKETED.finditer(text)]
    text = _BRACKETED.sub(" ", text)
    return plain(text), [_HINTS[kind] + words for kind, said in known if (words := plain(said))]


def addressed(text: str, names: Sequence[str]) -> str:
    """With names for "Agent1", "agent 2" and the like."""

    def named(found: re.Match[str]) -> str:
        seat = int(found[1]) - 1
        return names[seat] if 0 <= seat < len(names) else found[0]

    return re.sub(r"\b[Aa]gent[ _]?(\d)\b", named, text)


def relation_of(raw: Any) -> str:
    if isinstance(raw, str):
        word = raw.strip().lower().removeprefix("relationshiptype.").replace(" ", "_")
        raw = _RELATION_NAMES.index(word) if word in _RELATION_NAMES else word
    number = _whole(raw)
    return RELATIONS[number] if number is not None and 0 <= number < len(RELATIONS) else ""


def ranges_of(raw: Any) -> list[tuple[int, int]]:
    """The ages that an environment asks for, seat by seat: from ``[(18, 30), (25, 40)]``."""
    return [(int(low), int(high)) for low, high in _RANGE.findall(str(raw or ""))]


def _whole(raw: Any) -> int | None:
    if isinstance(raw, str):
        return int(raw) if re.fullmatch(r"[0-9]{1,4}", raw.strip()) else None
    return int(raw) if isinstance(raw, int) or (isinstance(raw, float) and raw.is_integer()) else None


def _secret(raw: Any) -> str:
    text = plain(raw)
    return "" if text.lower().rstrip(".") in ("", "none", "nan", "n/a", "no secrets") else text


def _split(raw: Any) -> list[str]:
    """Traits or values, from a list or from a text with commas, semicolons or lines between them."""
    pieces = raw if isinstance(raw, Sequence) and not isinstance(raw, str) else re.split(r"[;,\n]", str(raw or ""))
    return [text for piece in pieces if (text := plain(piece))]


def plain(raw: Any) -> str:
    """One line without tags and without characters that cannot be shown."""
    text = _ANY_TAG.sub(" ", raw if isinstance(raw, str) else "" if raw is None else str(raw))
    text = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(text.split())


def ascii_of(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().strip()


def key_of(record: Record, *keys: str) -> str:
    return next((str(record[k]) for k in keys if record.get(k)), "")


def pair_of(record: Record) -> frozenset[str]:
    ids = [key_of(record, f"agent_{n}_id", f"agent{n}_id") for n in (1, 2)]
    return frozenset(ids) if all(ids) else frozenset()


def texts_of(raw: Any) -> list[str]:
    return [str(item) for item in raw] if isinstance(raw, Sequence) and not isinstance(raw, str) else []
