"""Who sits in a seat: a person now, or the mind that its filling names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeatSpec:
    """``fill`` names the mind that plays when no person does (``self``, ``checkpoint:ID``, ``scripted:NAME``, …).

    ``person`` is the handle of the person who sits here now: stored, and never shown to a model. ``train`` says whether
    this person's acts may be trained on.
    """

    fill: str
    person: str | None = None
    train: bool = False

    @property
    def mind(self) -> str:
        """What plays now, as the log names it."""
        return self.fill if self.person is None else "person"
