"""Matches that are over, as a list: what everybody may know of each before reading it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MatchPlace = tuple[Annotated[float, Field(allow_inf_nan=False)], Annotated[str, Field(max_length=64)]]
"""Where a match stands in the list: when it ended, in seconds since the Unix epoch, and its id."""


class PastMatch(BaseModel):
    """One match that was played to its end. ``minds`` has a kind for each seat, as the match began: ``person``,
    ``model``, ``script`` or ``remote``. Nothing says who the people were."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    match: str
    game: str
    code: str
    """The short word with which people found its room."""
    ended_at: float
    """In seconds since the Unix epoch."""
    age_s: float
    """How long ago that was when the list was made."""
    lasted_s: float
    minds: list[str]
    winner: str
    reason: str
    private: bool = False
    seat: int | None = None
    """The seat whose secret the asker brought."""

    @property
    def place(self) -> MatchPlace:
        return self.ended_at, self.match
