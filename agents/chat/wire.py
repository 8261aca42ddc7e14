"""What chat endpoints send back, read leniently: servers differ in all but the core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from agents.chat.thought import joined, split_thought


class Unreadable(Exception):
    """A body that is no chat completion."""


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Message(_Lenient):
    content: str | list[dict[str, Any]] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None

    @field_validator("reasoning_content", "reasoning", "refusal", mode="before")
    @classmethod
    def _words_only(cls, value: Any) -> str | None:
        return value if isinstance(value, str) else None


class _Choice(_Lenient):
    message: _Message
    finish_reason: str | None = None


class _Completion(_Lenient):
    choices: list[_Choice]
    model: str | None = None
    usage: Any = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written; ``estimated`` where the server did not say."""

    read: int
    written: int
    estimated: bool = False

    @property
    def tokens(self) -> int:
        return self.read + self.written


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. ``refusal`` is set where the model or the server declined; ``cut`` where the length limit ended it.
    ``temperature`` is the one that was really sent."""

    content: str
    thought: str
    refusal: str | None
    cut: bool
    model: str | None
    usage: Usage | None
    temperature: float | None = None


def read_completion(body: bytes) -> Reply:
    """
    Raises:
        Unreadable: it is not JSON, or no completion with at least one choice.
    """
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        at = ".".join(map(str, first["loc"])) or "the body"
        raise Unreadable(f"{at}: {first['msg']}") from None
    if not completion.choices:
        raise Unreadable("it has no choices")
    choice = completion.choices[0]
    message = choice.message
    content, parts = _joined_parts(message.content)
    thought, answer = split_thought(content)
    refusal = message.refusal or ("content_filter" if choice.finish_reason == "content_filter" else None)
    return Reply(
        content=answer,
        thought=joined(message.reasoning_content, message.reasoning, parts, thought),
        refusal=refusal,
        cut=choice.finish_reason == "length",
        model=completion.model,
        usage=_usage(completion.usage),
    )


def _joined_parts(content: str | list[dict[str, Any]] | None) -> tuple[str, str]:
    """(what was said, what was thought) of a message's content, which may come in typed parts."""
    if content is None or isinstance(content, str):
        return content or "", ""
    said: list[str] = []
    thought: list[str] = []
    for part in content:
        words = part.get("text") or part.get("thinking") or ""
        if isinstance(words, list):
            words = "".join(str(w.get("text", "")) for w in words if isinstance(w, dict))
        (said if part.get("type") in ("text", "output_text") else thought).append(str(words))
    return "".join(said), "".join(thought)


def _usage(raw: Any) -> Usage | None:
    """None for anything that cannot be the truth."""
    if not isinstance(raw, dict):
        return None
    read, written = raw.get("prompt_tokens"), raw.get("completion_tokens")
    if type(read) is not int or type(written) is not int or not (0 <= read < 10**9 and 0 <= written < 10**9):
        return None
    return Usage(read, written) if read + written else None
