"""From sampled tokens back to an act: forgiving, and saying so where it had to forgive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from arena.decision import TALK_CUT, TALK_ECHO, TALK_EMPTY
from arena.games.core import Turn
from arena.protocol.text import clean_text

_QUOTES: Final = ('""', "“”", "«»")


def read_choice(options: Sequence[Sequence[int]], sampled: Sequence[int], turn: Turn) -> str:
    """The choice whose tokens were sampled. The engine samples among the options only, so one always fits."""
    for choice, option in zip(turn.choices, options, strict=True):
        if tuple(sampled[: len(option)]) == tuple(option):
            return choice
    raise AssertionError("the engine sampled outside the legal options")


def read_talk(text: str, turn: Turn, cue: str) -> tuple[str, str | None]:
    """The message in a completion, and why it is not what was sampled (None where it is).

    Everything after the first line end is dropped, invisible characters go; the cue said once more and quotation marks
    around the whole are taken off, and a message over the limit is cut.
    """
    said = clean_text(text.split("\n", 1)[0]).strip()
    bare = said.removeprefix(cue).strip()
    if len(bare) > 1 and any(bare[0] == q[0] and bare[-1] == q[1] and bare.count(q[0]) <= 2 for q in _QUOTES):
        bare = bare[1:-1].strip()
    fits = clean_text(bare, turn.text_limit)
    if not fits:
        return "", TALK_EMPTY
    if len(bare) > turn.text_limit:
        return fits, TALK_CUT
    return fits, None if bare == said else TALK_ECHO
