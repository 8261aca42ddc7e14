"""The ladder on the wire: its players best first, and who has met whom. ``arena leaderboard`` prints the same rows."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class LadderSide(BaseModel):
    """A player on one side; ``rating`` compares within the side. ``won`` of ``games`` is the plain count (a draw is one
    half), ``rate_low`` to ``rate_high`` the interval of that share."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    side: str
    rating: float
    low: float
    high: float
    games: int
    won: float
    rate_low: float
    rate_high: float


class LadderRow(BaseModel):
    """One player. Ratings are Elo, centred on the mean of the players, ``low`` to ``high`` the 95 % interval."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    rank: int
    player: str
    rating: float
    low: float
    high: float
    games: int
    sides: list[LadderSide]
    labels: list[str] = []
    """The names that stand for a checkpoint now, such as ``live``."""
    run: str | None = None
    """The training run that made this checkpoint."""
    trained: int | None = None
    """The games that this checkpoint had learnt from."""


class LadderMeeting(BaseModel):
    """``player`` got ``points`` in ``games`` against ``other``, who stands below on the ladder."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    player: str
    other: str
    games: int
    points: float
