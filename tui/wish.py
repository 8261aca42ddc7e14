"""What a player wants from the start, as the command line says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Wish:
    """Without any of these the screens begin in the lobby, and the plain lines with a quick match.

    Args:
        room: sit down in the room of this id or code.
        watch: follow this room without a seat.
        everything: see the secrets too while watching, where the room shows them.
        resume: go back to the seat that was kept, in ``room`` where that is given.
        blind: agreed: nobody is told which seats people play.
        game: what is played where no room is named.
        options: of games opened from here.
        people: how many of their seats wait for people, this one included.
        others: who plays their other seats.
        terms: what their rooms agree on, as ``CreateRoom`` has it.
        learn: begin with the game that teaches.
    """

    room: str | None = None
    watch: str | None = None
    everything: bool = False
    resume: bool = False
    blind: bool = False
    game: str = "werewolf"
    options: Mapping[str, Any] = field(default_factory=dict)
    people: int | None = None
    others: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)
    learn: bool = False
