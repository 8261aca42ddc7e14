"""Whether a message is well-formed: a sentence that the scripts' language has, about people who sit there.

Strict on purpose, so that a drift of a trained model's talk shows: it is English as the scripts speak it, not English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from agents.scripted.negotiators.phrases import GESTURES, read
from agents.scripted.phrases import INTENTIONS

_TOKEN: Final = re.compile(r"[^\W\d_]+(?:'[a-z]+)?|[.!?,:;]|\S")
_NAME: Final = "{}"
_EDGE: Final = "|"
_CLOSERS: Final = (".", "!", "?")


def well_formed(text: str, speaker: int, names: Sequence[str], game: str = "werewolf") -> bool:
    """Whether the scripts of this game could have said it. Of a game whose language is not known here nothing is."""
    return game in _GRAMMARS and _GRAMMARS[game](text, speaker, names)


def _of_the_village(text: str, speaker: int, names: Sequence[str]) -> bool:
    """A finished sentence of at least two words in which every pair of neighbouring words occurs somewhere in the
    scripts' phrases, any seated player but the speaker standing for a name."""
    if not text.endswith(_CLOSERS):
        return False
    others = {name for seat, name in enumerate(names) if seat != speaker}
    words = [_NAME if w in others else w.lower() for w in _TOKEN.findall(text)]
    if len(words) < 3:
        return False
    pairs = _known_pairs()
    return all(pair in pairs for pair in zip([_EDGE, *words], [*words, _EDGE], strict=True))


@cache
def _known_pairs() -> frozenset[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    for intention in INTENTIONS.values():
        for template in intention.templates:
            words = [
                _NAME if w == "NAME" else w.lower()
                for w in _TOKEN.findall(template.replace("{a}", "NAME").replace("{b}", "NAME"))
            ]
            pairs.update(zip([_EDGE, *words], [*words, _EDGE], strict=True))
    return frozenset(pairs)


def _of_the_table(text: str, speaker: int, names: Sequence[str]) -> bool:
    """A gesture of the negotiators', or a sentence that they understand."""
    return text in GESTURES or read(text) is not None


_GRAMMARS: Final = {"werewolf": _of_the_village, "scenario": _of_the_table}
