"""The one door for text from outside: what cannot be shown or stored safely never gets in.

Used by the server on everything that a client sends, and again by the terminal on everything that it shows.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_MARKS: Final = 3
"""Combining marks kept on one letter."""

_INVISIBLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: terminal control
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners, fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"  # zero width, line ends, bidirectional overrides
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"  # variation selectors, byte order mark, specials
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e0fff]"  # tags
)


def spelled_out(text: str) -> str:
    """The same text with every character that ``clean_text`` would remove written as its escape: for logs."""
    return _INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def clean_text(text: str, limit: int | None = None) -> str:
    """One line of visible text: control, bidirectional and invisible characters removed, white space folded.

    Args:
        limit: the most characters kept; None keeps all.
    """
    if limit is not None:
        text = text[: 8 * limit]
    text = unicodedata.normalize("NFC", re.sub(r"[\t\n\r\v\f]+", " ", text))
    out: list[str] = []
    marks = 0
    for ch in " ".join(_INVISIBLE.sub("", text).split()):
        marks = marks + 1 if unicodedata.combining(ch) else 0
        if marks <= MAX_MARKS:
            out.append(ch)
    return "".join(out)[:limit].rstrip()
