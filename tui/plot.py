"""Lines and intervals drawn with characters: two by four dots a cell, so that small charts show shape.

Nothing here knows what is drawn. ``plotext`` would draw the same, in colours of its own that no theme reaches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Final

from textual.content import Content

_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a Braille pattern, row by row."""
_BLANK: Final = 0x2800


@dataclass(slots=True)
class Plot:
    """A chart of ``width`` × ``height`` cells over the ranges ``x`` and ``y``. What is drawn later lies on top."""

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    _dots: dict[tuple[int, int], tuple[int, str]] = field(default_factory=dict)
    _marks: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)

    def level(self, at: float, style: str, character: str = "┄") -> None:
        """A horizontal line."""
        row = self.row(at)
        for column in range(self.width):
            self._marks[row, column] = character, style

    def interval(self, at: float, low: float, high: float, style: str) -> None:
        """A vertical line from ``low`` to ``high``."""
        column = self.column(at)
        for row in range(self.row(high), self.row(low) + 1):
            self._marks[row, column] = "│", style

    def line(self, points: Iterable[tuple[float, float | None]], style: str) -> None:
        """From point to point; there is a gap where one has no value."""
        points = list(points)
        for (x, y), (x2, y2) in pairwise(points):
            if y is not None and y2 is not None:
                self._stroke(self._dot(x, y), self._dot(x2, y2), style)
        for x, y in points:  # one that stands alone is seen too
            if y is not None:
                self._put(*self._dot(x, y), style)

    def mark(self, x: float, y: float, character: str, style: str) -> None:
        self._marks[self.row(y), self.column(x)] = character, style

    def rows(self) -> list[Content]:
        """From the top down."""
        return [
            Content.assemble(
                *(
                    ("".join(character for character, _ in run), style)
                    for style, run in groupby((self._cell(row, column) for column in range(self.width)), _style)
                )
            )
            for row in range(self.height)
        ]

    def _cell(self, row: int, column: int) -> tuple[str, str]:
        mark = self._marks.get((row, column))
        bits, style = self._dots.get((row, column), (0, ""))
        if mark is not None and (not bits or mark[0] not in "┄│"):
            return mark
        return (chr(_BLANK + bits), style) if bits else (" ", "")

    def _stroke(self, start: tuple[int, int], end: tuple[int, int], style: str) -> None:
        (x, y), (x2, y2) = start, end
        steps = max(abs(x2 - x), abs(y2 - y), 1)
        for n in range(steps + 1):
            self._put(x + round((x2 - x) * n / steps), y + round((y2 - y) * n / steps), style)

    def _put(self, across: int, down: int, style: str) -> None:
        place = down // 4, across // 2
        bits, _ = self._dots.get(place, (0, ""))
        self._dots[place] = bits | _DOTS[down % 4][across % 2], style

    def _dot(self, x: float, y: float) -> tuple[int, int]:
        """Across from the left, and down from the top."""
        across = round(_share(x, self.x) * (2 * self.width - 1))
        return across, round((1 - _share(y, self.y)) * (4 * self.height - 1))

    def column(self, x: float) -> int:
        return round(_share(x, self.x) * (2 * self.width - 1)) // 2

    def row(self, y: float) -> int:
        return round((1 - _share(y, self.y)) * (4 * self.height - 1)) // 4


def span(values: Iterable[float | None], least: float = 0.0) -> tuple[float, float]:
    """From the smallest to the largest value, at least ``least`` apart; (0, 1) where there are none."""
    known = [v for v in values if v is not None]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    room = max(0.0, least - (high - low)) / 2 or (0.5 if low == high else 0.0)
    return low - room, high + room


def ticks(low: float, high: float, most: int) -> Sequence[float]:
    """At most ``most`` round numbers from ``low`` to ``high``: whole multiples of 1, 2 or 5 times a power of ten."""
    if most < 1 or not high > low:
        return []
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (power, 2 * power, 5 * power, 10 * power, 20 * power):
        first = math.ceil(low / step)
        count = math.floor(high / step) - first + 1
        if count <= most:
            return [step * (first + n) for n in range(count)]
    return []


def _share(value: float, of: tuple[float, float]) -> float:
    low, high = of
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5


def _style(cell: tuple[str, str]) -> str:
    return cell[1]
