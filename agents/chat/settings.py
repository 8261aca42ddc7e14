"""Which chat endpoints there are, and what may be spent on them: from a TOML file and the environment, nowhere else.

    ARENA_ENDPOINTS=FILE            the file; by default ``endpoints.toml`` in the platform's configuration folder
    ARENA_OPENAI_BASE_URL, _MODEL   one more endpoint, which needs no file; its other settings as ARENA_OPENAI_TURN_S …
    ARENA_BUDGET_GAME_TOKENS …      the budget, over what the file says

Keys are read from the environment alone: ``key_env`` names the variable. No setting can hold one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from arena.errors import OptionError, UnknownName
from arena.paths import config_folder

FILE_VARIABLE: Final = "ARENA_ENDPOINTS"
ENDPOINT_PREFIX: Final = "ARENA_OPENAI_"
BUDGET_PREFIX: Final = "ARENA_BUDGET_"
KEY_VARIABLE: Final = "ARENA_OPENAI_API_KEY"
_OURS: Final = frozenset({"model", "messages", "stream", "n", "response_format", "max_tokens", "max_completion_tokens"})
_SECRET: Final = frozenset({"key", "api_key", "apikey", "x_api_key", "authorization", "secret", "password"})


def _address(url: str) -> str:
    """A URL to which ``/chat/completions`` can be added, and which holds no secret."""
    wrong = "is no address; it looks like http://127.0.0.1:11434/v1"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(wrong)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must not carry a user, a key or a query; a key goes into the environment (key_env)")
    return url.rstrip("/").removesuffix("/chat/completions")


def _extra(extra: dict[str, Any]) -> dict[str, Any]:
    if taken := sorted(_OURS & extra.keys()):
        raise ValueError(f"cannot set {', '.join(taken)}, which the client sets itself")
    if secret := [name for name in extra if name.lower().replace("-", "_") in _SECRET]:
        raise ValueError(f"cannot hold {secret[0]}; a key goes into the environment (key_env)")
    return extra


class Endpoint(BaseModel):
    """One model behind one address.

    ``key_env`` names the environment variable that holds the key; without it no key is sent. ``requests_at_once``
    decisions are asked for at a time, and ``turn_s`` bounds each with all its repetitions, once it is among them. A
    request asks for at most ``thought_tokens + answer_tokens``; a prompt that is estimated to leave less than these of
    ``context_tokens`` is not sent, because some servers cut a prompt without saying so. Prices are in money per million
    tokens. ``extra`` goes into each request's body as it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(_address)]
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    requests_at_once: Annotated[int, Field(ge=1, le=1024)] = 4
    turn_s: Annotated[float, Field(gt=0, le=3600)] = 120.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 4
    answer_tokens: Annotated[int, Field(ge=16, le=100_000)] = 400
    thought_tokens: Annotated[int, Field(ge=0, le=1_000_000)] = 2048
    ask_for_thought: bool = True
    context_tokens: Annotated[int, Field(ge=1024)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    price_in: Annotated[float, Field(ge=0)] = 0.0
    price_out: Annotated[float, Field(ge=0)] = 0.0
    extra: Annotated[dict[str, Any], AfterValidator(_extra)] = Field(default_factory=dict)


class Budget(BaseModel):
    """The most that may be spent, in tokens (read and written together) and in money; None sets no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    game_tokens: Annotated[int, Field(ge=0)] | None = 500_000
    process_tokens: Annotated[int, Field(ge=0)] | None = 5_000_000
    game_money: Annotated[float, Field(ge=0)] | None = None
    process_money: Annotated[float, Field(ge=0)] | None = None


@dataclass(frozen=True, slots=True)
class EndpointBook:
    """The endpoints by name. ``default`` is that of the environment: it gives any model that it is asked for."""

    named: Mapping[str, Endpoint] = field(default_factory=dict)
    default: Endpoint | None = None
    budget: Budget = field(default_factory=Budget)

    @property
    def names(self) -> tuple[str, ...]:
        """What a stranger may seat: the endpoints of the file, and the environment's where that one names its model."""
        own = () if self.default is None or self.default.model is None else (self.default.model,)
        return tuple(dict.fromkeys((*self.named, *own)))

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint that plays as ``openai:NAME``, with its model set.

        Raises:
            UnknownName: no endpoint has this name, and the environment sets none that could be asked for such a model.
        """
        if found := self.named.get(name):
            return found if found.model else found.model_copy(update={"model": name})
        if self.default is not None and name:
            return self.default.model_copy(update={"model": name})
        have = f"There is: {', '.join(self.names)}. " if self.names else ""
        raise UnknownName(
            f"There is no chat endpoint {name!r}. {have}Set {ENDPOINT_PREFIX}BASE_URL, or name it in "
            f"{endpoints_file(os.environ)}; docs/models.md shows how."
        )


def endpoints_file(environ: Mapping[str, str]) -> Path:
    """Where the endpoints are read from; the file need not exist unless the environment names it."""
    named = environ.get(FILE_VARIABLE)
    return Path(named).expanduser() if named else config_folder() / "endpoints.toml"


def load_book(environ: Mapping[str, str] = os.environ) -> EndpointBook:
    """
    Raises:
        OptionError: the file or a variable cannot be read; the message says which and why.
    """
    file = endpoints_file(environ)
    if file.exists() or environ.get(FILE_VARIABLE):
        try:
            read = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise OptionError(f"The chat endpoints in {file} cannot be read: {error}") from error
    else:
        read = {}
    if unknown := sorted(read.keys() - {"endpoints", "budget"}):
        raise OptionError(f"{file} has {unknown[0]!r}; it may have [budget] and [endpoints.NAME].")
    tables = {key: read.get(key, {}) for key in ("endpoints", "budget")}
    for key, table in tables.items():
        if not isinstance(table, dict):
            raise OptionError(f"{file}: {key} is a table, such as [{key}] or [{key}.NAME].")
    named = {name: _checked(Endpoint, raw, f"{file}, endpoint {name!r}") for name, raw in tables["endpoints"].items()}
    from_environment = _variables(environ, ENDPOINT_PREFIX, Endpoint)
    default = None
    if "base_url" in from_environment:
        if KEY_VARIABLE in environ:
            from_environment.setdefault("key_env", KEY_VARIABLE)
        default = _checked(Endpoint, from_environment, f"{ENDPOINT_PREFIX}…")
    budget = {**tables["budget"], **_variables(environ, BUDGET_PREFIX, Budget)}
    return EndpointBook(named, default, _checked(Budget, budget, f"the budget in {file} and {BUDGET_PREFIX}…"))


def key_of(name: str, endpoint: Endpoint, environ: Mapping[str, str] = os.environ) -> str | None:
    """The endpoint's key, for the one header that it goes into.

    Raises:
        OptionError: the variable is not set, or holds what no header can. The message never quotes it.
    """
    if endpoint.key_env is None:
        return None
    key = environ.get(endpoint.key_env, "").strip()
    if not key:
        raise OptionError(f"The chat endpoint {name!r} takes its key from {endpoint.key_env}, which is not set.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise OptionError(f"What {endpoint.key_env} holds cannot be a key: it has spaces or letters beyond ASCII.")
    return key


_Settings = TypeVar("_Settings", bound=BaseModel)


def _variables(environ: Mapping[str, str], prefix: str, model: type[BaseModel]) -> dict[str, Any]:
    """The settings of ``model`` that stand in the environment. Variables that are none of them are left alone."""
    found = {name: environ.get(prefix + name.upper(), "") for name in model.model_fields if name != "extra"}
    return {name: value for name, value in found.items() if value}


def _checked(model: type[_Settings], raw: Any, where: str) -> _Settings:
    for name in raw if isinstance(raw, Mapping) else ():
        if str(name).lower().replace("-", "_") in _SECRET:
            raise OptionError(
                f"{where}: {name} is not taken from there. Put the key into an environment variable, and the "
                "variable's name into key_env."
            )
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = ".".join(map(str, first["loc"])) or "it"
        raise OptionError(f"{where}: {at}: {first['msg'].removeprefix('Value error, ')}.") from None
