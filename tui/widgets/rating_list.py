"""The players of the ladder, best first, each with its interval as a bar; all bars share one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from arena.protocol.ladder_rows import LadderRow
from tui.boards import short
from tui.cells import cell
from tui.plot import ticks

RANK, RATING, WON, GAMES = 4, 7, 7, 7
"""Columns."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One row: a player as a whole, or on one side. ``won`` is the share of its games on that side."""

    row: LadderRow
    rating: float
    low: float
    high: float
    games: int
    won: float | None = None


def standings(rows: Sequence[LadderRow], side: str | None) -> list[Standing]:
    """The best first; on one side those who have played it."""
    if side is None:
        return [Standing(r, r.rating, r.low, r.high, r.games) for r in rows]
    found = [
        Standing(r, f.rating, f.low, f.high, f.games, f.won / max(1, f.games))
        for r in rows
        for f in r.sides
        if f.side == side
    ]
    return sorted(found, key=lambda s: -s.rating)


class RatingList(OptionList):
    """Keeps the marked player marked when the ladder is read again. ``head`` is what stands above the columns."""

    DEFAULT_CSS = """
    RatingList {
        border: none; background: transparent; padding: 0; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
    }
    RatingList:focus { border: none; background-tint: $foreground 0%; }
    RatingList > .option-list--option { text-wrap: nowrap; text-overflow: ellipsis; }
    RatingList > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: none; }
    RatingList:focus > .option-list--option-highlighted { background: $line; color: $foreground; text-style: none; }
    """

    class Drawn(Message):
        """The rows were drawn anew, for another ladder or another width: the head may have changed."""

    standings: tuple[Standing, ...] = ()
    _shown: tuple[object, ...] = ()

    def show(self, standings: Sequence[Standing]) -> None:
        """Draw anew what has changed."""
        width = self.scrollable_content_region.width
        if self._shown == (tuple(standings), width):
            return
        marked = self.marked()
        self.standings = tuple(standings)
        self._shown = self.standings, width
        self.clear_options()
        self.add_options([Option(self._row(n, s)) for n, s in enumerate(standings, start=1)])
        players = [s.row.player for s in standings]
        if players:
            self.highlighted = players.index(marked.row.player) if marked and marked.row.player in players else 0
        self.post_message(self.Drawn())

    def marked(self) -> Standing | None:
        index = self.highlighted
        return self.standings[index] if index is not None and index < len(self.standings) else None

    def on_resize(self) -> None:
        self.show(self.standings)

    @property
    def head(self) -> Content:
        """The names of the columns, and the scale above the bars."""
        name, bar = self._widths()
        scale = [" "] * bar
        for tick in ticks(*self._range(), max(2, bar // 12)):
            label = f"{tick:+.0f}" if tick else "0"
            start = min(bar - len(label), max(0, self._column(tick, bar) - (len(label) - 1) // 2))
            scale[start : start + len(label)] = label
        won = f"{'won':>{WON}}" if self._by_side else ""
        return Content.styled(
            f"{'#':>3} {'Player':<{name}}{''.join(scale)}{'Elo':>{RATING}}{won}{'games':>{GAMES}}", "$faint"
        )

    @property
    def _by_side(self) -> bool:
        return any(s.won is not None for s in self.standings)

    def _widths(self) -> tuple[int, int]:
        """Of the names and of the bars."""
        width = self.scrollable_content_region.width - RANK - RATING - GAMES - (WON if self._by_side else 0)
        longest = max((_name(s.row).cell_length for s in self.standings), default=0) + 2
        name = max(10, min(longest, width // 2))
        return name, max(8, width - name)

    def _range(self) -> tuple[float, float]:
        """Round ends that hold every interval, and zero."""
        low = min((s.low for s in self.standings), default=-100.0)
        high = max((s.high for s in self.standings), default=100.0)
        step = next((s for s in (50, 100, 200, 500, 1000) if high - low < 10 * s), 5000)
        return min(0.0, low // step * step), max(0.0, -(-high // step) * step)

    def _column(self, at: float, bar: int) -> int:
        low, high = self._range()
        return min(bar - 1, max(0, round((at - low) / ((high - low) or 1.0) * (bar - 1))))

    def _row(self, place: int, s: Standing) -> Content:
        name, bar = self._widths()
        parts = [
            cell(str(place), "$faint", RANK, right=True),
            Content(" "),
            _fitted(_name(s.row), name - 1),
            self._bar(s, bar),
            cell(f"{s.rating:+.0f}", "bold", RATING, right=True),
        ]
        if self._by_side:
            parts.append(cell("–" if s.won is None else f"{s.won:.0%}", "", WON, right=True))
        return Content.assemble(*parts, cell(f"{s.games:,}", "$faint", GAMES, right=True))

    def _bar(self, s: Standing, bar: int) -> Content:
        low, high, at, zero = (self._column(x, bar) for x in (s.low, s.high, s.rating, 0.0))
        sure = s.low > 0 or s.high < 0  # the interval lies on one side of the mean
        colour = "$primary" if not sure else "$success" if s.rating > 0 else "$error"
        characters: list[tuple[str, str]] = []
        for column in range(bar):
            if column == at:
                characters.append(("●", f"bold {colour}"))
            elif low <= column <= high:
                characters.append(("━", colour))
            else:
                characters.append(("│" if column == zero else " ", "$line"))
        return Content.assemble(*characters)


def _name(row: LadderRow) -> Content:
    """The player, and the labels that a checkpoint carries."""
    return Content.assemble(
        (short(row.player), ""),
        *((f" {label}", "bold $success" if label == "live" else "$secondary") for label in row.labels),
    )


def _fitted(content: Content, width: int) -> Content:
    content = content.truncate(width - 1, ellipsis=True)
    return content + Content(" " * (width - content.cell_length))
