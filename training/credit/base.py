"""The words of credit assignment, and the one signature that every estimator has.

Letters: K turns of one seat in one match, N tokens that the seat sampled in it (all turns, in order); k and i count
them.
A value belongs to the moment before its token is sampled; a reward comes after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


class TurnSpan(NamedTuple):
    """The tokens ``start .. end - 1`` of a seat's N sampled tokens: one turn."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class SeatEpisode:
    """One seat's match: what it sampled, what it was paid, what the critic thought.

    ``turns`` cover the N tokens without gap or overlap, and each has at least one token: the reward of a turn that
    sampled nothing belongs to the turn before it. A seat that never acted has K = N = 0.

    ``turn_rewards`` (K,) are paid after the last token of a turn, ``token_rewards`` (N,) after their token (usually
    zeros). ``values`` (N,) come from the critic.

    ``trainable`` (K,) false leaves a turn out of the loss; its rewards and values still reach the turns before it.
    ``withheld`` (K,) true marks turns that may be discouraged but never encouraged: their positive advantages become 0.
    ``deal`` is equal for the same seat in matches that were dealt alike; empty where that is not known.
    """

    game: str
    role: str
    turns: tuple[TurnSpan, ...]
    turn_rewards: Floats
    token_rewards: Floats
    values: Floats
    trainable: Bools
    withheld: Bools | None = None
    deal: str = ""

    def __post_init__(self) -> None:
        k, n = len(self.turns), len(self.values)
        assert self.turn_rewards.shape == self.trainable.shape == (k,), "one reward and one flag a turn"
        assert self.withheld is None or self.withheld.shape == (k,), "one flag a turn"
        assert self.token_rewards.shape == self.values.shape == (n,), "one reward and one value a token"
        assert self.trainable.dtype == np.bool_, "flags are booleans"
        assert all(t.start < t.end for t in self.turns), "every turn has a token"
        edges = (0, *(t.end for t in self.turns))
        assert edges == (*(t.start for t in self.turns), n), "the turns cover the tokens, in order"

    @property
    def firsts(self) -> NDArray[np.int64]:
        """The first token of each turn, (K,)."""
        return np.array([t.start for t in self.turns], dtype=np.int64)

    @property
    def lasts(self) -> NDArray[np.int64]:
        """The last token of each turn, (K,): e_k."""
        return np.array([t.end - 1 for t in self.turns], dtype=np.int64)

    @property
    def rewards(self) -> Floats:
        """All rewards by token, (N,): a turn's reward lies on its last token."""
        paid = self.token_rewards.astype(np.float64)
        paid[self.lasts] += self.turn_rewards
        return paid

    def per_token(self, by_turn: NDArray[Any]) -> NDArray[Any]:
        """Repeat one number a turn, (K,), at each of the turn's tokens, (N,)."""
        return np.repeat(by_turn, [t.end - t.start for t in self.turns])


@dataclass(frozen=True, slots=True, eq=False)
class Credit:
    """What the loss wants, both (N,). Tokens of turns that are not trainable hold 0 and are to be left out."""

    advantages: Floats
    targets: Floats


class Estimator(Protocol):
    """Turns episodes into advantages. It sees a whole batch at once, for some compare seats with each other."""

    name: ClassVar[str]

    def assign(self, episodes: Sequence[SeatEpisode]) -> list[Credit]:
        """One ``Credit`` for each episode, in the same order."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """An estimator that remembers earlier batches: save ``state()`` (plain JSON) with a run, ``load`` it to go on."""

    def state(self) -> dict[str, Any]: ...

    def load(self, state: Mapping[str, Any]) -> None: ...


def masked(episode: SeatEpisode, advantages: Floats, targets: Floats) -> Credit:
    """The last step of every estimator: apply ``withheld`` and ``trainable``. Nowhere else is credit taken away."""
    if episode.withheld is not None:
        advantages = np.where(episode.per_token(episode.withheld), np.minimum(advantages, 0.0), advantages)
    kept = episode.per_token(episode.trainable)
    return Credit(np.where(kept, advantages, 0.0), np.where(kept, targets, 0.0))
