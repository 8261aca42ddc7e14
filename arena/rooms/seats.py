"""Who sits in a seat: a person, or the mind that its filling names, which also stands in for a person who is away."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SeatSpec:
    """``fill`` names the mind that plays when no person does (``self``, ``checkpoint:ID``, ``scripted:NAME``, …).

    ``person`` is the handle of the person whose seat it is: stored, and never shown to a model. While they are
    ``away`` the filling plays, until they come back with the secret whose sha256 is ``token_hash``. ``train`` says
    whether this person lets the match be used for training.
    """

    fill: str
    person: str | None = None
    train: bool = False
    token_hash: str | None = field(default=None, repr=False)
    away: bool = False

    @property
    def by_person(self) -> bool:
        """Whether a person plays just now."""
        return self.person is not None and not self.away

    @property
    def mind(self) -> str:
        """What plays now, as the log names it."""
        return "person" if self.by_person else self.fill
