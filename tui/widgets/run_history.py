"""How a training run went on the ladder: the ratings of its checkpoints by the games that they had learnt."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from arena.protocol.ladder_rows import LadderRow
from tui.boards import short
from tui.cells import cell
from tui.plot import Plot, span, ticks

AXIS = 7
"""Columns of the labels on the left."""
RIVALS = 3
"""The most players that never change whose level is drawn."""
CHART = 14
"""Rows that the chart keeps; where the checkpoints fit below it, they stand there as well."""


class RunHistory(Widget):
    """A line through the ratings, an upright line for each interval, and the level of some players that never
    change."""

    DEFAULT_CSS = """
    RunHistory { height: 1fr; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.rows: tuple[LadderRow, ...] = ()
        self.rivals: tuple[LadderRow, ...] = ()

    def show(self, rows: Sequence[LadderRow], rivals: Sequence[LadderRow]) -> None:
        """The checkpoints in the order in which they learnt."""
        self.rows, self.rivals = tuple(rows), tuple(rivals)
        self.refresh()

    def render(self) -> Content:
        if not self.rows:
            return Content.styled("No checkpoint of a training run has played rated matches yet.", "$faint")
        width, height = self.content_size
        table = self._table(width) if len(self.rows) + 2 <= height - CHART else []
        return Content("\n").join([*self._chart(width, height - len(table)), *table])

    def _chart(self, width: int, height: int) -> list[Content]:
        rivals = self._shown_rivals() if width >= 70 else []
        margin = max((Content(short(r.player)).cell_length for r in rivals), default=-1) + 1
        margin = min(margin, 24)
        levels = [*(x for r in self.rows for x in (r.low, r.high)), *(r.rating for r in rivals)]
        low, high = span(levels, least=100.0)
        trained = [float(r.trained or 0) for r in self.rows]
        wide, tall = max(8, width - AXIS - margin), max(3, height - 2)
        plot = Plot(wide, tall, span(trained, least=100.0), (low, high))
        plot.level(0.0, "$line") if low <= 0 <= high else None
        for rival in rivals:
            plot.level(rival.rating, "$secondary 70%")
        for at, row in zip(trained, self.rows, strict=True):
            plot.interval(at, row.low, row.high, "$primary 70%")
        plot.line(((at, r.rating) for at, r in zip(trained, self.rows, strict=True)), "$accent")
        for at, row in zip(trained, self.rows, strict=True):
            live = "live" in row.labels
            plot.mark(at, row.rating, "◆" if live else "●", "bold $success" if live else "bold $accent")
        labels = {plot.row(tick): f"{tick:+.0f}" if tick else "0" for tick in ticks(low, high, max(2, tall // 3))}
        names = {plot.row(r.rating): short(r.player) for r in reversed(rivals)}
        lines = [
            Content.styled(f"{labels.get(n, ''):>{AXIS - 1}} ", "$faint")
            + row
            + (Content(" ") + cell(names.get(n, ""), "$secondary", margin) if margin else Content(""))
            for n, row in enumerate(plot.rows())
        ]
        return [*lines, *self._below(plot, wide)]

    def _below(self, plot: Plot, wide: int) -> list[Content]:
        scale = [" "] * wide
        for tick in ticks(*plot.x, max(2, wide // 14)):
            label = f"{tick:,.0f}"
            start = min(wide - len(label), max(0, plot.column(tick) - len(label) // 2))
            scale[start : start + len(label)] = label
        return [
            Content.styled(" " * AXIS + "".join(scale), "$faint"),
            Content.styled(" " * AXIS + f"{'games learnt from':^{wide}}".rstrip(), "$faint"),
        ]

    def _table(self, width: int) -> list[Content]:
        head = f"{'Learnt':>9}  {'Checkpoint':<26}{'Elo':>6}  {'95 % interval':<18}{'rated':>6}"
        lines = [Content(""), Content.styled(head, "$faint")]
        lines += [
            Content.assemble(
                f"{row.trained or 0:>9,}  ",
                cell(" ".join((short(row.player), *row.labels)), "", 26),
                (f"{row.rating:>+6.0f}", "bold"),
                (f"  {f'{row.low:+.0f} to {row.high:+.0f}':<18}{row.games:>6}", "$faint"),
            )
            for row in reversed(self.rows)
        ]
        return lines

    def _shown_rivals(self) -> list[LadderRow]:
        """Of those that never change and are not far off, the ones with most games."""
        low, high = span((x for r in self.rows for x in (r.low, r.high)), least=100.0)
        near = [r for r in self.rivals if low - (high - low) / 2 <= r.rating <= high + (high - low) / 2]
        return sorted(near, key=lambda row: -row.games)[:RIVALS]
