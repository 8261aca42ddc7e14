"""One decision as it is logged: who (what kind of mind) answered a turn, and for a model also the exact tokens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from arena.games.core import Act


class MindKind(StrEnum):
    """What made an act."""

    MODEL = "model"
    PERSON = "person"
    SCRIPT = "script"
    REMOTE = "remote"
    NOBODY = "nobody"
    """The deadline passed and the turn was passed."""


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What the policy read and sampled, exactly. Nothing here is ever tokenised again.

    The prompt is ``trunk[:trunk_length] + branch``; ``sampled`` follows it. ``logprobs[i]`` belongs to ``sampled[i]``,
    in nats, after temperature and after masking to ``options``, which are the legal answers as token sequences (empty
    for free text). ``choice_probs`` are the policy's probabilities over ``options``, where it scored all of them.
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


@dataclass(frozen=True, slots=True)
class Decision:
    """One seat's answered turn. ``fallback`` names why the turn's default act was used instead of an answer."""

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
    """The public tokens of one match, as one policy read them: every ``TokenRecord`` of that match is a branch off
    it."""

    tokenizer: str
    prompt_version: str
    tokens: tuple[int, ...]
