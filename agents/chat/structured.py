"""One question with a structured answer, for judges: checked against a pydantic model, asked again once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from agents.chat.client import ChatClient
from agents.chat.dialect import Message
from agents.chat.mind import DECLINED
from agents.chat.prompt import asked_again
from agents.chat.transport import UNREADABLE
from agents.chat.wire import Usage
from arena.errors import EngineError

Schema = TypeVar("Schema", bound=BaseModel)
_REASONS: Final = 5


@dataclass(frozen=True, slots=True)
class Completed(Generic[Schema]):
    """``temperature`` is the one that was really used: some models take none. ``usage`` is of all that was asked."""

    value: Schema
    prompt_id: str
    model: str | None
    temperature: float | None
    thought: str
    usage: Usage
    asked_again: bool


async def complete(
    client: ChatClient,
    messages: Sequence[Message],
    schema: type[Schema],
    *,
    prompt_id: str,
    account: str,
    temperature: float = 0.0,
    max_tokens: int | None = None,
) -> Completed[Schema]:
    """
    Args:
        prompt_id: the prompt's name and version; it comes back with the answer, to be stored beside it.
        account: what the budget for one game counts it under; close it (``client.purse.close``) when it is done.

    Raises:
        EngineError: there is no answer of this schema: ``engine/unreadable`` after the second asking,
            ``engine/declined``, or what the endpoint failed with. There is never a value that was made up.
    """
    form = strict_schema(schema)
    asked, thought, usage = tuple(messages), "", Usage(0, 0)
    async with client.session(account) as session:
        for again in (False, True):
            reply = await session.ask(asked, form, temperature=temperature, max_tokens=max_tokens)
            thought = f"{thought}\n{reply.thought}".strip()
            if reply.usage is not None:
                read, written = usage.read + reply.usage.read, usage.written + reply.usage.written
                usage = Usage(read, written, usage.estimated or reply.usage.estimated)
            if reply.refusal is not None:
                raise EngineError("The model declined to answer.", code=DECLINED)
            try:
                value = schema.model_validate_json(unfenced(reply.content))
            except ValidationError as error:
                reason = "It was cut off; be brief." if reply.cut else _reasons(error)
                if again:
                    raise EngineError(f"No answer had the wanted form. {reason}", code=UNREADABLE) from error
                asked = asked_again(messages, reply.content, reason)
            else:
                return Completed(value, prompt_id, reply.model, reply.temperature, thought, usage, again)
    raise AssertionError("the second answer is returned or refused")


def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON schema as strict servers want it: every property required, no others allowed."""
    schema = model.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object" and "properties" in part:
            part["required"] = list(part["properties"])
            part["additionalProperties"] = False
    return schema


def unfenced(content: str) -> str:
    """From the first brace to the last: what is left without fences and prose."""
    start, end = content.find("{"), content.rfind("}")
    return content[start : end + 1] if 0 <= start < end else content


def _reasons(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)[:_REASONS]
    return " ".join(f"{'.'.join(map(str, e['loc'])) or 'The answer'}: {e['msg']}." for e in found)
