"""The ladder, the training runs and the list of past games as the terminal knows them: cleaned, and read the way the
screens show them.

Names of players, runs and checkpoints may come from other people's files. All of them pass ``clean_text`` here; a
checkpoint's id stays as it came, because it is sent back, and is cleaned where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from arena.protocol.ladder_rows import LadderRow, LadderSide
from arena.protocol.match_rows import PastMatch
from arena.protocol.server_messages import LadderListed, MatchesListed, RunsListed
from arena.protocol.text import clean_text
from arena.protocol.training_rows import CheckpointRow, RunInfo, RunShown, TrialRow

NAME_LIMIT: Final = 60
LABEL_LIMIT: Final = 12
MINDS: Final = 64
"""No match has more seats."""
LARGEST: Final = 1e12
"""No figure is larger; one that is would be no number to draw with."""
TEXT_LIMIT: Final = 300
CHECKPOINT: Final = "checkpoint:"
Score = tuple[float, int]
"""Points and games."""


def clean_ladder(ladder: LadderListed) -> LadderListed:
    return ladder.model_copy(
        update={
            "game": None if ladder.game is None else clean_text(ladder.game, 40),
            "rows": [_clean_row(row) for row in ladder.rows],
            "meetings": [
                m.model_copy(
                    update={"player": clean_text(m.player, NAME_LIMIT), "other": clean_text(m.other, NAME_LIMIT)}
                )
                for m in ladder.meetings
            ],
        }
    )


def clean_runs(told: RunsListed) -> RunsListed:
    """Names of runs stay as they came, as those of checkpoints do: they are sent back."""
    return told.model_copy(
        update={
            "runs": [
                r.model_copy(update={"game": clean_text(r.game, 40), "why": clean_text(r.why, TEXT_LIMIT)})
                for r in told.runs
            ],
            "shown": None if told.shown is None else _clean_shown(told.shown),
        }
    )


def clean_matches(told: MatchesListed) -> MatchesListed:
    """Ids and places stay as they came, for they are sent back."""
    return told.model_copy(update={"matches": [_clean_match(m) for m in told.matches]})


def short(player: str) -> str:
    """A player's name without what all checkpoints have in common."""
    return clean_text(player.removeprefix(CHECKPOINT), NAME_LIMIT)


def scores(ladder: LadderListed) -> Mapping[tuple[str, str], Score]:
    """What each player got against each other, both ways round."""
    found: dict[tuple[str, str], Score] = {}
    for m in ladder.meetings:
        found[m.player, m.other] = m.points, m.games
        found[m.other, m.player] = m.games - m.points, m.games
    return found


def sides(ladder: LadderListed) -> list[str]:
    return sorted({figures.side for row in ladder.rows for figures in row.sides})


def histories(ladder: LadderListed) -> Mapping[str, Sequence[LadderRow]]:
    """The rated checkpoints of each training run in the order in which they learnt; the run with most first."""
    found: dict[str, list[LadderRow]] = {}
    for row in ladder.rows:
        if row.run and row.player.startswith(CHECKPOINT):
            found.setdefault(row.run, []).append(row)
    by_most = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return {run: sorted(rows, key=lambda row: (row.trained or 0, row.player)) for run, rows in by_most}


def fixed(ladder: LadderListed) -> list[LadderRow]:
    """The players that were never trained, against which progress shows."""
    return [row for row in ladder.rows if not row.player.startswith(CHECKPOINT)]


def shown_info(told: RunsListed) -> RunInfo | None:
    """The row of the run that is told more of."""
    return next((r for r in told.runs if told.shown is not None and r.run == told.shown.run), None)


def neighbour(names: Sequence[str | None], now: str | None, step: int) -> str | None:
    """The name so many places further on, round and round; None where there are none."""
    if not names:
        return None
    at = names.index(now) if now in names else 0
    return names[(at + step) % len(names)]


def _clean_match(match: PastMatch) -> PastMatch:
    texts = {name: clean_text(getattr(match, name), 40) for name in ("game", "code", "winner", "reason")}
    spans = {name: _number(getattr(match, name)) for name in ("age_s", "lasted_s")}
    minds = [clean_text(mind, LABEL_LIMIT) for mind in match.minds[:MINDS]]
    return match.model_copy(update={**texts, **spans, "minds": minds})


def _clean_row(row: LadderRow) -> LadderRow:
    sides = [f.model_copy(update={"side": clean_text(f.side, 20), **_rating(f)}) for f in row.sides]
    return row.model_copy(
        update={
            **_rating(row),
            "player": clean_text(row.player, NAME_LIMIT),
            "sides": sides,
            "labels": _labels(row.labels),
            "run": None if row.run is None else clean_text(row.run, NAME_LIMIT),
        }
    )


def _rating(row: LadderRow | LadderSide) -> dict[str, float]:
    return {"rating": _number(row.rating), "low": _number(row.low), "high": _number(row.high)}


def _clean_shown(shown: RunShown) -> RunShown:
    return shown.model_copy(
        update={
            "series": {clean_text(name, 40): list(map(_known, values)) for name, values in shown.series.items()},
            "alarms": [
                a.model_copy(update={"text": clean_text(a.text, TEXT_LIMIT), "done": clean_text(a.done, TEXT_LIMIT)})
                for a in shown.alarms
            ],
            "trials": [_clean_trial(t) for t in shown.trials],
            "checkpoints": [_clean_checkpoint(c) for c in shown.checkpoints],
        }
    )


def _clean_trial(trial: TrialRow) -> TrialRow:
    return trial.model_copy(
        update={"champion": clean_text(trial.champion, NAME_LIMIT), "verdict": clean_text(trial.verdict, NAME_LIMIT)}
    )


def _clean_checkpoint(c: CheckpointRow) -> CheckpointRow:
    against = [a.model_copy(update={"opponent": clean_text(a.opponent, NAME_LIMIT)}) for a in c.against]
    trial = None if c.trial is None else _clean_trial(c.trial)
    rating = {name: _known(getattr(c, name)) for name in ("rating", "low", "high")}
    return c.model_copy(update={"labels": _labels(c.labels), "against": against, "trial": trial, **rating})


def _known(value: float | None) -> float | None:
    return value if value is not None and abs(value) < LARGEST else None


def _number(value: float) -> float:
    return _known(value) or 0.0


def _labels(labels: Iterable[str]) -> list[str]:
    return [clean_text(label, LABEL_LIMIT) for label in labels][:6]
