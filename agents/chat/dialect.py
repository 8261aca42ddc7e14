"""How one endpoint wants to be asked: begins with everything, and leaves out what the endpoint has refused.

What was learnt is remembered for as long as the client lives, so a server without structured output refuses once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Literal, TypedDict

from agents.chat.settings import Endpoint


class Message(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str


class Form(StrEnum):
    """How an answer's form is asked for beyond the words of the prompt, from the strictest."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    WORDS = "words"


_WEAKER: Final = {Form.SCHEMA: Form.OBJECT, Form.OBJECT: Form.WORDS}
_ABOUT_FORM: Final = re.compile(r"response_?format|json_?\s?schema|json_?object|schema|grammar|structured|guided", re.I)
_ABOUT_SYSTEM: Final = re.compile(r"system (role|message|prompt)|roles must alternate|role.{0,20}system", re.I)
_REFUSALS: Final = frozenset({400, 404, 405, 415, 422, 500, 501})
_CERTAIN: Final = frozenset({400, 422, 501})
"""With these, a weaker form is tried even when the server does not say what it minds."""


@dataclass(frozen=True, slots=True)
class Dialect:
    form: Form = Form.SCHEMA
    limit_name: str = "max_tokens"
    temperature: bool = True
    system: bool = True
    """Whether the chat template takes a system message; if not it opens the user's."""

    def body(
        self,
        endpoint: Endpoint,
        messages: Sequence[Message],
        schema: Mapping[str, Any] | None,
        max_tokens: int,
        temperature: float | None,
    ) -> dict[str, Any]:
        """The request as JSON values."""
        body: dict[str, Any] = {
            **endpoint.extra,
            "model": endpoint.model,
            "messages": list(messages) if self.system else without_system(messages),
            self.limit_name: max_tokens,
        }
        if temperature is not None and self.temperature:
            body["temperature"] = temperature
        if schema is not None and self.form is Form.SCHEMA:
            named = {"name": "answer", "schema": schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif schema is not None and self.form is Form.OBJECT:
            body["response_format"] = {"type": "json_object"}
        return body

    def after_refusal(self, status: int, said: str, sent: Mapping[str, Any]) -> Dialect | None:
        """Another way to ask, after the endpoint answered ``sent`` with this status and these words; None where there
        is none left to try."""
        if status not in _REFUSALS:
            return None
        if "max_completion_tokens" in said and self.limit_name == "max_tokens":
            return replace(self, limit_name="max_completion_tokens")
        if "temperature" in said and "temperature" in sent:
            return replace(self, temperature=False)
        formed = "response_format" in sent and self.form in _WEAKER
        if formed and about_form(said):
            return replace(self, form=_WEAKER[self.form])
        if self.system and _ABOUT_SYSTEM.search(said) and any(m["role"] == "system" for m in sent["messages"]):
            return replace(self, system=False)
        if formed and status in _CERTAIN:
            return replace(self, form=_WEAKER[self.form])
        return None


def about_form(said: str) -> bool:
    """Whether an error's words are about structured output."""
    return bool(_ABOUT_FORM.search(said))


def without_system(messages: Sequence[Message]) -> list[Message]:
    """The same with the system's words at the head of the first user message."""
    system = "\n\n".join(m["content"] for m in messages if m["role"] == "system")
    rest = [m for m in messages if m["role"] != "system"]
    if system and rest:
        rest[0] = Message(role=rest[0]["role"], content=f"{system}\n\n{rest[0]['content']}")
    return rest
