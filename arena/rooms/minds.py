"""What plays a seat, as a room sees it: the contract between hosts (server, headless runner) and minds (agents).

A host asks with a ``Request`` that holds nothing but what the seat may see; a mind answers with an ``Answer``. A mind
that fails raises, and the host passes the turn in its stead and logs the reason as a fallback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from arena.decision import MindKind, TokenRecord, TrunkRecord
from arena.games.core import Act, Event, Game, Turn
from arena.protocol.recording import Recording


@dataclass(frozen=True, slots=True)
class Request:
    """One open turn, for one seat of one match.

    ``events`` is the seat's whole visible stream so far (``arena.games.core.visible``); the host extends one list a
    seat as the match goes and hands over the same object each time, so a mind may remember how far it has read.
    """

    match_id: str
    game: Game[Any, Any]
    seat: int
    turn: Turn
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Answer:
    """``fallback`` is set where the mind itself had to give a default act (an answer that could not be read, say)."""

    act: Act
    kind: MindKind
    mind: str
    tokens: TokenRecord | None = None
    fallback: str | None = None


class Mind(Protocol):
    """Plays any number of seats in any number of matches at once."""

    async def decide(self, request: Request) -> Answer: ...

    def finish(self, match_id: str) -> TrunkRecord | None:
        """The match is over: forget it, and hand over the trunk if tokens were recorded for it."""
        ...


class MindSource(Protocol):
    """Turns the name of a seat's filling (``self``, ``checkpoint:ID``, ``scripted:NAME``, ``random``, ``openai:NAME``)
    into a mind for a game."""

    def mind(self, fill: str, game: str) -> Mind:
        """
        Raises:
            UnknownName: nothing has this name, or it cannot play this game.
        """
        ...

    def usual(self, game: str) -> str:
        """The filling of seats of this game that nobody asked anything else for."""
        ...


Believing: TypeAlias = Callable[[Recording], Awaitable[Recording]]
"""Puts beside a recording what its seats believed, as far as there is a model here that can say.

Raises:
    ArenaError: the model failed.
"""


async def believing_nothing(recording: Recording) -> Recording:
    """Where there is no model."""
    return recording
