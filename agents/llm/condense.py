"""What of a past stays in a prompt that has no room for all of it.

The game says what each line weighs (``Game.weight``). Lines of less weight go first, of equal weight the older ones
before the newer, until the rest fits. One marker says how many went, where the first of them stood. Playing and
training read the same function: a past is shortened to the same tokens wherever that is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from arena.games.core import Weight

MARKER: Final = "[{} lines from here on are left out.]\n"
"""Nobody can say it: what is said stands behind its speaker's name."""


@dataclass(frozen=True, slots=True)
class Line:
    tokens: tuple[int, ...]
    weight: Weight


def condensed(encode: Callable[[str], tuple[int, ...]], lines: Sequence[Line], room: int) -> tuple[int, ...]:
    """The tokens of these lines, shortened to ``room`` tokens where they are more.

    Lines that weigh ``FRAME`` stay even where they alone are more than that.
    """
    total = sum(len(line.tokens) for line in lines)
    gone: set[int] = set()
    marker: tuple[int, ...] = ()
    going = sorted(
        (n for n, line in enumerate(lines) if line.tokens and line.weight is not Weight.FRAME),
        key=lambda n: (lines[n].weight, n),
    )
    for n in going:
        if total + len(marker) <= room:
            break
        gone.add(n)
        total -= len(lines[n].tokens)
        marker = encode(MARKER.format(len(gone)))
    first = min(gone, default=None)
    tokens: list[int] = []
    for n, line in enumerate(lines):
        if n == first:
            tokens.extend(marker)
        if n not in gone:
            tokens.extend(line.tokens)
    return tuple(tokens)
