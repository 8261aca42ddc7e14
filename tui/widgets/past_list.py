"""The games that are over, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from arena.protocol.match_rows import PastMatch
from tui import words
from tui.cells import cell
from tui.faces.registry import face_of

CODE, ENDED, GAME, RESULT, MARK, PEOPLE, SEATS, LASTED = 7, 8, 16, 11, 8, 7, 6, 7
"""Columns; what matters least stands last, where a narrow terminal cuts."""
HEAD = Content.styled(
    f"{'Code':<{CODE}}{'Ago':<{ENDED}}{'Game':<{GAME}}{'Result':<{RESULT + MARK}}{'People':<{PEOPLE}}"
    f"{'Seats':<{SEATS}}{'Lasted':<{LASTED}}",
    "$faint",
)


class PastList(OptionList):
    """Keeps the marked row marked when the list is read again."""

    DEFAULT_CSS = """
    PastList {
        border: none; background: transparent; padding: 0; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
    }
    PastList:focus { border: none; background-tint: $foreground 0%; }
    PastList > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: none; }
    PastList:focus > .option-list--option-highlighted { background: $line; color: $foreground; text-style: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "cursor_down", "Next game", show=False, id="past.down"),
        Binding("up", "cursor_up", "Previous game", show=False, id="past.up"),
    ]

    matches: tuple[PastMatch, ...] = ()
    _shown: tuple[str, ...] = ()

    def show(self, matches: Sequence[PastMatch]) -> None:
        """Draw anew where anything has changed, the first row marked unless the one before is still there."""
        width = self.scrollable_content_region.width
        marked, rows = self.marked(), [row(match).truncate(width, ellipsis=True) for match in matches]
        self.matches = tuple(matches)
        if self._shown == (shown := tuple(r.plain for r in rows)):
            return
        self._shown = shown
        self.clear_options()
        self.add_options([Option(r) for r in rows])
        if matches:
            ids = [match.match for match in matches]
            self.highlighted = ids.index(marked.match) if marked is not None and marked.match in ids else 0

    def on_resize(self) -> None:
        self.show(self.matches)

    def marked(self) -> PastMatch | None:
        index = self.highlighted
        return self.matches[index] if index is not None and index < len(self.matches) else None


def row(match: PastMatch) -> Content:
    mark = "private" if match.private else "" if match.seat is None else "yours"  # who sees a private one was there
    return Content.assemble(
        cell(match.code or match.match, "bold", CODE),
        cell(words.span(match.age_s), "$faint", ENDED),
        cell(face_of(match.game).title, "", GAME),
        cell(match.winner, "$primary", RESULT),
        cell(mark, "$secondary", MARK),
        cell(str(match.minds.count("person")), "", PEOPLE),
        cell(str(len(match.minds)), "", SEATS),
        cell(words.span(match.lasted_s), "$faint", LASTED),
    )
