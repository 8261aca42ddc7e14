"""What an update would learn from, before it does: ``arena train --dry-run``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from training.assign import Assigned, played_seat, role_of
from training.crediting import Credited
from training.episodes import Episode, Harvest, Terms, why_masked
from training.learner import Learner
from training.listening import believed, cost


@dataclass(frozen=True, slots=True)
class TurnPreview:
    """One decision. ``masked`` says why it teaches nothing, ``rewards`` what it was paid for, by term; ``advantage`` is
    in standard deviations of the batch and ``value`` the critic's before the decision, both means over its tokens (None
    where there are no tokens of the learner's); ``options`` are the advantages of all choices, where they are known."""

    turn: str
    kind: str
    seat: int
    name: str
    role: str
    mind: str
    text: str
    choice: str | None
    tokens: int
    masked: str | None
    rewards: dict[str, float]
    value: float | None
    advantage: float | None
    options: dict[str, float]


@dataclass(frozen=True, slots=True)
class KindPreview:
    """All decisions of a kind that would be learnt from: how many, how many tokens, the mean size of their advantage,
    and how many of them know the worth of every option."""

    decisions: int
    tokens: int
    advantage: float
    exact: int


@dataclass(frozen=True, slots=True)
class ProbesPreview:
    """The belief probes that would be learnt from: how many, the mean probability that the policy has in what is true
    and that a blind guess has, and −log p of the truth in nats."""

    asked: int
    in_truth: float
    blind: float
    nats: float


@dataclass(frozen=True, slots=True)
class Preview:
    """``turns`` are those of the match ``match_id``; the rest counts over all. ``masked`` counts decisions and
    ``skipped`` matches that are left out, by reason; ``probes`` is None where the plan does not listen."""

    episodes: int
    explained: float
    kinds: dict[str, KindPreview]
    masked: dict[str, int]
    skipped: dict[str, int]
    match_id: str
    result: str
    turns: tuple[TurnPreview, ...]
    probes: ProbesPreview | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def preview(learner: Learner, found: Harvest, terms: Terms) -> Preview:
    """Credit as an update would give it, with the newest match turn by turn. Nothing is learnt by the policy.

    Raises:
        UserError: the plan listens, and nobody can be asked anything in these matches.
    """
    credit = learner.credit(found.episodes)
    episode = found.episodes[-1]
    return Preview(
        episodes=len(found.episodes),
        explained=credit.explained,
        kinds=_kinds(found.episodes, credit.assigned),
        masked=dict(found.masked),
        skipped=dict(found.skipped),
        match_id=episode.match_id,
        result=f"{episode.outcome.winner}, {episode.outcome.reason}",
        turns=_turns(learner, episode, credit, terms),
        probes=_probes(learner, found.episodes) if learner.plan.listening else None,
    )


def _probes(learner: Learner, episodes: Sequence[Episode]) -> ProbesPreview:
    asked = learner.probes(episodes)
    learner.model.eval()
    answers = believed(learner.model, episodes, asked)
    pairs = [pair for of in zip(asked, answers, strict=True) for pair in zip(*of, strict=True)]
    return ProbesPreview(
        asked=len(pairs),
        in_truth=float(np.mean([p[list(guess.true)].sum() for guess, p in pairs])),
        blind=float(np.mean([np.mean(guess.true) for guess, _ in pairs])),
        nats=float(np.mean([cost(guess, p) for guess, p in pairs])),
    )


def _kinds(episodes: Sequence[Episode], assigned: Sequence[Assigned]) -> dict[str, KindPreview]:
    decisions, tokens, exact = Counter[str](), Counter[str](), Counter[str]()
    sizes: dict[str, list[float]] = {}
    for episode, given in zip(episodes, assigned, strict=True):
        for i, n in enumerate(episode.which):
            if not episode.trainable[i]:
                continue
            kind = "thought" if episode.thoughts[i] else episode.decisions[n].turn_kind
            decisions[kind] += 1
            tokens[kind] += len(given.advantages[i])
            exact[kind] += bool(given.options and len(given.options[i]))
            sizes.setdefault(kind, []).append(float(np.abs(given.advantages[i]).mean()))
    return {k: KindPreview(n, tokens[k], float(np.mean(sizes[k])), exact[k]) for k, n in decisions.most_common()}


def _turns(learner: Learner, episode: Episode, credit: Credited, terms: Terms) -> tuple[TurnPreview, ...]:
    """Of the last of the episodes."""
    of_match, assigned, values = credit.moments[-1], credit.assigned[-1], credit.values[-1]
    branch = {n: i for i, n in enumerate(episode.which)}  # a thought comes before its answer, which stays
    paid: dict[int, dict[str, float]] = {}
    for seat in {episode.decisions[n].seat for n in branch}:
        own = [n for n in branch if episode.decisions[n].seat == seat]
        by_term = learner.rewards.by_term(played_seat(episode, seat, own, of_match))
        for k, n in enumerate(own):
            paid[n] = {name: float(of_turns[k]) for name, of_turns in by_term.items() if of_turns[k]}
    turns: list[TurnPreview] = []
    for n, made in enumerate(episode.decisions):
        i = branch.get(n)
        known = assigned.options[i] if i is not None and assigned.options else ()
        names = of_match[n].turn.choices if len(known) else ()
        turns.append(
            TurnPreview(
                turn=made.turn_id,
                kind=made.turn_kind,
                seat=made.seat,
                name=episode.names[made.seat],
                role=role_of(episode, made.seat),
                mind=made.mind,
                text=made.act.text,
                choice=made.act.choice,
                tokens=0 if i is None else len(values[i]),
                masked=why_masked(made, terms),
                rewards=paid.get(n, {}),
                value=None if i is None else float(values[i].mean()),
                advantage=None if i is None else float(assigned.advantages[i].mean()),
                options={name: float(a) for name, a in zip(names, known, strict=True)},
            )
        )
    return tuple(turns)
