"""What a moment is worth before it is decided: the chances of each decision, times what each decision leads to.

While a matter is talked over, straw polls (``training.polls``) give the probabilities of every seat's choice; when it
is decided, the log has them. A central critic knows what each outcome is worth. So

- a debate has values of its own, message by message, where a table of standings sees none between dawn and dusk;
- a message is worth what it changes. That is the speaking reward of Sarkar et al. (2025) in the currency of the critic:
  beliefs count as far as they move the decision. Being a difference of values it cannot be farmed: what is gained by
  moving the table is lost when it is moved back;
- a choice is worth what it leads to on average over what the others might have chosen, not only with what they did.

Letters: O choices of a voter, M draws.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np

from arena.games.chance import Chance
from training.credit.base import Floats
from training.critic import CentralTable
from training.episodes import Episode
from training.polls import Debate
from training.standings import Afterwards, Moment, decided

DRAWS: Final = 32
"""Decisions that are drawn to know what a moment is worth: M. Those of one debate share their random numbers, so that
what differs between them is what the seats think."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message: the value for its speaker's side before it and after it."""

    before: float
    after: float

    @property
    def changed(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Foresight:
    """One match; all go by the decision's number.

    ``values`` are those of the decisions in a debate and of the choices that close it, for the side that decided;
    ``spoken`` has the messages that everybody heard at once; ``choices`` (O,) the worth of each legal choice.
    """

    values: dict[int, float]
    spoken: dict[int, Spoken]
    choices: dict[int, Floats]


Drawn: TypeAlias = Mapping[int, Sequence[str]]
"""By seat, M choices."""


def foresee(
    episode: Episode,
    moments: Sequence[Moment],
    debates: Sequence[Debate],
    probabilities: Sequence[Floats],
    table: CentralTable,
) -> Foresight:
    """Foresight from a match's debates and the ``probabilities`` of their ballots, as ``polls.hold`` gives them."""
    found = Foresight({}, {}, {})
    polled = iter(probabilities)
    for number, debate in enumerate(debates):
        closing = _Closing(episode, moments, debate.closing, table)
        others = closing.of_others()
        worth = {seen: closing.mean({**drawn, **others}) for seen, drawn in _polls(debate, closing.luck, polled)}
        begins = 0 if number == 0 else debates[number - 1].closing
        _speak(found, episode, moments, range(begins, debate.closing), worth)
        _choose(found, closing, worth[max(worth)])
    return found


def _polls(debate: Debate, luck: Mapping[int, Floats], polled: Iterator[Floats]) -> Iterator[tuple[int, Drawn]]:
    for seen, ballots in debate.ballots.items():
        yield seen, {b.turn.seat: _draw(b.turn.choices, next(polled), luck[b.turn.seat]) for b in ballots}


def _speak(
    found: Foresight,
    episode: Episode,
    moments: Sequence[Moment],
    numbers: range,
    worth: Mapping[int, Mapping[str, float]],
) -> None:
    for n in numbers:
        moment, side = moments[n], episode.outcome.sides[episode.decisions[n].seat]
        before, after = worth.get(moment.seen), worth.get(moment.seen + moment.said)
        if before is None:
            continue
        found.values[n] = before[side]
        if after is not None and moment.heard and moment.turn.text_limit:
            found.spoken[n] = Spoken(before[side], after[side])


def _choose(found: Foresight, closing: _Closing, now: Mapping[str, float]) -> None:
    drawn = closing.drawn()
    for n in closing.numbers:
        decision, turn = closing.episode.decisions[n], closing.moments[n].turn
        side = closing.episode.outcome.sides[decision.seat]
        found.values[n] = now[side]
        found.choices[n] = np.array([closing.mean({**drawn, turn.seat: (c,) * DRAWS})[side] for c in turn.choices])


@dataclass(slots=True)
class _Closing:
    """The choices that close a debate, made at once from one state, and what each way to make them leads to."""

    episode: Episode
    moments: Sequence[Moment]
    first: int
    table: CentralTable
    numbers: tuple[int, ...] = field(init=False)
    luck: dict[int, Floats] = field(init=False)
    _chance: Chance = field(init=False)
    _returns: dict[str, float] = field(init=False)
    _visited: set[str] = field(init=False)
    _known: dict[Hashable, dict[str, float]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        kind = self.moments[self.first].turn.kind
        state, game = self.state, self.episode.game
        voters = {turn.seat: turn.id for turn in game.turns(state) if turn.kind == kind}
        self.numbers = tuple(
            n
            for n, decision in enumerate(self.episode.decisions)
            if n >= self.first and voters.get(decision.seat) == decision.turn_id
        )
        seeded = np.random.default_rng([ord(c) for c in f"{self.episode.match_id}/{self.first}"])
        self.luck = {seat: seeded.random(DRAWS) for seat in voters}
        self._chance = Chance(self.episode.seed)
        self._returns = dict(zip(self.episode.outcome.sides, self.episode.outcome.returns, strict=True))
        self._visited = {m.standing for m in self.moments}

    @property
    def state(self) -> Any:
        return self.moments[self.first].state

    def drawn(self) -> dict[int, Sequence[str]]:
        """What the seats might have chosen, by the log's probabilities; what they did choose, where it has none."""
        drawn: dict[int, Sequence[str]] = {}
        for n in self.numbers:
            decision, turn = self.episode.decisions[n], self.moments[n].turn
            probabilities = () if decision.tokens is None else decision.tokens.choice_probs
            if len(probabilities) == len(turn.choices):
                drawn[turn.seat] = _draw(turn.choices, np.array(probabilities), self.luck[turn.seat])
            elif decision.act.choice is not None:
                drawn[turn.seat] = (decision.act.choice,) * DRAWS
        return drawn

    def of_others(self) -> Drawn:
        """What those chose who are not the policy that learns. It cannot say how they listen: to them a message is
        taken to have made no difference, and what it did make is left to what came of it. Polling the policy in their
        place taught werewolves to deceive readers who were not there (docs/experiments.md)."""
        which, trainable = self.episode.which, self.episode.trainable
        own = {self.episode.decisions[n].seat for n, ours in zip(which, trainable, strict=True) if ours}
        return {seat: choices for seat, choices in self.drawn().items() if seat not in own}

    def mean(self, drawn: Drawn) -> dict[str, float]:
        """The value by side, over the draws."""
        total = dict.fromkeys(self._returns, 0.0)
        for m in range(DRAWS):
            for side, value in self._worth({seat: of[m] for seat, of in drawn.items()}).items():
                total[side] += value / DRAWS
        return total

    def _worth(self, choices: Mapping[int, str]) -> dict[str, float]:
        key = self.episode.game.upshot(self.state, choices)
        if key not in self._known:
            after = decided(self.episode.game, self.state, choices, self._chance)
            self._known[key] = {side: self._value(after, side) for side in self._returns}
        return self._known[key]

    def _value(self, after: Afterwards, side: str) -> float:
        if after.returns is not None:
            return after.returns[self.episode.outcome.sides.index(side)]
        own = self._returns[side] if after.standing in self._visited else None
        return self.table.value(after.standing, side, own)


def _draw(choices: Sequence[str], probabilities: Floats, luck: Floats) -> list[str]:
    """M choices, drawn with these random numbers."""
    places: list[int] = np.searchsorted(np.cumsum(probabilities)[:-1], luck, side="right").tolist()
    return [choices[o] for o in places]
