"""What a seat believes: a policy's probabilities over the answers to a question, read in one scored branch.

Nothing is sampled and nothing follows from a probe: a match goes on as if nobody had asked. A probe's prompt is made
like that of a decision, from what its seat sees and nothing else. Truth is put beside the answers afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agents.engines.base import LIVE, DecisionRequest, Engine
from agents.llm.prompt import Codec, memory_key, option_tokens, room_for, trunk_limit
from agents.llm.reading import MatchReader, Read
from arena.games.core import Event, Game, Question, fold

AT_ONCE: Final = 512
"""Probes that wait in an engine together."""


@dataclass(frozen=True, slots=True)
class Probe:
    """``question`` at the moment when the first ``seen`` events of the match had happened; ``true`` marks the right
    choices. The request knows nothing of the truth."""

    seen: int
    question: Question
    true: tuple[bool, ...]
    request: DecisionRequest


@dataclass(frozen=True, slots=True)
class Belief:
    """``probabilities`` and ``true`` go by choice. For trainers and all-seeing views."""

    seen: int
    seat: int
    choices: tuple[str, ...]
    probabilities: tuple[float, ...]
    true: tuple[bool, ...]

    @property
    def in_truth(self) -> float:
        """The probability that lies on right answers."""
        return sum(p for p, true in zip(self.probabilities, self.true, strict=True) if true)


def probe_request(
    codec: Codec,
    read: Read,
    question: Question,
    *,
    memory: str,
    context: int | None,
    policy: str = LIVE,
) -> DecisionRequest:
    """The request for a question where a seat stands. ``memory`` names the match's memory."""
    reader, place, row = read
    options = option_tokens(codec, question)
    room = room_for(context, place, max(map(len, options)))
    return DecisionRequest(
        match_id=memory_key(memory, place.epoch),
        trunk=row,
        trunk_length=place.length,
        branch=reader.asked(codec, question.choices, codec.encode(question.cue), room),
        options=options,
        policy=policy,
        probe=True,
    )


def after_public_lines(game: Game[Any, Any], events: Sequence[Event]) -> frozenset[int]:
    """After every message and everything else that all see: as numbers of events that have happened by then."""
    names = tuple(events[0].data["names"])
    return frozenset(
        seen for seen, event in enumerate(events, start=1) if event.audience.is_public and game.line(names, event)
    )


def probes(
    codec: Codec,
    match_id: str,
    game: Game[Any, Any],
    events: Sequence[Event],
    question: str,
    *,
    context: int | None,
    policy: str = LIVE,
    when: Callable[[int], bool] | None = None,
) -> Iterator[Probe]:
    """The probes of a logged match, in order: of every seat that the game has this question for.

    The engine's memory is called otherwise than the match's own, which may still be played.

    Args:
        when: whether to ask when so many events have happened; by default after every public line.
    """
    due = when or after_public_lines(game, events).__contains__
    reading = MatchReader(codec, game, trunk_limit(context))
    streams: tuple[list[Event], ...] = tuple([] for _ in game.seat_names(fold(game, events)))
    state = game.blank()
    for seen, event in enumerate(events, start=1):
        state = game.apply(state, event)
        for seat, stream in enumerate(streams):
            if seat in event.audience:
                stream.append(event)
        if not due(seen):
            continue
        for seat in range(len(streams)):
            for asked in game.questions(state, seat):
                if asked.name == question:
                    read = reading.read_on(seat, streams[seat])
                    request = probe_request(
                        codec, read, asked, memory=_memory(match_id), context=context, policy=policy
                    )
                    yield Probe(seen, asked, game.truth(state, asked), request)


async def beliefs(
    engine: Engine,
    match_id: str,
    game: Game[Any, Any],
    events: Sequence[Event],
    question: str,
    *,
    policy: str = LIVE,
    when: Callable[[int], bool] | None = None,
    at_once: int = AT_ONCE,
) -> list[Belief]:
    """What every seat of a logged match believed, in the order of ``probes``, ``at_once`` of them together.

    Raises:
        EngineError: a probe failed.
    """
    asked = list(
        probes(engine.codec, match_id, game, events, question, context=engine.context_tokens, policy=policy, when=when)
    )
    found: list[Belief] = []
    try:
        for at in range(0, len(asked), at_once):
            part = asked[at : at + at_once]
            replies = await asyncio.gather(*(engine.decide(probe.request) for probe in part))
            for probe, reply in zip(part, replies, strict=True):
                assert len(reply.choice_probs) == len(probe.question.choices), "a probe gives probabilities"
                found.append(
                    Belief(probe.seen, probe.question.seat, probe.question.choices, reply.choice_probs, probe.true)
                )
    finally:
        for memory in dict.fromkeys(probe.request.match_id for probe in asked):
            engine.forget(memory, policy)
    return found


def _memory(match_id: str) -> str:
    return f"{match_id}?"
