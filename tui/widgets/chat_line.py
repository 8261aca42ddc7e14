"""One entry of the public talk, with the speaker's name in a column of its own."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.lines import Line, LineKind
from tui.state import Table
from tui.themes import seat_colour

GUTTER = 8
"""Cells for the speaker's name. Longer names push their own text to the right."""


class ChatLine(Widget):
    """Wraps its own text, so that the second line of a message starts under the first and not under the name."""

    DEFAULT_CSS = """
    ChatLine { width: 1fr; height: auto; }
    ChatLine.phase { margin-top: 1; }
    ChatLine.intro { margin: 1 0; padding: 0 1; border-left: outer $accent; background: $turn; }
    ChatLine.end { margin-top: 1; }
    ChatLine.secret, ChatLine.whisper { background: $secondary 10%; }
    """

    def __init__(self, line: Line, table: Table) -> None:
        super().__init__(classes=str(line.kind))
        self.line = line
        self._table = table
        self._wrapped: tuple[int, list[Content]] = (-1, [])

    def render(self) -> Content:
        return Content("\n").join(self._rows(self.content_size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._rows(width)))

    def _rows(self, width: int) -> list[Content]:
        """What is asked for once for the height and once for the words."""
        if self._wrapped[0] != width:
            self._wrapped = width, self._wrap(max(width, 2 * GUTTER))
        return self._wrapped[1]

    def _wrap(self, width: int) -> list[Content]:
        line = self.line
        match line.kind:
            case LineKind.TALK:
                words = Content(line.text) if line.text else Content.styled("says nothing", "$faint italic")
                return _hanging(self._who(line.seat), words, width)
            case LineKind.GHOST:
                who = Content.styled("† ", "$faint").append(self._who(line.seat))
                return _hanging(who, Content.styled(line.text, "$faint italic"), width)
            case LineKind.SECRET:
                who = Content.styled("◆ ", "$secondary")
                if line.seat is not None:
                    who = who.append(self._who(line.seat))
                return _hanging(who, Content.styled(line.text, "$secondary italic"), width)
            case LineKind.PHASE:
                label = f" {line.text} "
                rest = max(0, width - len(label) - 2)
                return [Content.assemble(("──", "$line"), (label, "bold $primary"), ("─" * rest, "$line"))]
            case LineKind.INTRO:
                first, *rest = line.text.split("\n")
                rows = Content.styled(first, "bold $accent").wrap(width)
                return [*rows, *(row for text in rest for row in Content(text).wrap(width))]
            case LineKind.VOTES:
                return self._votes(width)
            case LineKind.DEATH:
                return _hanging(Content.styled("†", "$error"), Content.styled(line.text, "bold $error"), width)
            case LineKind.END:
                return _hanging(Content.styled("●", "$accent"), Content.styled(line.text, "bold $accent"), width)
            case LineKind.SHOWN:
                shown = Content.assemble((line.how, "$faint"), (f" {line.text}" if line.text else "", "italic"))
                return _hanging(self._who(line.seat), shown, width)
            case LineKind.WHISPER:
                words = Content.assemble((f"{line.how} ", "$faint"), (line.text, "$secondary italic"))
                return _hanging(self._who(line.seat), words, width)
            case LineKind.OFFER:
                offer = Content.assemble((f"{line.how} ", "$faint"), (line.text, "bold $accent"))
                if line.aside:
                    offer = offer.append(Content.styled(f" ({line.aside})", "$faint"))
                return _hanging(self._who(line.seat), offer, width)
            case LineKind.YES:
                return _hanging(self._who(line.seat), Content.styled(f"✓ {line.text}", "bold $success"), width)
            case LineKind.GONE:
                return _hanging(self._who(line.seat), Content.styled(f"✗ {line.text}", "bold $error"), width)
            case LineKind.FACT:
                return _hanging(Content.styled("·", "$faint"), Content.styled(line.text, "$faint"), width)

    def _who(self, seat: int | None) -> Content:
        if seat is None:
            return Content.styled("nobody", "$faint")
        name = "You" if seat == self._table.me else self._table.name(seat)
        return Content.styled(name, f"bold {seat_colour(seat)}")

    def _votes(self, width: int) -> list[Content]:
        """One row a target, most votes first: a bar, the count, who voted so."""
        targets = dict.fromkeys(target for _, target in self.line.ballots)
        voters = {t: [v for v, target in self.line.ballots if target == t] for t in targets}
        most = max(map(len, voters.values()), default=0)
        rows: list[Content] = []
        for target in sorted(voters, key=lambda t: (-len(voters[t]), t is None)):
            n = len(voters[target])
            names = Content(" ").join([self._who(v) for v in voters[target]])
            bar = Content.assemble(("█" * n + " " * (most - n), "$error 70%"), (f" {n}  ", "bold"), names)
            rows += _hanging(self._who(target), bar, width)
        return rows


def _hanging(name: Content, text: Content, width: int) -> list[Content]:
    """``text`` beside ``name``, with its further rows indented."""
    label = name.truncate(2 * GUTTER, ellipsis=True)
    pad = max(GUTTER - label.cell_length, 1)
    first, *rest = text.wrap(width - GUTTER) or [Content("")]
    return [label.append(" " * pad).append(first), *(Content(" " * GUTTER).append(row) for row in rest)]
