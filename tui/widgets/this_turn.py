"""What made a turn of a replay: who decided, with what mind, what it thought, and what else it might have chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from textual.content import Content

from arena.protocol.recording import RecordedDecision, RecordedOption
from arena.replay.turns import seen_by
from tui.replay import Replay
from tui.themes import seat_colour
from tui.widgets.replay_panel import ReplayPanel

BROAD: Final = 30
"""From so many cells on the question of a turn is written out."""
PERCENT: Final = 5
"""Cells for a percentage."""
LABEL: Final = 16
LINES: Final = 8
"""The most rows of what happened by itself; the talk has it all."""
BARS: Final = 12
"""The most options that are drawn; the least likely are counted."""


class ThisTurn(ReplayPanel):
    """The turn that the replay stands at."""

    def rows(self, replay: Replay, width: int) -> list[Content]:
        return turn_rows(replay, width)


def turn_rows(replay: Replay, width: int) -> list[Content]:
    """The panel's rows."""
    rows: list[Content] = []
    for mark in replay.marks_here():
        if mark.secret:
            rows += Content.assemble(("! ", "bold $error"), (mark.says, "$error")).wrap(width)
    if (decision := replay.decision) is not None:
        rows += _decided(replay, decision, width)
    else:
        rows += _happened(replay, width)
    rows += _moved(replay, width)
    return rows


def _happened(replay: Replay, width: int) -> list[Content]:
    """By the rules alone, or by somebody into whose mind these eyes do not see."""
    hidden = replay.eyes is not None and any(
        replay.turn.start <= d.seen < replay.turn.end for d in replay.recording.decisions
    )
    seen = seen_by(replay.recording, replay.eyes)
    told = [replay.recording.events[n].line for n in range(replay.turn.start, replay.turn.end) if n in seen]
    rows = [row for line in filter(None, told) for row in Content(line).wrap(width)][:LINES]
    why = "What others think stays hidden from these eyes." if hidden else "It followed by itself: nobody decided it."
    return [*rows, *Content.styled(why, "$faint").wrap(width)]


def _decided(replay: Replay, decision: RecordedDecision, width: int) -> Iterator[Content]:
    """Where there is little room the options come first."""
    narrow = width < BROAD
    name = Content.styled(replay.recording.names[decision.seat], f"bold {seat_colour(decision.seat)}")
    asked = decision.kind.replace("_", " ") if narrow else decision.question
    yield from name.append(Content.styled(f"  {asked}", "$faint" if narrow else "")).wrap(width)
    mind = decision.mind.removeprefix("checkpoint:")
    told = decision.by if mind in (decision.by, "") else f"{decision.by} · {mind}"
    yield from Content.styled(told, "$faint").wrap(width)
    if decision.fallback:
        yield from Content.styled(f"fallback: {decision.fallback}", "$warning").wrap(width)
    words, options = list(_words(decision, width)), list(_options(replay, decision, width))
    if narrow:
        yield from (*options, *words)
    else:
        yield from (*words, *([Content("")] if options else []), *options)
    if not options and not decision.text:
        yield Content.styled("passed", "$faint italic")


def _words(decision: RecordedDecision, width: int) -> Iterator[Content]:
    if decision.thought:
        yield from Content.assemble(("thought ", "$faint"), (decision.thought, "italic $secondary")).wrap(width)
    if decision.text:
        yield from Content.assemble(("said ", "$faint"), decision.text).wrap(width)


def _options(replay: Replay, decision: RecordedDecision, width: int) -> Iterator[Content]:
    """The likeliest first; the chosen one is always among those drawn."""
    if not decision.options:
        return
    known = decision.options[0].probability is not None
    ordered = sorted(decision.options, key=lambda o: -(o.probability or 0.0)) if known else list(decision.options)
    drawn = [o for n, o in enumerate(ordered) if n < BARS or o.choice == decision.choice]
    label = min(LABEL, max(Content(o.choice).cell_length for o in drawn)) + 1
    for option in drawn:
        yield _option(replay, option, option.choice == decision.choice, label, width)
    if decision.choice is None:
        yield Content.styled("▸ chose nothing", "bold $accent")
    if len(drawn) < len(ordered):
        yield Content.styled(f"  and {len(ordered) - len(drawn)} more", "$faint")
    if not known:
        yield from Content.styled("The log has no probabilities of this mind.", "$faint").wrap(width)


def _option(replay: Replay, option: RecordedOption, chosen: bool, label: int, width: int) -> Content:
    names = replay.recording.names
    colour = seat_colour(names.index(option.choice)) if option.choice in names else "$foreground"
    text = Content.styled(option.choice, f"bold {colour}" if chosen else colour).truncate(label - 1, ellipsis=True)
    row = Content.styled("▸ " if chosen else "  ", "bold $accent").append(text)
    row = row.append(" " * (label - text.cell_length))
    if option.probability is None:
        return row
    room = max(1, width - 2 - label - PERCENT)
    full = round(option.probability * room)
    bar = Content.assemble(("█" * full, "$accent" if chosen else "$primary 70%"), ("·" * (room - full), "$line"))
    return row.append(bar).append(Content.styled(f"{100 * option.probability:>3.0f} %", "bold" if chosen else "$faint"))


def _moved(replay: Replay, width: int) -> list[Content]:
    """What this turn did to what the seats believe."""
    moved = replay.movement_here()
    if moved is None or moved.most.size < 0.01:
        return []
    names, shift = replay.recording.names, moved.most
    told = Content.assemble(
        ("Beliefs moved: ", "bold $secondary"),
        (names[shift.seat], f"bold {seat_colour(shift.seat)}"),
        f" of {shift.of} {100 * shift.before:.0f} → {100 * shift.after:.0f} %",
    )
    return [Content(""), *told.wrap(width)]
