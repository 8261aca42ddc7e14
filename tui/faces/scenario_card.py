"""What a person in a scenario has before their eyes: who they are, what things are worth to them, what is on offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual.content import Content

from arena.games.scenario.view import ScenarioView
from tui.faces.scenario_words import and_, terms
from tui.themes import seat_colour

if TYPE_CHECKING:
    from tui.state import Table

_NUMBER: Final = 4
"""Cells for what an option is worth."""
_GAP: Final = 2


def who(table: Table, v: ScenarioView) -> Content:
    """Name, occupation and age, in a sentence."""
    assert table.me is not None, "spectators are nobody"
    name = (table.name(table.me), f"bold {seat_colour(table.me)}")
    people = v.started.get("people", [])
    age, job = people[table.me] if table.me < len(people) else ("", "")
    person = f", {job}, {age}." if job else "."
    return Content.assemble("You were " if table.over else "You are ", name, person)


def rest(table: Table, v: ScenarioView, width: int) -> Content:
    """The card below who I am and what I want: what options are worth to me, then what I know and hide."""
    parts = list(_worths(v, width))
    if (secret := v.card.get("secret")) is not None:
        parts.append(Content.assemble(("Secret: ", "bold $error"), secret))
    parts += [Content(known) for known in v.card.get("knows", ())]
    for other, what in v.card.get("relations", ()):
        seat = v.names.index(other) if other in v.names else 0
        parts.append(Content.assemble((other, f"bold {seat_colour(seat)}"), f" is {what.rstrip('.')}."))
    if traits := v.card.get("traits"):
        parts.append(Content.assemble(("You are ", "$faint"), f"{and_(traits)}."))
    if values := v.card.get("values"):
        parts.append(Content.assemble(("To you counts ", "$faint"), f"{and_(values)}."))
    if (guess := v.card.get("guess")) is not None:
        parts.append(Content.assemble(("You will be asked: ", "$faint"), f"{guess[1]} ({', '.join(guess[2])})"))
    return Content("\n").join(parts)


def _worths(v: ScenarioView, width: int) -> Iterator[Content]:
    """An aligned table: below each issue its options with their worths, those of the present offer marked."""
    rows: Sequence[Any] = v.card.get("worths") or ()
    if not rows:
        return
    offered = v.offer.terms if v.offer is not None else ()
    for n, (issue, options) in enumerate(rows):
        longest = max((Content(option).cell_length for option, _ in options), default=1)
        column = min(longest, max(4, width - 2 - _NUMBER)) + 2 + _NUMBER
        columns = max(1, (width + _GAP) // (column + _GAP))
        yield Content.styled(issue, "bold $primary").truncate(width, ellipsis=True)
        cells = [_option(o, w, column, n < len(offered) and offered[n] == o) for o, w in options]
        for start in range(0, len(cells), columns):
            yield Content(" " * _GAP).join(cells[start : start + columns])
    yield Content.assemble(("No agreement", "bold $primary"), (f" {v.card.get('walk')}", "bold"))


def _option(option: str, worth: int, width: int, offered: bool) -> Content:
    label = Content(option).truncate(width - 2 - _NUMBER, ellipsis=True)
    pad = " " * (width - 2 - _NUMBER - label.cell_length)
    style = "bold $accent" if offered else "$faint" if not worth else "$error" if worth < 0 else ""
    return Content.styled("▸ " if offered else "  ", style).append(
        Content.assemble((label.plain + pad, style), (f"{worth:>{_NUMBER}}", style or "bold"))
    )


def offer(table: Table, v: ScenarioView, width: int) -> tuple[Content, ...]:
    """What lies on the table, what it is worth to me, and who would have it."""
    if v.offer is None:
        return promised(table, v)
    rows = Content.styled(terms(v, v.offer.terms), "bold").wrap(width)
    if (worth := v.worth(v.offer.terms)) is not None:
        walk = v.card.get("walk") or 0
        style = "bold $success" if worth > walk else "bold $error" if worth < walk else "bold"
        rows += [Content.assemble("worth ", (f"{worth}", style), (" to you · ", "$faint"), f"{walk} without")]
    names = Content(", ").join([Content.styled(table.name(s), f"bold {seat_colour(s)}") for s in v.offer.agreed])
    needs = v.started.get("needs", 0)
    rows += Content.assemble(("agreed: ", "$faint"), names, (f" ({len(v.offer.agreed)} of {needs})", "$faint")).wrap(
        width
    )
    return tuple(rows)


def promised(table: Table, v: ScenarioView) -> tuple[Content, ...]:
    """What each has promised for the pot."""
    return tuple(
        Content.assemble((table.name(seat), f"bold {seat_colour(seat)}"), f" promised {coins}")
        for seat, coins in sorted(v.pledges.items())
    )
