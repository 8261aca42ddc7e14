"""What is said of an update: the curves of a run, and what its alarms look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from arena.games.degenerate import Flaw
from training.assign import played_seat
from training.episodes import Episode
from training.rewards import flaws, garbled


@dataclass(frozen=True, slots=True)
class UpdateFigures:
    """What one update did, and how the policy before it had played.

    Entropies are in nats. ``explained`` is the critic's explained variance of the seats' returns, ``garbled`` the share
    of messages that are no sentence of the scripts' language, ``repeated`` that of turns with words which the filter on
    degenerate ones caught (``arena.games.degenerate``; the four ``filtered_`` say for what), ``talk_tokens`` the mean
    length of a message, and ``lopsided`` the largest mean return of any side (0: all won as often as they lost).
    ``imitation`` is −log p of people's turns, in nats a token, where they are taught. ``listening`` is −log p of what
    is hidden, in nats a probe, on the matches of the update's first step before it was made (``training.listening``).
    """

    episodes: int
    decisions: int
    garbled: float
    repeated: float
    talk_tokens: float
    lopsided: float
    talk_entropy: float
    choice_entropy: float
    kl_reference: float
    kl_old: float
    clipped: float
    gradient_norm: float
    explained: float
    loss: float
    filtered_empty: float = 0.0
    filtered_repeated: float = 0.0
    filtered_copied: float = 0.0
    filtered_off_language: float = 0.0
    imitation: float = 0.0
    listening: float = 0.0

    def to_json(self) -> dict[str, float | int]:
        return {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(self).items()}


def manners(episodes: Sequence[Episode]) -> dict[str, float]:
    """How the policy talked in these matches: figures of ``UpdateFigures`` by name."""
    broken: list[bool] = []
    wrong: list[Flaw | None] = []
    lengths: list[int] = []
    for e in episodes:
        by_seat: dict[int, list[int]] = {}
        own_turns = dict.fromkeys(n for n, free in zip(e.which, e.trainable, strict=True) if free)
        for n in own_turns:
            by_seat.setdefault(e.decisions[n].seat, []).append(n)
        for seat, own in by_seat.items():
            of_turns = zip(own, flaws(played_seat(e, seat, own)), strict=True)
            wrong.extend(found for n, found in of_turns if e.decisions[n].act.choice is None)
        for n in own_turns:
            made = e.decisions[n]
            if made.tokens is not None and made.act.choice is None:
                lengths.append(len(made.tokens.sampled))
                if made.act.text:
                    broken.append(garbled(made.act.text, made.seat, e.names, e.game.name))
    filtered = {f"filtered_{kind}": [found is kind for found in wrong] for kind in Flaw}
    idle = [found is not None for found in wrong]
    shares = {"garbled": broken, "repeated": idle, "talk_tokens": lengths, **filtered}
    return {name: float(np.mean(values)) if values else 0.0 for name, values in shares.items()}


def lopsided(episodes: Sequence[Episode]) -> float:
    """The largest mean return of any side, in wins."""
    of_side: dict[str, list[float]] = {}
    for e in episodes:
        for side, result in dict(zip(e.outcome.sides, e.outcome.returns, strict=True)).items():
            of_side.setdefault(side, []).append(result)
    return max((float(np.mean(results)) for results in of_side.values()), default=0.0)
