"""Whether a policy still speaks so that outsiders understand it, or has made up a code of its own.

A model that never trained with the speakers listens in: between two messages every seat that will have to choose is
asked, as that model, for its choice (``training.polls``). What a message moves there towards those who are of another
side than the listener says whether it was understood: honest speakers should move their fellows the right way, and
deceivers the wrong one.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.llm.prompt import Codec
from training.comparison import Z
from training.credit.base import Floats
from training.episodes import Episode
from training.packing import PACKED
from training.polls import Ballot, Debate, debates, hold
from training.standings import Moment, moments


@dataclass(frozen=True, slots=True)
class Moved:
    """By how much a message moves an outsider's choice, in probability: ``mean`` with its 95 % interval (normal, over
    matches), of ``messages``."""

    mean: float
    low: float
    high: float
    messages: int

    @classmethod
    def of(cls, by_match: Sequence[Sequence[float]]) -> Moved:
        """From the moves of each match; matches without any say nothing."""
        told = [of for of in by_match if of]
        messages = sum(map(len, told))
        if not messages:
            return cls(0.0, 0.0, 0.0, 0)
        mean = sum(map(sum, told)) / messages
        off = [sum(of) - mean * len(of) for of in told]  # ratio estimate: long matches have more messages
        half = Z * (statistics.fmean(x * x for x in off) * len(told)) ** 0.5 / messages
        return cls(mean, mean - half, mean + half, messages)


def understood(model: Any, codec: Codec, episodes: Sequence[Episode], listeners: str) -> dict[str, Moved]:
    """By side of the speaker: how far the messages of these matches move seats of the side ``listeners``, played by
    ``model``, towards a choice of somebody of another side. Only speakers whose turns are trainable count.

    Args:
        model: the outsider, whose attention is set to the packed one.
        codec: its tokenizer, which the episodes must have been played with.
    """
    model.set_attn_implementation(PACKED)
    model.eval()
    of_matches = [moments(e, False) for e in episodes]
    held = [debates(e, of, codec) for e, of in zip(episodes, of_matches, strict=True)]
    found = hold(model, episodes, held)
    moved: dict[str, list[list[float]]] = {}
    for one in zip(episodes, of_matches, held, found, strict=True):
        for side, moves in _moves(*one, listeners).items():
            moved.setdefault(side, []).append(moves)
    return {side: Moved.of(by_match) for side, by_match in sorted(moved.items())}


def _moves(
    episode: Episode,
    of_match: Sequence[Moment],
    held: Sequence[Debate],
    probabilities: Sequence[Floats],
    listeners: str,
) -> dict[str, list[float]]:
    """One entry a message, the mean over those who listened."""
    sides = episode.outcome.sides
    own = {n for n, free in zip(episode.which, episode.trainable, strict=True) if free}
    polled = iter(probabilities)
    out: dict[str, list[float]] = {side: [] for side in sides}
    for number, debate in enumerate(held):
        suspect = {
            seen: {b.turn.seat: _on_others(b, next(polled), episode) for b in ballots}
            for seen, ballots in debate.ballots.items()
        }
        for n in range(held[number - 1].closing if number else 0, debate.closing):
            moment, speaker = of_match[n], episode.decisions[n].seat
            before, after = suspect.get(moment.seen), suspect.get(moment.seen + moment.said)
            if n not in own or not moment.heard or not moment.turn.text_limit or before is None or after is None:
                continue
            heard = [s for s in before if s in after and s != speaker and sides[s] == listeners]
            if heard:
                out[sides[speaker]].append(statistics.fmean(after[s] - before[s] for s in heard))
    return out


def _on_others(ballot: Ballot, probabilities: Floats, episode: Episode) -> float:
    """The probability that the choice falls on somebody of another side."""
    side_of: Mapping[str, str] = dict(zip(episode.names, episode.outcome.sides, strict=True))
    mine = episode.outcome.sides[ballot.turn.seat]
    pairs = zip(ballot.turn.choices, probabilities, strict=True)
    return float(sum(p for choice, p in pairs if side_of.get(choice, mine) != mine))
