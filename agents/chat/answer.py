"""From a chat model's words to an act: forgiving, and saying so where it had to forgive.

An object of the asked form is taken as it is. Fences and prose around an object, other names for its parts, other case
and punctuation, and plain sentences that name one choice are forgiven. What could mean two things, or the opposite
("not Ada"), is not guessed at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from arena.games.core import Act, Turn
from arena.protocol.text import clean_text

T = TypeVar("T")

MOST_READ_CHARACTERS: Final = 20_000
_TEXT_NAMES: Final = ("text", "message", "say", "speech", "statement", "content", "response", "answer")
_CHOICE_NAMES: Final = ("choice", "vote", "target", "name", "player", "bid", "answer", "action", "decision")
_EDGES: Final = " \t\r\n\"'`*_.,;:!?()[]{}<>“”‘’«»"
_NOT: Final = re.compile(r"\b(not|no|never|except|neither|nor|cannot|without|(?:anyone|nobody) but)\b|n['’]t\b", re.I)
_DEED: Final = re.compile(
    r"\b(?:vote|votes|voting|choose|chooses|chose|pick|picks|elect|exile|kill|attack|protect|save|poison|shoot|check|"
    r"look at|investigate|name|choice|answer|decision|bid)\b(?:\s+(?:is|for|to|on|against|:|as))*[\s:*\"'`]*",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Read:
    """``forgiven``: it was not in the form that was asked for. ``thought`` is what stood in the answer's own field."""

    act: Act
    forgiven: bool
    thought: str = ""


@dataclass(frozen=True, slots=True)
class NotRead:
    """``reason`` is a sentence for the model, said once more."""

    reason: str
    thought: str = ""


def read_answer(content: str, turn: Turn) -> Read | NotRead:
    """The act in ``content``, which fits the turn, or why there is none."""
    content = content.strip()[:MOST_READ_CHARACTERS]
    if not content:
        return NotRead("It was empty.")
    whole = _loaded(content)
    found = whole if isinstance(whole, dict) else _object_in(content)
    if found is None:
        return _from_prose(content, turn)
    thought = _words(found, ("thought", "thoughts", "reasoning", "reason")) or ""
    asked = {"thought", *(["text"] if turn.text_limit else []), *(["choice"] if turn.choices else [])}
    exact = found is whole and found.keys() <= asked
    text, choice = "", None
    if turn.text_limit:
        said = _words(found, _TEXT_NAMES)
        if said is None:
            return NotRead('The object has no "text".', thought)
        text = clean_text(said, turn.text_limit)
        exact &= "text" in found and clean_text(said) == text
        if not text and not turn.choices and said.strip():
            return NotRead("The text has no visible letters.", thought)
    if turn.choices:
        named = _words(found, _CHOICE_NAMES)
        if named is None:
            return NotRead('The object has no "choice".', thought)
        choice = _choice(named, turn.choices)
        if choice is None:
            return NotRead(_illegal(named, turn.choices), thought)
        exact &= found.get("choice") == choice
    return Read(Act(text, choice), not exact, thought)


def _from_prose(content: str, turn: Turn) -> Read | NotRead:
    """No object anywhere: a choice may still be named, and a single line may be what is said."""
    plain = re.sub(r"^```\w*\n?|```$", "", content, flags=re.MULTILINE).strip()
    if "{" in plain:
        return NotRead("The JSON object is not complete.")
    if turn.choices and turn.text_limit:
        return NotRead("It is not a JSON object.")
    if turn.choices:
        choice = _choice(plain, turn.choices)
        return NotRead(_illegal(plain, turn.choices)) if choice is None else Read(Act(choice=choice), True)
    if len([line for line in plain.splitlines() if line.strip()]) != 1:
        return NotRead("It is not a JSON object.")  # several paragraphs are likely to hold thoughts as well
    text = clean_text(plain.strip('"“”'), turn.text_limit)
    return Read(Act(text), True) if text else NotRead("It has no visible letters.")


def _choice(named: str, choices: Sequence[str]) -> str | None:
    """The one choice that is meant; None where none or several may be."""
    if named in choices:
        return named
    by_fold = {c.casefold(): c for c in choices}
    if len(by_fold) < len(choices):
        return None  # choices that differ in case alone are not guessed at
    if (found := by_fold.get(named.strip(_EDGES).casefold())) is not None:
        return found
    folded = named.casefold()
    mentioned = [c for c in choices if re.search(rf"(?<!\w){re.escape(c.casefold())}(?!\w)", folded)]
    decided = {
        c
        for c in mentioned
        for deed in _DEED.finditer(folded)
        if re.match(rf"{re.escape(c.casefold())}(?!\w)", folded[deed.end() :]) and not _denied(folded, deed.start())
    }
    if len(decided) == 1:
        return decided.pop()
    if len(mentioned) == 1 and not decided and not _NOT.search(folded):
        return mentioned[0]
    return None


def _denied(text: str, at: int) -> bool:
    """Whether the clause before ``at`` has a negation."""
    return bool(_NOT.search(re.split(r"[.;!?,\n]", text[:at])[-1]))


def _illegal(named: str, choices: Sequence[str]) -> str:
    shown = clean_text(named, 60)
    return f"{json.dumps(shown, ensure_ascii=False)} is not one of the choices ({', '.join(choices)})."


def _words(found: dict[str, Any], names: Sequence[str]) -> str | None:
    """The first of these parts that holds words, whatever the case of its name."""
    folded = {str(key).casefold(): value for key, value in found.items()}
    for name in names:
        value = folded.get(name)
        if isinstance(value, str):
            return value
    return None


def _object_in(content: str) -> dict[str, Any] | None:
    """The last JSON object within other words: models reason first and answer last."""
    last = None
    for found in objects_in(content, dict):
        last = found
    return last


def objects_in(content: str, kind: type[T]) -> Iterator[T]:
    """The JSON objects within other words, in order, each made by ``kind`` of its pairs."""
    decoder, at = json.JSONDecoder(strict=False, object_pairs_hook=kind), 0
    for _ in range(64):  # an answer with more braces than these is none
        at = content.find("{", at)
        if at < 0:
            return
        try:
            found, end = decoder.raw_decode(content, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        if isinstance(found, kind):
            yield found
        at = end


def _loaded(content: str) -> Any:
    try:
        return json.loads(content, strict=False)
    except (ValueError, RecursionError):
        return None
