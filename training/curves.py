"""What became of a run, update by update: a file of JSON lines beside its checkpoints, and pictures of it.

A line is written when its update is done. A run that was stopped and goes on from an older state writes the same
updates again; the newest line of an update counts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from arena.errors import UserError

if TYPE_CHECKING:  # torch comes with them, and whoever only reads curves does without
    from training.episodes import Episode
    from training.figures import UpdateFigures

CURVES_FILE: Final = "curves.jsonl"
SHOWN: Final = (
    "kl_reference", "choice_entropy", "talk_entropy", "explained", "clipped", "gradient_norm", "garbled", "talk_tokens",
)  # fmt: skip
"""The figures that are drawn, after the shares of wins."""
_COUNTABLE: Final = 2**53
_SPANS: Final = {"wins": (0, 1), "met": (0, 1), "returns": (-1, 1)}
"""What the figures that go by names lie between."""
_INSTALL: Final = 'Install it with: pip install "social-arena[plot]"'


@dataclass(frozen=True, slots=True)
class Point:
    """One update. ``wins`` are shares by side, of the matches that it learnt from, ``returns`` the mean returns of the
    sides (−1 … 1), ``met`` shares of the points by "SIDE against OPPONENT" (``training.league``); ``figures`` are those
    of ``UpdateFigures``. ``games`` counts all that the policy has learnt from, warm-up included; ``at`` is in seconds
    since the Unix epoch."""

    update: int
    games: int
    at: float
    wins: dict[str, float]
    figures: dict[str, float]
    returns: dict[str, float] = field(default_factory=dict)
    """Empty where it was written before these were."""
    met: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("update", "games", "at", "wins", "returns")}
        return {**own, **({"met": self.met} if self.met else {}), **self.figures}

    @classmethod
    def of_json(cls, line: Mapping[str, Any]) -> Point:
        """
        Raises:
            ValueError, KeyError, TypeError: it is no point.
        """
        rest = dict(line)
        own = {name: rest.pop(name) for name in ("update", "games", "at", "wins")}
        made = cls(**own, returns=rest.pop("returns", {}), met=rest.pop("met", {}), figures=rest)
        counts = (made.update, made.games)
        if not (all(isinstance(n, int) and 0 <= n < _COUNTABLE for n in counts) and 0 <= made.at < _COUNTABLE):
            raise ValueError("a point needs its numbers")
        if not all(isinstance(by_name, dict) for by_name in (made.wins, made.returns, made.met)):
            raise TypeError("what sides got goes by their names")
        return made

    def flat(self) -> dict[str, float]:
        """All numbers by name: ``wins/SIDE``, ``returns/SIDE``, ``met/SIDE against OPPONENT`` and the figures."""
        shares = {"wins": self.wins, "returns": self.returns, "met": self.met}
        named = {f"{kind}/{name}": value for kind, of in shares.items() for name, value in sorted(of.items())}
        return {**named, **self.figures}


def point(
    update: int,
    games: int,
    at: float,
    episodes: Sequence[Episode],
    figures: UpdateFigures,
    met: Mapping[str, float] | None = None,
) -> Point:
    won = Counter(e.outcome.winner for e in episodes)
    sides = sorted({side for e in episodes for side in e.outcome.sides} | set(won))
    wins = {side: won[side] / len(episodes) for side in sides}
    paid: dict[str, list[float]] = {}
    for e in episodes:
        for side, result in zip(e.outcome.sides, e.outcome.returns, strict=True):
            paid.setdefault(side, []).append(result)
    returns = {side: round(fmean(paid[side]), 5) for side in sorted(paid)}
    return Point(update, games, at, wins, figures.to_json(), returns, dict(met or {}))


def append(folder: Path, added: Point) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / CURVES_FILE).open("a") as file:
        file.write(json.dumps(added.to_json()) + "\n")


def read(folder: Path) -> list[Point]:
    """The updates of a run in order. A last line that a crash cut short is left out.

    Raises:
        UserError: the folder holds no curves.
    """
    try:
        lines = (folder / CURVES_FILE).read_text(errors="replace").splitlines()
    except OSError:
        raise UserError(f"There are no curves of a run in {folder}.") from None
    found: list[Point] = []
    for line in lines:
        try:
            one = Point.of_json(json.loads(line))
        except (ValueError, KeyError, TypeError):
            continue
        while found and found[-1].update >= one.update:  # what is written again was taken back
            found.pop()
        found.append(one)
    return found


def draw(runs: Mapping[str, Sequence[Point]], target: Path) -> None:
    """Curves of runs over the matches that they learnt from, as a picture of the kind that the name's ending says.

    Raises:
        UserError: matplotlib is not installed, or that kind of picture cannot be made.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError(f"Pictures need matplotlib. {_INSTALL}") from None
    shares = sorted({n for points in runs.values() for p in points for n in p.flat() if "/" in n}, reverse=True)
    names = [*shares, *(n for n in SHOWN if any(n in p.figures for points in runs.values() for p in points))]
    columns = 2
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(10, 2.2 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for axis, name in zip(axes.flat, names, strict=False):
        for run, points in runs.items():
            values = [p.flat().get(name, float("nan")) for p in points]
            axis.plot([p.games for p in points], values, label=run, lw=1.2, marker=".", ms=4)  # one update is seen too
        axis.set_title(name.replace("_", " "), fontsize=9, loc="left")
        axis.grid(alpha=0.25)
        if (span := _SPANS.get(name.split("/")[0])) is not None:
            axis.set_ylim(*span)
    for axis in list(axes.flat)[len(names) :]:
        axis.set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("games learnt from")
    axes[0][0].legend(fontsize=8)
    try:
        figure.savefig(target, dpi=120)
    except ValueError as error:
        raise UserError(f"{target.name}: {error}") from None


class TensorBoard:
    """The same numbers as event files for TensorBoard, in the run's folder.

    Raises:
        UserError: tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UserError(f"TensorBoard's files need the package tensorboard. {_INSTALL}") from None
        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def add(self, added: Point) -> None:
        for name, value in added.flat().items():
            self._writer.add_scalar(name, value, added.update, walltime=added.at)
        self._writer.flush()
