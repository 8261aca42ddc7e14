"""From sampled tokens back to an act: forgiving, and saying so where it had to forgive."""

from __future__ import annotations

from collections.abc import Sequence

from arena.games.core import Turn
from arena.protocol.text import clean_text


def read_choice(options: Sequence[Sequence[int]], sampled: Sequence[int], turn: Turn) -> str:
    """The choice whose tokens were sampled. The engine samples among the options only, so one always fits."""
    for choice, option in zip(turn.choices, options, strict=True):
        if tuple(sampled[: len(option)]) == tuple(option):
            return choice
    raise AssertionError("the engine sampled outside the legal options")


def read_talk(text: str, turn: Turn) -> tuple[str, str | None]:
    """The message in a completion, and why it is not what was sampled (None where it is).

    Everything after the first line end is dropped, invisible characters go, and a message over the limit is cut.
    """
    first = text.split("\n", 1)[0]
    said = clean_text(first, turn.text_limit)
    if not said:
        return "", "talk/empty"
    if len(clean_text(first)) > turn.text_limit:
        return said, "talk/cut"
    return said, None
