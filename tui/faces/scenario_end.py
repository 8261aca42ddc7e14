"""What came of a scenario: for each person what they wanted and how far they got, and the scores by rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual.content import Content

from arena.games.scenario.dimensions import SOTOPIA
from arena.games.scenario.view import ScenarioView
from tui.faces.results import cell
from tui.faces.scenario_words import UNSCORED, number, of_seat, reached
from tui.themes import seat_colour

if TYPE_CHECKING:
    from tui.state import Table

HEAD: Final = 14
"""Cells for the name of a score."""
COLUMN: Final = 8
BAR: Final = 10


def result(table: Table, v: ScenarioView, width: int) -> Content:
    """Person by person, then the scores: a row a score, a column a person."""
    rows: list[Content] = []
    for seat in range(len(v.names)):
        rows += _person(table, v, seat, width)
    return Content("\n").join([*rows, Content(""), *_scores(table, v, width)])


def _person(table: Table, v: ScenarioView, seat: int, width: int) -> Iterator[Content]:
    name = "You" if seat == table.me else table.name(seat)
    head = Content.styled(f"{name} ", f"bold {seat_colour(seat)}")
    mind = "" if seat == table.me else table.mind(seat)
    head = head.append(Content.styled(f"{mind} " if mind else "", "$faint"))
    if (goal := reached(v, seat)) is not None:
        full = round(goal)
        bar = Content.assemble(("█" * full, "$success"), ("░" * (BAR - full), "$line"), (f" {goal:.0f} of 10", "bold"))
        head = head.append(" " * max(1, width - head.cell_length - bar.cell_length)).append(bar)
    yield head
    yield from _indented("wanted", of_seat(v.ending.get("goals"), seat), width)
    if (secret := of_seat(v.ending.get("secrets"), seat)) is not None:
        yield from _indented("secret", secret, width)
    for asked, _, question, choice, truth in v.ending.get("guesses", ()):
        if asked == seat:
            found = "right" if choice == truth else f"it was {truth}"
            yield from _indented("guess", f"{question} {choice or 'no guess'}: {found}", width)


def _indented(head: str, text: Any, width: int) -> Iterator[Content]:
    first, *others = Content(str(text or "")).wrap(max(10, width - 10)) or [Content("")]
    yield Content.assemble((f"  {head:<8}", "$faint"), first)
    yield from (Content(" " * 10).append(row) for row in others)


def _scores(table: Table, v: ScenarioView, width: int) -> Iterator[Content]:
    found: Sequence[Mapping[str, float]] = v.ending.get("scores", ())
    seats = range(min(len(found), len(v.names)))
    if not any(found):
        yield from Content.styled(UNSCORED, "$faint").wrap(width)
        return
    column = max(5, min(COLUMN, (width - HEAD) // max(1, len(seats))))
    head = Content.styled(f"{'':<{HEAD}}", "$faint")
    for seat in seats:
        name = "You" if seat == table.me else table.name(seat)
        label = Content.styled(name, f"bold {seat_colour(seat)}").truncate(column - 1, ellipsis=True)
        head = head.append(" " * (column - label.cell_length)).append(label)
    yield head
    for name in ("overall", *map(str, SOTOPIA)):  # what counts is seen without scrolling
        if not any(name in scores for scores in found):
            continue
        row = cell(name.replace("_", " "), "bold" if name == "overall" else "$faint", HEAD)
        for seat in seats:
            value = found[seat].get(name)
            style = "$error" if value is not None and value < 0 else "bold" if name == "overall" else ""
            row = row.append(Content.styled(f"{number(value):>{column}}", style))
        yield row
