"""The checkpoints of a run, newest first: which one is live, how good it is, and whether it passed its trial."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from arena.protocol.text import clean_text
from arena.protocol.training_rows import CheckpointRow
from tui.boards import short
from tui.cells import cell

SHOWN_ID = 12


class CheckpointList(OptionList):
    """Keeps the marked one marked when the run is read again."""

    DEFAULT_CSS = """
    CheckpointList { height: 100%; background: $surface; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    CheckpointList:focus { background-tint: $foreground 0%; }
    CheckpointList > .option-list--option { text-wrap: nowrap; text-overflow: ellipsis; }
    CheckpointList > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: none; }
    CheckpointList:focus > .option-list--option-highlighted { background: $line; color: $foreground; text-style: none; }
    """

    checkpoints: tuple[CheckpointRow, ...] = ()
    _shown: tuple[object, ...] = ()

    def show(self, checkpoints: Sequence[CheckpointRow]) -> None:
        width = self.scrollable_content_region.width
        rows = [_row(c, width) for c in checkpoints]
        looks = (tuple(checkpoint.checkpoint for checkpoint in checkpoints), tuple(map(repr, rows)))
        marked = self.marked()
        self.checkpoints = tuple(checkpoints)
        if looks == self._shown:
            return
        self._shown = looks
        self.clear_options()
        self.add_options([Option(row) for row in rows])
        ids = [c.checkpoint for c in checkpoints]
        if ids:
            self.highlighted = ids.index(marked.checkpoint) if marked and marked.checkpoint in ids else 0

    def marked(self) -> CheckpointRow | None:
        index = self.highlighted
        return self.checkpoints[index] if index is not None and index < len(self.checkpoints) else None

    def on_resize(self) -> None:
        self.show(self.checkpoints)


def _row(c: CheckpointRow, width: int) -> Content:
    """What fits, the most telling first: the id and its labels, the rating, the trial, the games learnt, the others."""
    live = "live" in c.labels
    rating, style = (
        ("unrated", "$faint") if c.rating is None else (f"{c.rating:+.0f}{' Elo' if width > 34 else ''}", "bold")
    )
    row = Content.assemble(
        ("◆ " if live else "  ", "bold $success"),
        cell(clean_text(c.checkpoint, 40), "bold" if live else "", SHOWN_ID + 1),
        _labels(c, 8),
        cell(rating, style, 10, right=True),
    )
    verdict = Content.styled("no trial", "$faint")
    if c.trial is not None:
        verdict = Content.styled(
            f"{c.trial.verdict} {c.trial.score:.0%}", "$success" if c.trial.went_live else "$error"
        )
    against = [
        Content.styled(f"{a.points / max(1, a.games):.0%} against {short(a.opponent)}", "$faint") for a in c.against
    ]
    columns = [(cell(f"{c.trained:,} games", "$faint", 13, right=True), 13), (Content("  ") + verdict, 18)]
    columns += [(Content("  ") + other, other.cell_length + 2) for other in against]
    used = row.cell_length
    for content, wide in columns:
        used += wide
        if used > width:
            break
        row += content.truncate(wide, ellipsis=True)
        row += Content(" " * max(0, used - row.cell_length))
    return row.truncate(width, ellipsis=True)


def _labels(c: CheckpointRow, width: int) -> Content:
    named = Content(" ").join(
        Content.styled(label, "bold $success" if label == "live" else "$secondary") for label in c.labels
    )
    named = named.truncate(width - 1, ellipsis=True)
    return named + Content(" " * (width - named.cell_length))
