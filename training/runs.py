"""How the runs in some folders go, as rows for people: the one reading behind ``arena train status`` and the server.

A run is a folder with curves or a diary in it. Its checkpoints are those of the registry that lie there; their ratings
come from the ladder. Files may be other people's: what they say is bounded, cleaned and never believed to be a number.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Final

from sqlalchemy import Engine as Database

from agents.ladder import CHECKPOINT
from agents.models import KnownCheckpoint, before_live, known_checkpoints
from arena.games.registry import GAMES
from arena.protocol.ladder_rows import LadderRow
from arena.protocol.server_messages import LadderListed, RunsListed
from arena.protocol.text import clean_text
from arena.protocol.training_rows import AgainstRow, AlarmRow, CheckpointRow, RunInfo, RunShown, RunState, TrialRow
from training import curves, diary
from training.curves import Point

MOST_RUNS: Final = 20
MOST_POINTS: Final = 200
MOST_ROWS: Final = 50
"""Of alarms, of trials and of checkpoints."""
MOST_AGAINST: Final = 4
MOST_BYTES: Final = 64 * 1024 * 1024
"""A larger file is not read."""
SILENT_S: Final = 900.0
"""A run that says nothing for so long, and for several updates, counts as one that was broken off."""
PACE_OF: Final = 10
"""The updates whose pace tells how long the others will take."""
_SIDES: Final = 8
_LARGEST: Final = 1e30


@dataclass(frozen=True, slots=True)
class Run:
    """What one folder says. ``name`` is cleaned; ``points`` and ``entries`` are in order."""

    name: str
    folder: Path
    points: tuple[Point, ...]
    entries: tuple[diary.Entry, ...]

    @property
    def begun(self) -> diary.Begun | None:
        """When it was started last."""
        return next((e for e in reversed(self.entries) if isinstance(e, diary.Begun)), None)

    @property
    def ended(self) -> diary.Ended | None:
        """How it ended, if it did since."""
        for entry in reversed(self.entries):
            if isinstance(entry, diary.Ended):
                return entry
            if isinstance(entry, diary.Begun):
                break
        return None

    @property
    def newest_s(self) -> float:
        return max((e.at for e in (*self.points[-1:], *self.entries[-1:])), default=0.0)

    @property
    def made(self) -> tuple[Point, ...]:
        """The updates since it was started last."""
        first = 0 if self.begun is None else self.begun.updates
        return tuple(p for p in self.points if p.update > first)

    @property
    def pace_s(self) -> float | None:
        """Seconds an update, of the last ones."""
        times = [*((self.begun.at,) if self.begun else ()), *(p.at for p in self.made)][-PACE_OF - 1 :]
        return median(b - a for a, b in pairwise(times)) if len(times) > 1 else None


class Runs:
    """Reads the runs in ``folders``; files that have not changed are not read again. May be called from several
    threads. ``ladder`` gives the ratings of a game."""

    def __init__(
        self,
        database: Database,
        folders: Sequence[Path],
        ladder: Callable[[str | None], LadderListed],
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._folders, self._ladder, self._wall_s = database, tuple(folders), ladder, wall_s
        self._lock = Lock()
        self._read: dict[Path, tuple[object, Run]] = {}

    def __call__(self, wanted: str | None = None) -> RunsListed:
        """The newest runs, and more of the ``wanted`` one (of the newest, where there is none of this name)."""
        with self._lock:
            runs = self._runs()
        now = self._wall_s()
        known = known_checkpoints(self._database)
        live = next((c for c in known if c.live), None)
        shown = next((run for run in runs if run.name == wanted), runs[0] if runs else None)
        return RunsListed(
            runs=[info(run, now) for run in runs],
            shown=None if shown is None else self._shown(shown, known, now),
            live=None if live is None else live.id,
            before=before_live(known),
        )

    def _runs(self) -> list[Run]:
        found: dict[Path, float] = {}
        for folder in self._folders:
            for child in _folders_in(folder):
                stamps = [s for s in map(_stamp, _files(child)) if s is not None]
                if stamps:
                    found[child] = max(at for at, _ in stamps)
        newest = sorted(found, key=lambda child: (-found[child], child))[:MOST_RUNS]
        self._read = {child: self._read[child] for child in newest if child in self._read}
        runs: list[Run] = []
        for child in newest:
            name = base = clean_text(child.name, 70) or "unnamed"
            number = 1
            while any(run.name == name for run in runs):
                number += 1
                name = f"{base} ({number})"
            stamp = (name, *map(_stamp, _files(child)))
            if child not in self._read or self._read[child][0] != stamp:
                self._read[child] = stamp, read_run(child, name)
            runs.append(self._read[child][1])
        return runs

    def _shown(self, run: Run, known: Sequence[KnownCheckpoint], now: float) -> RunShown:
        step = max(1, math.ceil(len(run.points) / MOST_POINTS))
        points = run.points[::-1][::step][::-1]  # the last one stays
        trials = [_trial(e, now) for e in reversed(run.entries) if isinstance(e, diary.Tried)]
        alarms = [e for e in reversed(run.entries) if isinstance(e, diary.Alarmed)]
        return RunShown(
            run=run.name,
            updates=[p.update for p in points],
            trained=[p.games for p in points],
            series=series(points),
            alarms=[
                AlarmRow(
                    update=a.update, text=clean_text("; ".join(a.figures), 300), done=clean_text(a.done, 100),
                    age_s=_age(a.at, now),
                )
                for a in alarms[:MOST_ROWS]
            ],
            trials=trials[:MOST_ROWS],
            checkpoints=self._checkpoints(run, known, trials, now),
        )  # fmt: skip

    def _checkpoints(
        self, run: Run, known: Sequence[KnownCheckpoint], trials: Sequence[TrialRow], now: float
    ) -> list[CheckpointRow]:
        own = [c for c in known if c.run == run.folder.name and (run.folder / c.path.name).is_dir()][:MOST_ROWS]
        game = info(run, now).game
        ladder = self._ladder(game if game in GAMES else None)
        rows = {row.player: row for row in ladder.rows}
        rated = [row for c in own if (row := rows.get(f"{CHECKPOINT}{c.id}")) is not None]
        best = max(rated, key=lambda row: row.rating).player if len(rated) > 1 else None
        names = {f"{CHECKPOINT}{c.id}" for c in own}
        made: list[CheckpointRow] = []
        for c in own:
            player = f"{CHECKPOINT}{c.id}"
            row: LadderRow | None = rows.get(player)
            made.append(
                CheckpointRow(
                    checkpoint=c.id,
                    parent=c.parent,
                    trained=c.games,
                    age_s=None if c.created_at is None else _age(c.created_at, now),
                    labels=[*c.labels, *(("best",) if player == best else ())],
                    rating=None if row is None else row.rating,
                    low=None if row is None else row.low,
                    high=None if row is None else row.high,
                    against=_against(ladder, player, names),
                    trial=next((t for t in trials if t.checkpoint == c.id), None),
                )
            )
        return made


def read_run(folder: Path, name: str) -> Run:
    """What the files of a run say."""
    readable = {path.name for path in _files(folder) if _stamp(path) is not None}
    points = curves.read(folder) if curves.CURVES_FILE in readable else []
    entries = diary.read(folder) if diary.DIARY_FILE in readable else []
    return Run(name, folder, tuple(points), tuple(entries))


def info(run: Run, now: float) -> RunInfo:
    """A run in one row. ``now`` is in seconds since the Unix epoch."""
    begun, ended, pace_s = run.begun, run.ended, run.pace_s
    age_s = _age(run.newest_s, now)
    state: RunState = "running"
    if ended is not None:
        state = "ended"
    elif age_s > max(SILENT_S, 6 * (pace_s or 0.0)):
        state = "silent"
    left_s = None
    if state == "running" and begun is not None and pace_s is not None:
        left_s = max(0.0, pace_s * (begun.planned - len(run.made)))
        if begun.seconds is not None:
            left_s = min(left_s, max(0.0, begun.at + begun.seconds - now))
    return RunInfo(
        run=run.name,
        game="" if begun is None else clean_text(begun.game, 40),
        state=state,
        updates=len(run.made),
        planned=None if begun is None else begun.planned,
        trained=run.points[-1].games if run.points else 0,
        age_s=age_s,
        left_s=left_s,
        alarms=sum(isinstance(e, diary.Alarmed) for e in run.entries),
        why="" if ended is None else clean_text(ended.why, 100),
    )


def series(points: Sequence[Point]) -> dict[str, list[float | None]]:
    """The shown figures and what the sides got, by name, one number a point: null where there is none."""
    flat = [_numbers(p) for p in points]
    names = [
        *sorted({n for f in flat for n in f if n.startswith("wins/")})[:_SIDES],
        *sorted({n for f in flat for n in f if n.startswith("returns/")})[:_SIDES],
        *(n for n in curves.SHOWN if any(n in f for f in flat)),
    ]
    return {name: [f.get(name) for f in flat] for name in names}


def _numbers(point: Point) -> dict[str, float]:
    return {
        clean_text(name, 40): float(x)
        for name, x in point.flat().items()
        if isinstance(x, int | float) and abs(x) < _LARGEST  # and so a number, which JSON can hold
    }


def _trial(tried: diary.Tried, now: float) -> TrialRow:
    return TrialRow(
        checkpoint=clean_text(tried.checkpoint, 40),
        champion=clean_text(tried.champion, 60),
        verdict=clean_text(tried.verdict, 80),
        went_live=tried.went_live,
        deals=tried.deals,
        score=tried.score,
        age_s=_age(tried.at, now),
    )


def _against(ladder: LadderListed, player: str, own: Iterable[str]) -> list[AgainstRow]:
    """What a checkpoint did against everybody who is not of its run, the most met first."""
    found: list[AgainstRow] = []
    for m in ladder.meetings:
        if m.player == player and m.other not in own:
            found.append(AgainstRow(opponent=m.other, games=m.games, points=m.points))
        elif m.other == player and m.player not in own:
            found.append(AgainstRow(opponent=m.player, games=m.games, points=m.games - m.points))
    return sorted(found, key=lambda row: (-row.games, row.opponent))[:MOST_AGAINST]


def _age(at: float, now: float) -> float:
    return round(max(0.0, now - at), 1)


def _files(folder: Path) -> tuple[Path, Path]:
    return folder / curves.CURVES_FILE, folder / diary.DIARY_FILE


def _stamp(path: Path) -> tuple[float, int] | None:
    """Changes when the file does; None where there is no plain file of a size that can be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime, found.st_size) if path.is_file() and found.st_size <= MOST_BYTES else None


def _folders_in(folder: Path) -> list[Path]:
    try:
        return [child for child in folder.iterdir() if child.is_dir()]
    except OSError:
        return []
