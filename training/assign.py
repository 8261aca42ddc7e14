"""From episodes to one advantage a sampled token: rewards, values, the estimator, and exact credit for decisive
choices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from arena.decision import Quality, quality
from training.credit.base import Credit, Estimator, Floats, SeatEpisode, TurnSpan, masked
from training.critic import CentralTable
from training.episodes import Episode
from training.foresight import Foresight
from training.rewards import PlayedSeat, PlayedTurn, Rewards, degenerate, phases_missed
from training.standings import Moment

MAX_ADVANTAGE = 4.0
"""Advantages are cut here, in standard deviations."""
_FEW = 32
"""How many turns the batch's variance counts for in that of a kind."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """For one episode: by branch, the advantages and value targets of its sampled tokens, how much its decision weighs
    in the loss (one each, if empty), and the advantage of each of its options where that is known (an empty array where
    it is not)."""

    advantages: tuple[Floats, ...]
    targets: tuple[Floats, ...]
    weights: tuple[float, ...] = ()
    options: tuple[Floats, ...] = ()


def assign(
    episodes: Sequence[Episode],
    moments: Sequence[Sequence[Moment]],
    values: Sequence[Sequence[Floats]],
    estimator: Estimator,
    rewards: Rewards,
    table: CentralTable | None = None,
    by_kind: bool = False,
    talk: float = 1.0,
    polls: Sequence[Foresight] = (),
    afterwards: float = 1.0,
    in_wins: bool = False,
) -> list[Assigned]:
    """Advantages in units of their standard deviation.

    Args:
        values: the critic's values by episode and branch, one a sampled token.
        table: with it, decisive choices get what they changed under it (after Foerster et al. 2018, COMA) instead of a
            share of the turn's advantage.
        by_kind: scale each kind of turn by the deviation of its own. What is said carries most of a match's luck, what
            is chosen with exact credit nearly none, and in one unit for both that noise is the larger part.
        in_wins: leave them in wins. Near an equilibrium nothing is worth more than anything else, and a deviation as
            the unit makes noise as large as what was learnt from before; with wins the distance to the reference, which
            has a fixed weight, then outweighs it.
        talk: how much the credit of words counts beside that of choices; with 0 they are only held near the reference.
        polls: what straw polls found, one an episode, or none at all. A message that was polled is credited with what
            it changed itself, beyond what messages of its role usually change, and with the share ``afterwards`` of
            what the others made of it, which is all that the estimator adds to that.
    """
    usual = _usually_changed(episodes, polls)
    seats: list[tuple[int, list[int]]] = []
    seat_episodes: list[SeatEpisode] = []
    for e, episode in enumerate(episodes):
        by_seat: dict[int, list[int]] = {}
        for i, n in enumerate(episode.which):
            by_seat.setdefault(episode.decisions[n].seat, []).append(i)
        for seat, branches in by_seat.items():
            seats.append((e, branches))
            seat_episodes.append(_seat_episode(episode, moments[e], seat, branches, values[e], rewards))
    credits = estimator.assign(seat_episodes)
    advantages = [[np.zeros(0)] * len(x.which) for x in episodes]
    targets = [[np.zeros(0)] * len(x.which) for x in episodes]
    options = [[np.zeros(0)] * len(x.which) for x in episodes]
    for (e, branches), of_seat, credit in zip(seats, seat_episodes, credits, strict=True):
        if polls:
            credit = _with_words(episodes[e], branches, of_seat, credit, polls[e], usual, afterwards)
        _spread(episodes[e], branches, credit, advantages[e], targets[e])
    if table is not None:
        for e, episode in enumerate(episodes):
            foreseen = polls[e].choices if polls else {}
            _replace_decisive(episode, moments[e], table, foreseen, advantages[e], options[e])
    scales = {} if in_wins else _deviations(episodes, advantages, by_kind)
    return _scaled(episodes, advantages, targets, options, scales, talk)


def _seat_episode(
    episode: Episode,
    moments: Sequence[Moment],
    seat: int,
    branches: Sequence[int],
    values: Sequence[Floats],
    rewards: Rewards,
) -> SeatEpisode:
    spans: list[TurnSpan] = []
    start = 0
    of_match, turns = episode.branches, _by_turn(episode, branches)
    for turn in turns:
        end = start + sum(len(of_match[i].answer) for i in turn)
        spans.append(TurnSpan(start, end))
        start = end
    played = played_seat(episode, seat, [episode.which[turn[0]] for turn in turns], moments)
    return SeatEpisode(
        game=episode.game.name,
        role=role_of(episode, seat),
        turns=tuple(spans),
        turn_rewards=rewards.of(played),
        token_rewards=np.zeros(start),
        values=np.concatenate([values[i] for i in branches]),
        trainable=np.array([episode.trainable[turn[0]] for turn in turns], dtype=np.bool_),
        withheld=degenerate(played),
        deal=f"{episode.seed}/{seat}",
    )


def played_seat(episode: Episode, seat: int, decisions: Sequence[int], moments: Sequence[Moment] = ()) -> PlayedSeat:
    """What a seat did in these of the match's decisions, its own, as the reward terms see it; without ``moments`` as if
    it had been there to the end."""
    turns = tuple(_played_turn(episode, n) for n in decisions)
    missed = phases_missed(episode.game, (moment.state for moment in moments), seat)
    return PlayedSeat(episode.outcome.returns[seat], turns, seat, episode.names, episode.game.name, missed)


def _by_turn(episode: Episode, branches: Sequence[int]) -> list[list[int]]:
    """A seat's branches, those of one decision together: a thought belongs to the turn of its answer."""
    return [list(turn) for _, turn in groupby(branches, key=lambda i: episode.which[i])]


def _played_turn(episode: Episode, n: int) -> PlayedTurn:
    decision = episode.decisions[n]
    malformed = quality(decision.fallback) not in (Quality.CLEAN, Quality.ASKED_AGAIN)
    if decision.act.choice is not None:
        return PlayedTurn(fallback=malformed)
    heard = [d.act.text for d in episode.decisions[max(0, n - 2) : n] if d.turn_kind == decision.turn_kind]
    return PlayedTurn(decision.act.text, tuple(heard), malformed)


def role_of(episode: Episode, seat: int) -> str:
    """The seat's role as the game ended up showing it, or its side where the game has no roles."""
    roles = episode.events[-1].data.get("roles")
    return roles[seat] if roles else episode.outcome.sides[seat]


def _spread(
    episode: Episode, branches: Sequence[int], credit: Credit, advantages: list[Floats], targets: list[Floats]
) -> None:
    start = 0
    of_match = episode.branches
    for i in branches:
        end = start + len(of_match[i].answer)
        advantages[i] = credit.advantages[start:end]
        targets[i] = credit.targets[start:end]
        start = end


def _usually_changed(episodes: Sequence[Episode], polls: Sequence[Foresight]) -> dict[str, float]:
    """What messages of each role changed on average: a baseline, for whoever speaks at all usually helps its side."""
    of_role: dict[str, list[float]] = {}
    for episode, found in zip(episodes, polls, strict=True) if polls else ():
        for n, spoken in found.spoken.items():
            of_role.setdefault(role_of(episode, episode.decisions[n].seat), []).append(spoken.changed)
    return {role: float(np.mean(changed)) for role, changed in of_role.items()}


def _with_words(
    episode: Episode,
    branches: Sequence[int],
    seat: SeatEpisode,
    credit: Credit,
    found: Foresight,
    usual: Mapping[str, float],
    afterwards: float,
) -> Credit:
    """The seat's credit with that of its polled messages: A = c − usual + afterwards · (A' − c), where c is what the
    message changed and A' what the estimator gave the turn, c included."""
    advantages = credit.advantages.copy()
    for k, (turn, span) in enumerate(zip(_by_turn(episode, branches), seat.turns, strict=True)):
        spoken = found.spoken.get(episode.which[turn[0]])
        if spoken is None:
            continue
        here = slice(span.start, span.end)
        changed = spoken.changed
        given = changed - usual[seat.role] + afterwards * (advantages[here] - changed)
        advantages[here] = np.minimum(given, 0.0) if seat.withheld is not None and seat.withheld[k] else given
    return masked(seat, advantages, credit.targets)


def _replace_decisive(
    episode: Episode,
    moments: Sequence[Moment],
    table: CentralTable,
    foreseen: Mapping[int, Floats],
    advantages: list[Floats],
    options: list[Floats],
) -> None:
    """A choice's advantage is the value it led to minus the policy's mean value over all legal choices; so it is for
    those that were not chosen. Where ``foreseen`` knows their worth whatever the others choose, that counts. A thought
    before it keeps its share of the turn's: it changed those probabilities."""
    visited = {m.standing for m in moments}
    for i, n in enumerate(episode.which):
        decision, moment = episode.decisions[n], moments[n]
        record = decision.tokens
        if not moment.instead or record is None or len(record.choice_probs) != len(moment.instead):
            continue
        if not episode.trainable[i] or episode.thoughts[i]:
            continue
        side = episode.outcome.sides[decision.seat]
        own = episode.outcome.returns[decision.seat]
        worth = foreseen.get(n)
        if worth is None:
            worth = np.array(
                [
                    after.returns[decision.seat]
                    if after.returns is not None
                    else table.value(after.standing, side, own if after.standing in visited else None)
                    for after in moment.instead
                ]
            )
        chosen = moment.turn.choices.index(decision.act.choice or "")
        options[i] = worth - float(np.dot(record.choice_probs, worth))
        advantages[i] = np.full(len(record.sampled), options[i][chosen])


def _deviations(episodes: Sequence[Episode], advantages: Sequence[Sequence[Floats]], by_kind: bool) -> dict[str, float]:
    """The unit of each kind of turn: the standard deviation of the batch, or its own. A kind with few turns leans on
    the batch's."""
    of_kind: dict[str, list[float]] = {}
    for x, of in zip(episodes, advantages, strict=True):
        for n, a, trained in zip(x.which, of, x.trainable, strict=True):
            if trained:
                of_kind.setdefault(x.decisions[n].turn_kind, []).append(float(a.mean()))
    every = np.concatenate([np.zeros(0), *of_kind.values()])
    variance = max(float(every.var()), 1e-12) if len(every) else 1.0
    scales = dict.fromkeys(of_kind, math.sqrt(variance))
    if by_kind:
        for kind, of in of_kind.items():
            scales[kind] = math.sqrt((len(of) * float(np.var(of)) + _FEW * variance) / (len(of) + _FEW))
    return scales


def _scaled(
    episodes: Sequence[Episode],
    advantages: list[list[Floats]],
    targets: list[list[Floats]],
    options: list[list[Floats]],
    scales: Mapping[str, float],
    talk: float,
) -> list[Assigned]:
    """In the unit of the turn's kind (1 where there is none), cut, and words times ``talk``."""

    def cut(episode: Episode, of: Sequence[Floats]) -> tuple[Floats, ...]:
        made = (episode.decisions[n] for n in episode.which)
        return tuple(
            np.clip(a / scales.get(d.turn_kind, 1.0), -MAX_ADVANTAGE, MAX_ADVANTAGE)
            * (talk if d.act.choice is None else 1.0)
            for a, d in zip(of, made, strict=True)
        )

    return [
        Assigned(cut(x, of), tuple(t), options=cut(x, o))
        for x, of, t, o in zip(episodes, advantages, targets, options, strict=True)
    ]


def central_values(
    episodes: Sequence[Episode],
    moments: Sequence[Sequence[Moment]],
    table: CentralTable,
    polls: Sequence[Foresight] = (),
) -> list[list[Floats]]:
    """The value before each decision, for the side that decided, one a sampled token: what a straw poll found there,
    else the table's value of the standing."""

    def value(episode: Episode, of_match: Sequence[Moment], polled: Mapping[int, float], n: int) -> float:
        if n in polled:
            return polled[n]
        seat = episode.decisions[n].seat
        return table.value(of_match[n].standing, episode.outcome.sides[seat], episode.outcome.returns[seat])

    return [
        [
            np.full(len(branch.answer), value(episode, of_match, polls[e].values if polls else {}, n))
            for branch, n in zip(episode.branches, episode.which, strict=True)
        ]
        for e, (episode, of_match) in enumerate(zip(episodes, moments, strict=True))
    ]
