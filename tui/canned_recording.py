"""The recording of a canned match that is over: acts and events as they were, with invented minds behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from arena.decision import Decision, MindKind, TokenRecord
from arena.games.chance import Chance
from arena.games.core import Act, Turn
from arena.protocol.recording import RecordedBelief, Recording
from arena.replay import making
from tui.canned_match import ROOM, CannedMatch

MIND: Final = "checkpoint:tiny-12"
THOUGHTS: Final = (
    "Nobody has said anything that I could hold on to. I wait, and watch who is in a hurry.",
    "They look at somebody else for now. If I push too hard, they will ask why.",
    "Two of them vote together every day. That is no accident.",
)


def recorded(match: CannedMatch[Any, Any], *, beliefs: bool = False) -> Recording:
    """
    Args:
        beliefs: with invented ones, that come nearer to the truth as the match goes on.
    """
    chance = Chance(f"recording/{match.seed}")
    minds = ["person" if seat == match.me else MIND for seat in range(len(match.names))]
    decisions = [_decision(n, turn, act, match.me, chance) for n, (turn, act) in enumerate(match.acts)]
    made = making.recording(
        ROOM,
        match.game,
        match.game.options_json(match.options),
        minds,
        match.happened,
        decisions,
        match.game.outcome(match.state),
    )
    if not beliefs:
        return made
    return made.model_copy(update={"believed": "vote", "beliefs": tuple(_beliefs(match, chance))})


def _decision(n: int, turn: Turn, act: Act, me: int | None, chance: Chance) -> Decision:
    if turn.seat == me:
        return Decision(turn.seat, turn.id, turn.kind, MindKind.PERSON, "person", act, 0.0)
    weights = [1 + chance.below(f"odds/{n}/{c}", 12) + (12 if c == act.choice else 0) for c in turn.choices]
    tokens = TokenRecord(
        policy_version="tiny-12",
        tokenizer="",
        prompt_version="",
        trunk_length=0,
        branch=(),
        sampled=(),
        logprobs=(),
        choice_probs=tuple(w / sum(weights) for w in weights),
    )
    thought = THOUGHTS[n % len(THOUGHTS)] if turn.kind in ("talk", "vote", "speak") else None
    act = Act(act.text, act.choice, thought)
    return Decision(turn.seat, turn.id, turn.kind, MindKind.MODEL, MIND, act, 0.0, tokens=tokens)


def _beliefs(match: CannedMatch[Any, Any], chance: Chance) -> Iterator[RecordedBelief]:
    game, state = match.game, match.game.blank()
    for seen, event in enumerate(match.happened, start=1):
        state = game.apply(state, event)
        if not (event.audience.is_public and game.line(match.names, event)):
            continue
        for seat in range(len(match.names)):
            for question in game.questions(state, seat)[:1]:
                truth = game.truth(state, question)
                nearer = 1 + 8 * seen // len(match.happened)
                weights = [
                    1 + chance.below(f"belief/{seen}/{seat}/{c}", 4) + (nearer if true else 0)
                    for c, true in zip(question.choices, truth, strict=True)
                ]
                yield RecordedBelief(
                    seen=seen,
                    seat=seat,
                    of={c: w / sum(weights) for c, w in zip(question.choices, weights, strict=True)},
                    true=tuple(c for c, true in zip(question.choices, truth, strict=True) if true),
                )
