"""What a seat is paid for, as weighted terms that can be read one by one.

A term turns one seat's match into one number a turn; ``Rewards`` adds them up. Being paid is not the same as being
allowed to learn from it: the result of a match stands at its last turn and belongs to all of them, so a degenerate turn
is not robbed of it here (that would rob the turns before it). ``degenerate`` marks such turns instead, for
``SeatEpisode.withheld``: credit may then discourage them but never encourage them.

Letters: K turns of one seat in one match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from agents.scripted.form import well_formed
from arena.games.core import Game
from arena.games.degenerate import Flaw, flaw
from training.credit.base import Bools, Floats


@dataclass(frozen=True, slots=True)
class PlayedTurn:
    """One answered turn. ``text`` is None where no words were asked for; ``heard`` holds what others said just before
    it; ``fallback`` is true where the answer was malformed or missing, so that the turn's default act was used."""

    text: str | None = None
    heard: tuple[str, ...] = ()
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class PlayedSeat:
    """One seat's match: its return, its K turns in order, and who sat where (``names[seat]`` is its own name).
    ``missed`` counts the phases of the match in which others acted when it was already out (``phases_missed``)."""

    result: float
    turns: tuple[PlayedTurn, ...]
    seat: int = 0
    names: tuple[str, ...] = ()
    game: str = "werewolf"
    missed: int = 0


class RewardTerm(Protocol):
    """One thing that a seat is paid for, in units of one win."""

    name: ClassVar[str]

    def of(self, seat: PlayedSeat) -> Floats:
        """The reward of each turn, (K,), before its weight."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome(RewardTerm):
    """The seat's return, at its last turn: +1 for a win, −1 for a loss and 0 for a draw, or in a game for more or less
    the share of the most that could be won."""

    name: ClassVar[str] = "outcome"

    def of(self, seat: PlayedSeat) -> Floats:
        rewards = np.zeros(len(seat.turns))
        rewards[-1:] = seat.result
        return rewards


@dataclass(frozen=True, slots=True)
class EarlyOut(RewardTerm):
    """What is taken from a win, at the seat's last turn, because the seat was out before the end: with m phases missed
    a win of w counts w (1 − discount)^m, so this is w ((1 − discount)^m − 1).

    A loss stays whole: a smaller one would pay the losers for dying early. Not potential-based, so it changes what is
    best: a win that one lives to see is worth more than one that one dies for.
    """

    name: ClassVar[str] = "early_out"
    discount: float

    def of(self, seat: PlayedSeat) -> Floats:
        rewards = np.zeros(len(seat.turns))
        rewards[-1:] = max(seat.result, 0.0) * ((1 - self.discount) ** seat.missed - 1)
        return rewards


@dataclass(frozen=True, slots=True)
class Format(RewardTerm):
    """−1 for each turn whose default act had to be used."""

    name: ClassVar[str] = "format"

    def of(self, seat: PlayedSeat) -> Floats:
        return np.array([-1.0 if turn.fallback else 0.0 for turn in seat.turns])


@dataclass(frozen=True, slots=True)
class Repeat(RewardTerm):
    """−1 for each degenerate turn."""

    name: ClassVar[str] = "repeat"

    def of(self, seat: PlayedSeat) -> Floats:
        return np.where(degenerate(seat), -1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Grammar(RewardTerm):
    """−1 for each message that is no sentence of the language that the scripts speak, or names nobody at the table.

    For policies that learnt to talk from the scripts: the result of a match says little about a single garbled word,
    and the distance to a reference that garbles some itself does not mend it. Any other English is wrong to this term.
    """

    name: ClassVar[str] = "grammar"

    def of(self, seat: PlayedSeat) -> Floats:
        return np.array([-1.0 if garbled(turn.text, seat.seat, seat.names, seat.game) else 0.0 for turn in seat.turns])


@dataclass(frozen=True, slots=True)
class Rewards:
    """A weighted sum of terms. Small weights for manners, so that no seat would rather lose politely than win."""

    terms: tuple[tuple[float, RewardTerm], ...] = ((1.0, Outcome()), (0.1, Format()), (0.05, Repeat()))

    def also(self, weight: float, term: RewardTerm) -> Rewards:
        """These terms and one more, unless it weighs nothing."""
        return Rewards((*self.terms, (weight, term))) if weight else self

    def of(self, seat: PlayedSeat) -> Floats:
        """The reward of each turn, (K,)."""
        return sum(self.by_term(seat).values(), np.zeros(len(seat.turns)))

    def by_term(self, seat: PlayedSeat) -> dict[str, Floats]:
        """The weighted reward of each turn, (K,), by the name of its term: what the log of a run shows."""
        return {term.name: weight * term.of(seat) for weight, term in self.terms}


def phases_missed(game: Game[Any, Any], states: Iterable[Any], seat: int) -> int:
    """In how many of the match's phases somebody acted while the seat was out (``Game.phase``, ``Game.out``).

    Args:
        states: the match's state before each decision.
    """
    return len({game.phase(state) for state in states if seat in game.out(state)})


def flaws(seat: PlayedSeat) -> list[Flaw | None]:
    """What is wrong with the message of each turn, (K,): nothing where no words were asked for."""
    found: list[Flaw | None] = []
    own: set[str] = set()
    for turn in seat.turns:
        found.append(None if turn.text is None else flaw(turn.text, own, turn.heard))
        if turn.text is not None:
            own.add(turn.text)
    return found


def degenerate(seat: PlayedSeat) -> Bools:
    """Which turns, (K,), were asked for words and gave a message with a flaw."""
    return np.array([found is not None for found in flaws(seat)], dtype=np.bool_)


def garbled(text: str | None, seat: int, names: Sequence[str], game: str) -> bool:
    """Whether words were said and are not ``well_formed``; silence is not."""
    return bool(text) and not well_formed(text or "", seat, names, game)
