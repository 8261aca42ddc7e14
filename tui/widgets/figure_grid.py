"""The figures of a run as small charts, side by side: each with its name, its newest value and its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from textual.content import Content
from textual.widget import Widget

from arena.protocol.training_rows import RunShown
from tui.plot import Plot, span

GAP: Final = 2
"""Columns between charts."""
LEAST_WIDTH: Final = 17
LEAST_HEIGHT: Final = 4
"""Of one chart: its name, and three rows of line."""
RANGED_HEIGHT: Final = 6
"""From so many rows on, the ends of the scale stand beside the line."""
SIDE_COLOURS: Final = ("$primary", "$error", "$success", "$secondary", "$accent", "$warning")

NAMES: Final[Mapping[str, tuple[str, int]]] = {
    "kl_reference": ("KL", 3),
    "clipped": ("clipped", 2),
    "talk_entropy": ("talk entropy", 2),
    "choice_entropy": ("choice entropy", 2),
    "talk_tokens": ("text length", 1),
    "explained": ("critic", 2),
    "gradient_norm": ("gradient norm", 2),
    "garbled": ("garbled", 3),
}
"""The figures in the order in which they are drawn: what they are called, and how many decimals they have."""
LEAST_SPAN: Final[Mapping[str, float]] = {"kl_reference": 0.02, "clipped": 0.02, "garbled": 0.02}
"""A line that moves by less than this is drawn as flat as it is."""
_USUAL_SPAN: Final = 0.1


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart. ``lines`` are (name, values, style); ``alarming`` where an alarm has named it just now."""

    name: str
    lines: tuple[tuple[str, Sequence[float | None], str], ...]
    decimals: int
    y: tuple[float, float]
    alarming: bool = False


def figures(shown: RunShown) -> list[Figure]:
    """What is drawn of a run, the most telling first: what the sides got, then how the policy changed."""
    found: list[Figure] = []
    for what, title in (("wins/", "wins"), ("returns/", "return")):
        of_sides = [name for name in shown.series if name.startswith(what)]
        lines = tuple(
            (name.removeprefix(what), shown.series[name], SIDE_COLOURS[n % len(SIDE_COLOURS)])
            for n, name in enumerate(of_sides)
            if any(shown.series[name])
        )
        if lines:
            found.append(Figure(title, lines, 2, span((x for _, xs, _ in lines for x in xs), _USUAL_SPAN)))
    newest = max(shown.updates, default=0)
    wrong = " ".join(alarm.text for alarm in shown.alarms if alarm.update >= newest - 1)
    for name, (title, decimals) in NAMES.items():
        values = shown.series.get(name)
        if values:
            y = span(values, LEAST_SPAN.get(name, _USUAL_SPAN))
            found.append(Figure(title, ((title, values, "$accent"),), decimals, y, name in wrong))
    return found


class FigureGrid(Widget):
    """As many charts as fit, all of one size."""

    DEFAULT_CSS = """
    FigureGrid { height: 1fr; width: 1fr; }
    """

    figures: tuple[Figure, ...] = ()

    def show(self, shown: RunShown) -> None:
        self.figures = tuple(figures(shown))
        self.border_title = Content(f"{len(shown.updates)} updates" if shown.updates else "")
        self.refresh()

    def render(self) -> Content:
        if not self.figures:
            return Content.styled("No update yet: its figures stand here once the first one is done.", "$faint")
        width, height = self.content_size
        across, down = _grid(len(self.figures), width, height)
        wide, tall = (width - GAP * (across - 1)) // across, height // down
        lines: list[Content] = []
        for first in range(0, min(len(self.figures), across * down), across):
            of_row = [_chart(f, wide, tall) for f in self.figures[first : first + across]]
            lines += [Content(" " * GAP).join(parts) for parts in zip(*of_row, strict=True)]
        return Content("\n").join(lines)


def _grid(count: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows: the fewest charts in a row that leave room for all, or as many as there is room for."""
    most_across = max(1, (width + GAP) // (LEAST_WIDTH + GAP))
    most_down = max(1, height // LEAST_HEIGHT)
    for down in range(1, most_down + 1):
        across = -(-count // down)
        if across <= most_across and (width // across <= 4 * (height // down) or down == most_down):
            return across, down
    return min(most_across, count), min(most_down, -(-count // min(most_across, count)))


def _chart(figure: Figure, width: int, height: int) -> list[Content]:
    ends = [f"{x:.{figure.decimals}f}" for x in reversed(figure.y)]
    margin = max(map(len, ends)) + 1 if height >= RANGED_HEIGHT and width >= 26 else 0
    count = max(len(values) for _, values, _ in figure.lines)
    plot = Plot(width - margin, height - 1, (0.0, max(1.0, count - 1.0)), figure.y)
    for _, values, style in figure.lines:
        plot.line(((float(n), v) for n, v in enumerate(values)), style)
    rows = plot.rows()
    if margin:
        labels = [ends[0], *[""] * (len(rows) - 2), ends[1]]
        rows = [Content.styled(f"{label:>{margin - 1}} ", "$faint") + r for label, r in zip(labels, rows, strict=True)]
    return [_head(figure, width), *rows]


def _head(figure: Figure, width: int) -> Content:
    """The name on the left, the newest value of each line on the right."""
    style = "bold $error" if figure.alarming else "$faint"
    newest = [(name, next((v for v in reversed(values) if v is not None), None), s) for name, values, s in figure.lines]
    shown = [(name, "–" if v is None else f"{v:.{figure.decimals}f}", s) for name, v, s in newest]
    right = Content("")
    for letters in (20, 4, 1, 0):  # as much of the names of lines as there is room for
        named = 0 if len(shown) == 1 and shown[0][0] == figure.name else letters
        right = Content("").join(
            Content.assemble(
                (f" {name[:named]}" if named else "", s), (f" {value}", f"bold {s if len(shown) > 1 else ''}")
            )
            for name, value, s in shown
        )
        if right.cell_length + len(figure.name) <= width:
            break
    right = right.truncate(width, ellipsis=True)
    left = Content.styled(figure.name, style).truncate(max(0, width - right.cell_length), ellipsis=True)
    return left + Content(" " * (width - left.cell_length - right.cell_length)) + right
