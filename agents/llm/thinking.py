"""Thinking before an answer: a model writes a thought into its own branch first, and answers behind it.

    branch up to the cue · opens · thought  (sampled)  · closes · cue  →  answer

A thought is private: it stands in its seat's branch of this one decision and nowhere else. Its text becomes
``Act.thought``, which is no event; its tokens are recorded and can be trained on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from agents.engines.base import DecisionReply
from agents.llm.prompt import Codec
from arena.decision import ThoughtRecord
from arena.protocol.text import clean_text


@dataclass(frozen=True, slots=True)
class Thinking:
    """Whether and how a model thinks first.

    ``tokens`` bounds a thought; 0 is no thinking. ``opens`` stands before it, ``closes`` ends it: the end of the line,
    or the mark of a model that was taught one; then it may have many lines.
    """

    tokens: int = 0
    opens: str = "Thought:"
    closes: str = "\n"

    @classmethod
    def taught(cls, codec: Codec, tokens: int) -> Thinking:
        """In the way that the model knows: between its marks for thoughts where it has them, else in a line."""
        if codec.knows("<think>") and codec.knows("</think>"):
            return cls(tokens, "<think>\n", "</think>")
        return cls(tokens)


NO_THINKING: Final = Thinking()


@dataclass(frozen=True, slots=True)
class Thought:
    """``before`` is what stands before the answer's cue: the branch, the thought and its end.

    ``versions`` are the policies that made its parts; ``trainable`` is false where an engine says so of one of them.
    """

    text: str
    record: ThoughtRecord
    before: tuple[int, ...]
    versions: frozenset[str]
    trainable: bool


def most_tokens(codec: Codec, thinking: Thinking) -> int:
    """What a thought and its end take at the very most."""
    return thinking.tokens + len(codec.encode_own(thinking.closes + "\n")) + 1


async def think(
    ask: Callable[[tuple[int, ...], int], Awaitable[DecisionReply]],
    codec: Codec,
    thinking: Thinking,
    branch: tuple[int, ...],
) -> Thought:
    """Let a policy think.

    Args:
        ask: samples free text to the end of a line behind a branch, at most so many tokens.
        branch: ends with ``thinking.opens``.

    Raises:
        EngineError: the engine could not answer.
    """
    closes = codec.encode_own(thinking.closes)
    mark = closes[0] if len(closes) == 1 else None  # a special one has no text
    sampled: list[int] = []
    logprobs: list[float] = []
    versions: set[str] = set()
    trainable = True
    while True:
        reply = await ask((*branch, *sampled), thinking.tokens - len(sampled))
        sampled.extend(reply.tokens)
        logprobs.extend(reply.logprobs)
        versions.add(reply.policy_version)
        trainable = trainable and reply.trainable
        text = codec.decode(sampled)
        ended = not codec.decode(reply.tokens[-1:])  # a token without text: the model's own end of everything
        closed = thinking.closes in text or mark in sampled
        if ended or closed or len(sampled) >= thinking.tokens:
            break
    kept = list(sampled)
    while kept and kept[-1] != mark and not codec.decode(kept[-1:]):
        kept.pop()
    if not closed:
        kept.extend(closes)
    if not codec.decode(kept).endswith("\n"):
        kept.extend(codec.encode("\n"))
    said = sampled[: sampled.index(mark)] if mark in sampled else sampled
    return Thought(
        text=clean_text(codec.decode(said).split(thinking.closes, 1)[0]).strip(),
        record=ThoughtRecord(branch, tuple(sampled), tuple(logprobs)),
        before=(*branch, *kept),
        versions=frozenset(versions),
        trainable=trainable,
    )
