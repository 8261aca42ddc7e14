"""``arena train --dry-run``: what the log would teach, as tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from arena.protocol.text import clean_text

if TYPE_CHECKING:
    from training.preview import Preview, TurnPreview


def show_preview(found: Preview, *, as_json: bool, console: Console | None = None) -> None:
    """Print it: one match turn by turn, then the totals. Text from the log is data and is shown as such."""
    console = console or Console(highlight=False)
    if as_json:
        console.file.write(json.dumps(found.to_json(), ensure_ascii=False) + "\n")
        return
    console.print(Text(f"Match {found.match_id} ({found.result}), the newest of {found.episodes}:"))
    console.print(_match(found))
    console.print(
        Text(
            f"\nAdvantages are in standard deviations; value and rewards in wins. "
            f"The critic explains {found.explained:.0%} of the returns.\n"
        )
    )
    console.print(_totals(found))
    if (of := found.probes) is not None:
        beliefs = f"The policy's mean probability in the truth is {of.in_truth:.2f}, a blind guess's {of.blind:.2f}"
        console.print(Text(f"\nListening: {of.asked:,} probes. {beliefs}; they cost {of.nats:.2f} nats each.\n"))
    for reason, n in sorted(found.masked.items()):
        console.print(Text(f"left out: {n} decisions · {reason}", style="dim"))
    for reason, n in sorted(found.skipped.items()):
        console.print(Text(f"left out: {n} games · {reason}", style="dim"))


def _match(found: Preview) -> Table:
    table = Table("turn", "seat", "what", "reward", "value", "advantage", box=None, pad_edge=False)
    for column in table.columns[3:]:
        column.justify = "right"
        column.no_wrap = True
    for turn in found.turns:
        table.add_row(
            Text(turn.turn),
            Text(f"{turn.name} ({turn.role})"),
            _what(turn),
            Text("\n".join(f"{name} {paid:+.2f}" for name, paid in turn.rewards.items())),
            _number(turn.value, ".2f"),
            Text(turn.masked) if turn.masked else _signed(turn.advantage),
            style="dim" if turn.masked else "",
        )
    return table


def _what(turn: TurnPreview) -> Text:
    said = clean_text(turn.text)
    if turn.choice is None:
        return Text(f"“{said}”" if said else "(nothing)")
    what = Text(clean_text(turn.choice), style="bold")
    if said:
        what.append(f" “{said}”", style="not bold")
    for name, advantage in turn.options.items():
        if name != turn.choice:
            what.append(f" · {name} ", style="not bold")
            what.append_text(_signed(advantage))
    return what


def _signed(advantage: float | None) -> Text:
    """Green where it is encouraged, red where it is discouraged."""
    if advantage is None:
        return Text("")
    style = "green" if advantage > 0.005 else "red" if advantage < -0.005 else "dim"
    return Text(f"{advantage:+.2f}", style=style)


def _number(value: float | None, form: str) -> Text:
    return Text("" if value is None else format(value, form))


def _totals(found: Preview) -> Table:
    table = Table("kind", "decisions", "tokens", "mean advantage", "every option known", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for kind, of in found.kinds.items():
        table.add_row(kind, f"{of.decisions:,}", f"{of.tokens:,}", f"{of.advantage:.2f}", f"{of.exact:,}")
    return table
