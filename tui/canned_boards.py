"""A ladder and a training run as they might be, for screenshots and tests."""

from __future__ import annotations

import math
import random
from typing import Final

from arena.protocol.ladder_rows import LadderMeeting, LadderRow, LadderSide
from arena.protocol.server_messages import LadderListed, RunsListed
from arena.protocol.training_rows import AgainstRow, AlarmRow, CheckpointRow, RunInfo, RunShown, TrialRow

RUN: Final = "village-7"
UPDATES: Final = 40
IDS: Final = (
    "9d1f04ab77c2",
    "4be2c8d01935",
    "a07c55e9f3d8",
    "1c9e62b4480f",
    "e35d7fa12b60",
    "7f20d8c6ab14",
    "c4418e07d9b3",
)
"""The checkpoints of the run, oldest first."""
RATINGS: Final = (-142, -61, 12, 55, 118, 171, 149)
OTHERS: Final = (
    ("scripted:careful", 139, 720, ()),
    ("scripted:sly", 64, 400, ()),
    ("checkpoint:52ab90c1e7d4", 21, 360, ("shipped",)),
    ("scripted:bold", -88, 400, ()),
    ("random", -498, 480, ()),
)


def ladder(game: str | None = None) -> LadderListed:
    """Twelve players; all have met but the weakest checkpoints and some scripts."""
    rng = random.Random(11)
    players = [
        (f"checkpoint:{i}", float(r), 240 - 20 * n, ("live",) if n == 6 else (), RUN, 384 + 1152 * n)
        for n, (i, r) in enumerate(zip(IDS, RATINGS, strict=True))
    ]
    players += [(name, float(r), games, labels, None, None) for name, r, games, labels in OTHERS]
    players.sort(key=lambda p: -p[1])
    rows: list[LadderRow] = []
    for rank, (name, rating, games, labels, run, trained) in enumerate(players, start=1):
        half = 900 / math.sqrt(games)
        sides = []
        for side, shift in (("village", -22.0), ("werewolves", 22.0)):
            own = rating + (shift if rank % 3 else -shift)
            won = _chance(own - 60 if side == "village" else own + 60)
            sides.append(
                LadderSide(
                    side=side, rating=own, low=own - 1.4 * half, high=own + 1.5 * half, games=games // 2,
                    won=round(won * (games // 2)), rate_low=max(0.0, won - 0.07), rate_high=min(1.0, won + 0.07),
                )
            )  # fmt: skip
        low, high = rating - half * rng.uniform(0.8, 1.1), rating + half * rng.uniform(0.9, 1.3)
        rows.append(
            LadderRow(
                rank=rank, player=name, rating=rating, low=low, high=high, games=games, sides=sides,
                labels=list(labels), run=run, trained=trained,
            )
        )  # fmt: skip
    meetings: list[LadderMeeting] = []
    for n, a in enumerate(rows):
        for b in rows[n + 1 :]:
            if (a.rank * 5 + b.rank) % 7:
                games = 20 * (1 + (a.rank + b.rank) % 4)
                points = round(2 * games * min(1.0, _chance(a.rating - b.rating) + rng.uniform(-0.06, 0.06))) / 2
                meetings.append(LadderMeeting(player=a.player, other=b.player, games=games, points=min(games, points)))
    return LadderListed(game=game, games=sum(m.games for m in meetings), rows=rows, meetings=meetings)


def no_ladder(game: str | None = None) -> LadderListed:
    return LadderListed(game=game, games=0, rows=[], meetings=[])


def runs(run: str | None = None) -> RunsListed:
    """Two runs: one that goes on, with an alarm and checkpoints, and one that ended long ago."""
    infos = [
        RunInfo(
            run=RUN, game="werewolf", state="running", updates=UPDATES, planned=60, trained=192 * UPDATES + 384,
            age_s=14.0, left_s=1_130.0, alarms=2,
        ),
        RunInfo(
            run="first-try", game="werewolf", state="ended", updates=12, planned=12, trained=2_304,
            age_s=190_000.0, why="all updates are made",
        ),
    ]  # fmt: skip
    shown = _second() if run == "first-try" else _first()
    return RunsListed(runs=infos, shown=shown, live=IDS[-1], before=IDS[-2])


def no_runs(run: str | None = None) -> RunsListed:
    return RunsListed(runs=[], shown=None, live=None, before=None)


def _first() -> RunShown:
    rng = random.Random(7)
    x = [n / (UPDATES - 1) for n in range(UPDATES)]
    village = [0.27 + 0.17 * t + rng.gauss(0, 0.025) for t in x]
    shock = [math.exp(-(((n - 23) / 1.2) ** 2)) for n in range(UPDATES)]  # where the alarms were
    series: dict[str, list[float | None]] = {
        "wins/village": [*village],
        "wins/werewolves": [1 - v for v in village],
        "returns/village": [2 * v - 1 for v in village],
        "returns/werewolves": [1 - 2 * v for v in village],
        "kl_reference": [0.004 + 0.11 * t**0.7 + 0.08 * s + rng.gauss(0, 0.003) for t, s in zip(x, shock, strict=True)],
        "choice_entropy": [1.31 - 0.42 * t + rng.gauss(0, 0.02) for t in x],
        "talk_entropy": [1.92 - 0.21 * t - 1.1 * s + rng.gauss(0, 0.03) for t, s in zip(x, shock, strict=True)],
        "explained": [0.31 + 0.24 * t + rng.gauss(0, 0.03) for t in x],
        "clipped": [0.05 + 0.03 * t + 0.09 * s + abs(rng.gauss(0, 0.006)) for t, s in zip(x, shock, strict=True)],
        "gradient_norm": [0.9 + 0.3 * s + rng.gauss(0, 0.08) for s in shock],
        "garbled": [0.012 + 0.16 * s + abs(rng.gauss(0, 0.003)) for s in shock],
        "talk_tokens": [17.5 + 3.5 * t + rng.gauss(0, 0.4) for t in x],
    }
    alarms = [
        AlarmRow(
            update=24, text="garbled 0.173 (over 0.112); talk_entropy 0.68 (under 0.768)",
            done="back to the last good weights, at half the learning rate", age_s=1_900.0,
        ),
        AlarmRow(update=23, text="garbled 0.158 (over 0.112)", done="", age_s=1_960.0),
    ]  # fmt: skip
    tried = (
        (IDS[6], IDS[5], "no worse", True, 61, 0.51),
        (IDS[5], IDS[3], "no worse", True, 38, 0.585),
        (IDS[4], IDS[3], "not decided", False, 300, 0.49),
        (IDS[3], IDS[2], "no worse", True, 74, 0.53),
        (IDS[2], IDS[1], "no worse", True, 45, 0.56),
        (IDS[1], IDS[0], "no worse", True, 29, 0.61),
    )
    trials = [
        TrialRow(
            checkpoint=c, champion=f"checkpoint:{champion}", verdict=verdict, went_live=live, deals=deals, score=score,
            age_s=300.0 + 700.0 * n,
        )
        for n, (c, champion, verdict, live, deals, score) in enumerate(tried)
    ]  # fmt: skip
    rated = {row.player: row for row in ladder().rows}
    checkpoints: list[CheckpointRow] = []
    for n, i in reversed(list(enumerate(IDS))):
        row = rated[f"checkpoint:{i}"]
        labels = [*row.labels, *(("best",) if n == 5 else ())]
        share = _chance(row.rating - 139)
        checkpoints.append(
            CheckpointRow(
                checkpoint=i, parent=IDS[n - 1] if n else None, trained=384 + 1152 * n, age_s=500.0 + 700.0 * (6 - n),
                labels=labels, rating=row.rating, low=row.low, high=row.high,
                against=[
                    AgainstRow(opponent="scripted:careful", games=80, points=round(share * 80)),
                    AgainstRow(opponent="random", games=40, points=39),
                ],
                trial=next((t for t in trials if t.checkpoint == i), None),
            )
        )  # fmt: skip
    updates = list(range(1, UPDATES + 1))
    return RunShown(
        run=RUN, updates=updates, trained=[384 + 192 * n for n in updates], series=series, alarms=alarms,
        trials=trials, checkpoints=checkpoints,
    )  # fmt: skip


def _second() -> RunShown:
    updates = list(range(1, 13))
    village: list[float | None] = [0.3 + 0.01 * n for n in updates]
    return RunShown(
        run="first-try", updates=updates, trained=[192 * n for n in updates],
        series={"wins/village": village, "kl_reference": [0.01 * n for n in updates]}, alarms=[], trials=[],
        checkpoints=[],
    )  # fmt: skip


def _chance(elo: float) -> float:
    return 1 / (1 + 10 ** (-elo / 400))
