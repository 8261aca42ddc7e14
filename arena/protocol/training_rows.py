"""Training runs on the wire: which there are, and how the one that is looked at goes.

Nothing here says where a run lies or how it was set up. Ages are in seconds at the moment of reading.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

RunState = Literal["running", "ended", "silent"]
"""``silent``: it neither ended nor said anything for long."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class RunInfo(_Row):
    """One run in the list. ``updates`` of ``planned`` are done since it was last started; ``planned`` is null where
    that is not known. ``trained`` counts the games that its policy has learnt from, those of earlier runs included."""

    run: str
    game: str
    state: RunState
    updates: int
    planned: int | None
    trained: int
    age_s: float
    """Since it last said something."""
    left_s: float | None = None
    """About how long the updates that are left take, at the pace of the last ones."""
    alarms: int = 0
    why: str = ""
    """How it ended."""


class AlarmRow(_Row):
    """``update`` counts from the run's first; ``done`` is what followed of it, empty for nothing."""

    update: int
    text: str
    done: str
    age_s: float


class TrialRow(_Row):
    """What a checkpoint had to show before it went live: ``score`` is its share of the points over ``deals``, each
    played once with it and once without."""

    checkpoint: str
    champion: str
    verdict: str
    went_live: bool
    deals: int
    score: float
    age_s: float


class AgainstRow(_Row):
    """Rated games of a checkpoint against a player that never changes."""

    opponent: str
    games: int
    points: float


class CheckpointRow(_Row):
    """``labels`` are the names that stand for it now; ``best`` is the one with the highest rating of its run."""

    checkpoint: str
    parent: str | None
    trained: int
    age_s: float | None
    labels: list[str]
    rating: float | None = None
    low: float | None = None
    high: float | None = None
    against: list[AgainstRow] = []
    trial: TrialRow | None = None


class RunShown(_Row):
    """The run that is looked at. Each list of ``series`` has one entry an update, null where that figure is missing;
    long runs are thinned. Names are those of ``training.figures``, and ``wins/SIDE`` and ``returns/SIDE``."""

    run: str
    updates: list[int]
    trained: list[int]
    series: dict[str, list[float | None]]
    alarms: list[AlarmRow]
    """Newest first, as are ``trials`` and ``checkpoints``."""
    trials: list[TrialRow]
    checkpoints: list[CheckpointRow]
