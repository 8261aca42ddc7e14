"""What a message of Werewolf can state: the vocabulary of ``reading``, closed and small.

Seats are numbers, so a statement means the same whatever the seats are called.
"""

from __future__ import annotations

from dataclasses import dataclass

from arena.games.werewolf.types import Role, Side


@dataclass(frozen=True, slots=True)
class Claim:
    """The speaker says what they are."""

    role: Role


@dataclass(frozen=True, slots=True)
class Deny:
    """The speaker says what they are not."""

    role: Role


@dataclass(frozen=True, slots=True)
class Result:
    """The speaker reports having checked somebody."""

    target: int
    side: Side


@dataclass(frozen=True, slots=True)
class Sensed:
    """The speaker, who claims to be the medium, reports what an exiled seat was."""

    target: int
    side: Side


@dataclass(frozen=True, slots=True)
class Accuse:
    """The speaker takes somebody for a werewolf."""

    target: int


@dataclass(frozen=True, slots=True)
class Trust:
    """The speaker vouches for somebody, or defends them."""

    target: int


@dataclass(frozen=True, slots=True)
class VoteFor:
    """The speaker wants somebody exiled today."""

    target: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """The speaker does not believe what somebody says of themself."""

    target: int


@dataclass(frozen=True, slots=True)
class Agree:
    """The speaker sides with somebody."""

    target: int


@dataclass(frozen=True, slots=True)
class Ask:
    """The speaker asks somebody, or about somebody."""

    target: int


@dataclass(frozen=True, slots=True)
class Attack:
    """The speaker wants somebody killed at night."""

    target: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The speaker proposes that somebody (themself included) will claim a role."""

    target: int
    role: Role


Statement = Claim | Deny | Result | Sensed | Accuse | Trust | VoteFor | Doubt | Agree | Ask | Attack | Plan
