"""What people did as lessons: the likelihood of what they said and chose, by what each of them had seen.

A person's decision has no tokens in the log. They are made here as a model's would have been in its place, with the
code that makes those, and the decision gets a record like one; ``packing`` and ``loss`` then treat it as any other.

Who agrees to training in the terminal is promised that the model learns from its own turns and never from theirs. So
this takes more: the person has to be named by whoever trains, who has asked them. A name is only what a player typed:
nobody proves it, so this is for servers whose players are known. Only matches in which everybody agreed to training
teach, and of those only the turns of seats that a named person held. A turn that was passed, or was emptied by ``arena
forget``, teaches nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final

import numpy as np
import torch

from agents.llm.prompt import PROMPT_VERSION, Codec, answer_tokens, option_tokens, room_for, trunk_limit
from agents.llm.reading import MatchReader
from arena.db.repo import StoredMatch
from arena.decision import Decision, MindKind, TokenRecord
from arena.games.core import visible
from training.assign import Assigned
from training.episodes import Episode, agreed, bare
from training.loss import Answers, Scored, score, train_batch
from training.packing import Branch, TokenGame, matches_a_pack
from training.standings import Moment, moments

PEOPLE: Final = "people"
"""The version in their records: no policy's."""


def of_people(match: StoredMatch, names: Collection[str], codec: Codec, context: int | None) -> Episode | None:
    """The match with these people's turns as all there is to learn; None where there are none.

    Args:
        names: the handles of those who agreed to be learnt from themselves.
        context: how many tokens the model takes, where that is known; trunks are shortened as in play.
    """
    whole = bare(match) if agreed(match) else None
    if whole is None:
        return None
    consenting = frozenset(seat.seat for seat in match.seats if seat.person in names and seat.train)
    if not any(_teaches(decision, consenting) for decision in whole.decisions):
        return None
    reading = MatchReader(codec, whole.game, trunk_limit(context))
    decisions = list(whole.decisions)
    rows: dict[int, list[tuple[int, Branch]]] = {}
    for n, moment in enumerate(moments(whole, counterfactual=False)):
        decision = decisions[n]
        if _teaches(decision, consenting):
            record = recorded(reading, codec, whole, moment, decision, context)
            decisions[n] = replace(decision, tokens=record)
            rows.setdefault(record.epoch, []).append((n, Branch(record.trunk_length, record.branch, record.sampled)))
    read = reading.rows()
    order = [n for row in sorted(rows) for n, _ in rows[row]]
    return replace(
        whole,
        decisions=tuple(decisions),
        rows=tuple(
            TokenGame(tuple(read[row][: max(b.offset for _, b in rows[row])]), tuple(b for _, b in rows[row]))
            for row in sorted(rows)
        ),
        which=tuple(order),
        trainable=(True,) * len(order),
        thoughts=(False,) * len(order),
    )


def recorded(
    reading: MatchReader, codec: Codec, episode: Episode, moment: Moment, decision: Decision, context: int | None
) -> TokenRecord:
    """The decision as a model's in its place. ``reading`` has read the decisions before it that are asked for.

    The log-probabilities are zeros: nobody drew this.
    """
    seat, turn = decision.seat, moment.turn
    reader, place, _ = reading.read_on(seat, visible(episode.events[: moment.seen], seat))
    options = option_tokens(codec, turn)
    answer = answer_tokens(codec, turn, decision.act)
    room = room_for(context, place, max(map(len, (*options, answer))))
    return TokenRecord(
        policy_version=PEOPLE,
        tokenizer=codec.fingerprint,
        prompt_version=PROMPT_VERSION,
        trunk_length=place.length,
        branch=reader.branch(codec, turn, room),
        sampled=answer,
        logprobs=(0.0,) * len(answer),
        options=options if decision.act.choice is not None else (),
        epoch=place.epoch,
        trunk_limit=reading.limit,
    )


def _teaches(decision: Decision, consenting: frozenset[int]) -> bool:
    did = decision.act.choice is not None or bool(decision.act.text.strip())
    return decision.kind is MindKind.PERSON and decision.seat in consenting and decision.fallback is None and did


def dealt(people: Sequence[Episode], parts: int, seed: object) -> list[list[Episode]]:
    """All of them once, over the steps of a pass."""
    shuffled = list(people)
    Random(f"people/{seed}").shuffle(shuffled)
    return [shuffled[part::parts] for part in range(parts)]


def imitation_loss(scored: Scored, answers: Answers) -> torch.Tensor:
    """−log p of what was said, by all that could be said, and of what was chosen, by what was legal: the mean over
    turns, and within a turn over its tokens."""
    return -(answers.weight * scored.logprob).sum()


def imitate(model: Any, backward: Callable[[torch.Tensor], None], people: Sequence[Episode], weight: float) -> float:
    """Add the gradient of ``weight`` times the summed loss of these turns; that sum, unweighted."""
    parameter = next(model.parameters())
    micro = matches_a_pack(parameter.device)
    total = 0.0
    for at in range(0, len(people), micro):
        part = people[at : at + micro]
        blank = [[np.zeros(len(b.answer)) for b in e.branches] for e in part]
        given = [Assigned(tuple(of), tuple(of)) for of in blank]
        batch = train_batch(part, given, blank, parameter.device, parameter.dtype)
        assert batch is not None, "every one of them teaches"
        loss = imitation_loss(score(model, batch), batch.answers) * batch.answers.turns
        backward(weight * loss)
        total += float(loss.detach())
    return total
