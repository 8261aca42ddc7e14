"""Who believes what of whom: a row a seat, a column an answer, the probability as number and as shade."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from arena.protocol.recording import RecordedBelief
from arena.replay.suspicion import beliefs_at
from tui.replay import Replay
from tui.themes import seat_colour
from tui.widgets.replay_panel import ReplayPanel

NAME: Final = 8
CELL: Final = 7
LEAST_CELL: Final = 4
TIGHT_CELL: Final = 2
"""Of a column where many sit and little fits: the tens of the percent, under a name of two letters."""
TRUE: Final = "◆"
"""Stands before those of whom it is true: the werewolves."""
NONE: Final = "This recording has no beliefs. A model can read them: arena replay MATCH --screen --suspicion"


class HeatMap(ReplayPanel):
    """What was believed last at this moment. A seat's eyes have its own row, and no truth."""

    NARROWEST = 24

    def rows(self, replay: Replay, width: int) -> list[Content]:
        return map_rows(replay, width)


def map_rows(replay: Replay, width: int) -> list[Content]:
    """What moved it most, and the table."""
    recording = replay.recording
    if not recording.beliefs:
        return Content.styled(NONE, "$faint").wrap(width)
    found = beliefs_at(recording, replay.seen)
    if replay.eyes is not None:
        found = {seat: b for seat, b in found.items() if seat == replay.eyes}
    if not found:
        return [*_most(replay, width), Content.styled("Nobody is asked at this moment.", "$faint")]
    names = replay.recording.names
    seats = [name for name in names if any(name in belief.of for belief in found.values())]
    if all(belief.of.keys() <= set(names) for belief in found.values()) and is_tight(len(seats), width):
        return [*_tight(replay, found, seats), *_most(replay, width)]
    return [*_most(replay, width), *_table(replay, found, width)]


def is_tight(answers: int, width: int) -> bool:
    """Whether so many columns fit with their tens only."""
    return TIGHT_CELL <= (width - NAME) // max(1, answers) < LEAST_CELL


def _tight(replay: Replay, found: dict[int, RecordedBelief], seats: list[str]) -> list[Content]:
    """All whom it may be true of, as narrow as it can be read; the truth stands before the names of the rows."""
    names = replay.recording.names
    right = {answer for belief in found.values() for answer in belief.true} if replay.eyes is None else set()
    rows = []
    for corner, letter in (("tens", 0), ("of %", 1)):
        row = Content.styled(f"{corner:<{NAME}}", "$faint")
        for name in seats:
            drawn = f"{short_names(names)[name][letter]:>{TIGHT_CELL}}"
            row = row.append(Content.styled(drawn, f"bold {seat_colour(names.index(name))}"))
        rows.append(row)
    for seat, belief in sorted(found.items()):
        name = f"{TRUE if names[seat] in right else ''}{names[seat]}"
        who = Content.styled(name, f"bold {seat_colour(seat)}").truncate(NAME - 1, ellipsis=True)
        row = who.append(" " * (NAME - who.cell_length))
        for answer in seats:
            row = row.append(_tens(belief.of.get(answer)))
        rows.append(row)
    return rows


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Two letters for each name, as different as they can be: the first, and the next one that nobody has with it."""
    short: dict[str, str] = {}
    for name in names:
        pairs = [name[0] + letter for letter in f"{name[1:]}123456789 "]
        short[name] = next((pair for pair in pairs if pair not in short.values()), pairs[0])
    return short


def _tens(probability: float | None) -> Content:
    tens = None if probability is None else min(0.9, max(0.0, probability))
    return _shaded("·" if tens is None else f"{int(10 * tens + 1e-9)}", probability, TIGHT_CELL)


def _table(replay: Replay, found: dict[int, RecordedBelief], width: int) -> list[Content]:
    names = replay.recording.names
    named = dict.fromkeys(answer for belief in found.values() for answer in belief.of)
    answers = sorted(named, key=names.index) if set(named) <= set(names) else list(named)
    right = {answer for belief in found.values() for answer in belief.true} if replay.eyes is None else set()
    cell = max(LEAST_CELL, min(CELL, (width - NAME) // len(answers)))
    likeliest = sorted(answers, key=lambda a: -max(belief.of.get(a, 0.0) for belief in found.values()))
    kept = set(likeliest[: max(1, (width - NAME) // cell)])
    fitting = [answer for answer in answers if answer in kept]
    head = Content.styled(_pad("", NAME), "$faint")
    for answer in fitting:
        label = f"{TRUE if answer in right else ''}{answer}"
        style = f"bold {seat_colour(names.index(answer))}" if answer in names else "bold"
        shown = Content.styled(label, style).truncate(cell - 1)
        head = head.append(" " * (cell - shown.cell_length)).append(shown)
    rows = [head]
    for seat, belief in sorted(found.items()):
        who = Content.styled(names[seat], f"bold {seat_colour(seat)}").truncate(NAME - 1, ellipsis=True)
        row = who.append(" " * (NAME - who.cell_length))
        for answer in fitting:
            row = row.append(_cell(belief.of.get(answer), cell))
        rows.append(row)
    if len(fitting) < len(answers):
        left_out = f"{len(answers) - len(fitting)} whom nobody believes it of so much are left out"
        rows.append(Content.styled(left_out, "$faint").truncate(width, ellipsis=True))
    return rows


def _cell(probability: float | None, width: int) -> Content:
    """The shade is no more than a help: the number says it."""
    return _shaded("·" if probability is None else f"{100 * probability:.0f}", probability, width)


def _shaded(text: str, probability: float | None, width: int) -> Content:
    text = f"{text:>{width}}"
    if probability is None:
        return Content.styled(text, "$faint")
    shade = round(10 * min(1.0, max(0.0, probability)))
    return Content.styled(text, f"{'bold ' if probability >= 0.5 else ''}on $error {6 * shade}%" if shade else "$faint")


def _most(replay: Replay, width: int) -> list[Content]:
    most = replay.most
    if most is None:
        return []
    names, shift = replay.recording.names, most.most
    line = replay.recording.events[most.event].line
    told = Content.assemble(("m ", "bold $accent"), ("moved most: ", "$faint"), line).truncate(width, ellipsis=True)
    by = f"  {names[shift.seat]} of {shift.of} from {100 * shift.before:.0f} to {100 * shift.after:.0f}"
    return [told, Content.styled(by, "$secondary").truncate(width, ellipsis=True)]


def _pad(text: str, width: int) -> str:
    return f"{text:<{width}}"
