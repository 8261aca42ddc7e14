"""One decision as it is logged: who (what kind of mind) answered a turn, and for a model also the exact tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate, chain, zip_longest
from typing import Final

from arena.games.core import Act


class MindKind(StrEnum):
    """What made an act."""

    MODEL = "model"
    PERSON = "person"
    SCRIPT = "script"
    REMOTE = "remote"
    NOBODY = "nobody"
    """The deadline passed and the turn was passed."""


TALK_CUT: Final = "talk/cut"
"""The message was over the limit."""
TALK_ECHO: Final = "talk/echo"
"""The cue was said once more, or the message stood in quotation marks."""
TALK_AGAIN: Final = "talk/again"
"""The first answer held no message, the second one did."""
TALK_EMPTY: Final = "talk/empty"
"""There was no message, twice."""


class Quality(StrEnum):
    """How a model's answer became an act."""

    CLEAN = "clean"
    FORGIVEN = "forgiven"
    ASKED_AGAIN = "asked_again"
    FALLBACK = "fallback"


def quality(fallback: str | None) -> Quality:
    """What a decision's ``fallback`` says of the answer."""
    match fallback:
        case None:
            return Quality.CLEAN
        case "talk/cut" | "talk/echo":
            return Quality.FORGIVEN
        case "talk/again":
            return Quality.ASKED_AGAIN
        case _:
            return Quality.FALLBACK


@dataclass(frozen=True, slots=True)
class ThoughtRecord:
    """What a policy thought before it answered: ``sampled`` follows ``branch``, behind as much of the trunk as stands
    before the answer's branch. ``logprobs[i]`` belongs to ``sampled[i]``."""

    branch: tuple[int, ...]
    sampled: tuple[int, ...]
    logprobs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What the policy read and sampled, exactly. Nothing here is ever tokenised again.

    The prompt is ``trunk[:trunk_length] + branch``, of the trunk's ``epoch``; ``sampled`` follows it. ``logprobs[i]``
    belongs to ``sampled[i]``, in nats, after temperature and after masking to ``options``, which are the legal answers
    as token sequences (empty for free text). ``choice_probs`` are the policy's probabilities over ``options``, where it
    scored all of them. Where it thought first, ``branch`` holds the thought as well. ``trainable`` is false where no
    single version made all of it.
    """

    policy_version: str
    tokenizer: str
    prompt_version: str
    trunk_length: int
    branch: tuple[int, ...]
    sampled: tuple[int, ...]
    logprobs: tuple[float, ...]
    options: tuple[tuple[int, ...], ...] = ()
    choice_probs: tuple[float, ...] = ()
    temperature: float = 1.0
    epoch: int = 0
    trunk_limit: int | None = None
    """The length at which the trunk was shortened; see ``TrunkRecord``."""
    thought: ThoughtRecord | None = None
    trainable: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """One seat's answered turn. ``fallback`` names why the turn's default act was used instead of an answer, or what
    had to be done to get one (see ``quality``)."""

    seat: int
    turn_id: str
    turn_kind: str
    kind: MindKind
    mind: str
    """``checkpoint:ID``, ``scripted:NAME``, ``random``, ``openai:NAME``, ``person`` or ``nobody``."""
    act: Act
    latency_s: float
    fallback: str | None = None
    tokens: TokenRecord | None = None


@dataclass(frozen=True, slots=True)
class TrunkRecord:
    """The tokens of one match that prompts begin with, as one policy read them: every ``TokenRecord`` of that match is
    a branch off one of their rows.

    ``tokens`` holds the rows behind each other, ``starts`` where each of them begins. Mostly there is one, the public
    trunk; one that outgrew ``trunk_limit`` was shortened and begun anew as the next. In a game whose seats are read
    apart each seat has a row of its own, which is empty for a seat that this policy did not play.
    """

    tokenizer: str
    prompt_version: str
    tokens: tuple[int, ...]
    starts: tuple[int, ...] = (0,)
    trunk_limit: int | None = None

    @property
    def epochs(self) -> tuple[tuple[int, ...], ...]:
        ends = (*self.starts[1:], len(self.tokens))
        return tuple(self.tokens[start:end] for start, end in zip(self.starts, ends, strict=True))

    def with_rows_of(self, other: TrunkRecord) -> TrunkRecord:
        """The same match as two policies read it that played different seats and stopped reading at different times:
        of every row the longer. Of two that were shortened by different limits the longer one."""
        if self.trunk_limit != other.trunk_limit:
            return max(self, other, key=lambda trunk: len(trunk.tokens))
        rows = [max(pair, key=len) for pair in zip_longest(self.epochs, other.epochs, fillvalue=())]
        starts = tuple(accumulate(map(len, rows[:-1]), initial=0))
        return replace(self, tokens=tuple(chain.from_iterable(rows)), starts=starts)

    def holds(self, record: TokenRecord) -> bool:
        """Whether the record is a branch off this trunk. Epochs after the first hang on the limit: two policies of one
        match, or one before and after a restart, may have had different ones."""
        ends = (*self.starts[1:], len(self.tokens))
        if record.epoch >= len(ends) or record.trunk_length > ends[record.epoch] - self.starts[record.epoch]:
            return False
        return record.epoch == 0 or record.trunk_limit == self.trunk_limit

    def read_by(self, record: TokenRecord) -> tuple[int, ...]:
        """What the record's prompt has of the trunk."""
        start = self.starts[record.epoch]
        return self.tokens[start : start + record.trunk_length]
