"""Whether a message is degenerate: words that say nothing, which no reward should ever encourage.

The filter of OMAR (2026) by rule: empty, said before, taken from what others said, or not in the language of the table.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

_LONG: Final = 6
"""So many words in another's order are no coincidence."""
_FOREIGN: Final = 0.3
"""More than this share of letters from another script is another language."""


class Flaw(StrEnum):
    EMPTY = "empty"
    REPEATED = "repeated"
    COPIED = "copied"
    OFF_LANGUAGE = "off_language"


def flaw(text: str, own: Iterable[str], heard: Iterable[str]) -> Flaw | None:
    """What is wrong with ``text``, if anything, after the speaker's ``own`` messages and those ``heard`` from others.

    Case, spacing and the marks at either end do not make two messages different.
    """
    words = plain(text)
    if not words:
        return Flaw.EMPTY
    if words in map(plain, own):
        return Flaw.REPEATED
    for other in map(plain, heard):
        if words == other or (words.count(" ") >= _LONG - 1 and words in other):
            return Flaw.COPIED
    letters = [c for c in text if c.isalpha()]
    foreign = sum(not unicodedata.name(c, "").startswith("LATIN") for c in letters)
    wordless = not letters and not any(c.isdigit() for c in text)  # "40" answers a question, "🙂🙂" does not
    return Flaw.OFF_LANGUAGE if wordless or foreign > _FOREIGN * len(letters) else None


def plain(text: str) -> str:
    """What two messages that say the same have in common."""
    return " ".join(text.casefold().split()).strip(" .,;:!?…\"'")
