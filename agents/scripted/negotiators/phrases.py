"""What negotiators say, by intention, and how it is read again.

Every sentence that is read is one that is said: the patterns are made of the templates. ``{a}`` is a word of the
scenario (an issue, an option, a place, a number), or several. One that begins a sentence is read with a capital letter;
``Table`` knows how the scenario writes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "greet": ("Good to see you.", "Let us find something that works.", "Shall we begin?"),
    "matters": ("The {a} matters most to me.", "To me the {a} counts most.", "I care most about the {a}."),
    "little": ("The {a} matters little to me.", "I do not care much about the {a}."),
    "like": ("I would like {a}.", "I prefer {a}.", "{a} would suit me best."),
    "dislike": ("I cannot take {a}.", "{a} does not suit me.", "I would rather not have {a}."),
    "ask_matters": ("What matters most to you?", "What do you care about most?"),
    "ask_like": ("What would you like?", "What would suit you best?", "Tell me what you want."),
    "refuse": ("That is not enough for me.", "I cannot agree to that.", "That does not work for me."),
    "near": ("We are nearly there.", "That is close.", "I could live with something like that."),
    "press": ("Time is short.", "Let us come to an end.", "We should decide now."),
    "give_all": ("Let us all give everything.", "If all give everything, all win."),
    "give_some": ("Let us give {a} each.", "I would give {a} if the others do."),
    "trust": ("I keep my word.", "You can count on me."),
    "hint": ("I think of {a}.", "I love {a}.", "Nothing is better than {a}."),
    "not_hint": ("I can do without {a}.", "I do not care for {a}."),
    "where": ("Where is it?", "Will you tell me where it is?", "You know where it is."),
    "is_it": ("Is it in the {a}?", "I think it is in the {a}.", "Could it be in the {a}?"),
    "it_is": ("It may be in the {a}.", "Have a look in the {a}."),
    "not_there": ("It is not in the {a}.", "Not in the {a}."),
    "deny": ("I cannot tell you.", "Do not ask me that.", "My lips are sealed."),
    "why": ("Why do you ask?", "What makes you ask?"),
    "because": ("I am only {a}.", "You know me, I am {a}."),
    "thanks": ("That was good to hear.", "I see what you mean.", "Fair enough."),
}
GESTURES: Final = ("smiles.", "nods.", "shakes hands.", "looks at the clock.", "frowns.")


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody meant. ``a`` is the word it was about, empty where there is none."""

    intention: str
    a: str = ""


def phrase(random: Random, intention: str, a: str = "", limit: int = 240) -> str:
    """A sentence; empty where none is short enough."""
    fitting = [s for t in TEMPLATES[intention] if len(s := _capital(t.format(a=a))) <= limit]
    return random.choice(fitting) if fitting else ""


def read(text: str) -> Statement | None:
    """What a sentence means, if it is one of ours."""
    for intention, pattern in _patterns():
        if (found := pattern.fullmatch(text.strip())) is not None:
            return Statement(intention, found.groupdict().get("a") or "")
    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (intention, re.compile(re.escape(template).replace(r"\{a\}", r"(?P<a>(?:[^.?!]|\.(?=\d))+?)"), re.IGNORECASE))
        for intention, templates in TEMPLATES.items()
        for template in templates
    )
