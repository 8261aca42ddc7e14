"""One POST to an endpoint, tried again while that may help: the sockets, the waiting, and what each failure is called.

    tried again      no connection, a body that breaks off, 408, 409, 425, 429, 5xx, a body that is no JSON object
    given up at once everything else, and a pause (Retry-After) that ends after the deadline

A pause that the server asks for holds back every request to it. The one secret here, the key, is in one header of the
HTTP client and is taken out of whatever a server says.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from typing import TYPE_CHECKING, Any, Final

from agents.chat.dialect import about_form
from arena.errors import EngineError, OptionError
from arena.protocol.text import clean_text

if TYPE_CHECKING:
    import httpx

UNREACHABLE: Final = "engine/unreachable"
REFUSED: Final = "engine/refused"
RATE_LIMITED: Final = "engine/rate_limited"
UNREADABLE: Final = "engine/unreadable"
CONTEXT_FULL: Final = "engine/context_full"
STOPPED: Final = "engine/stopped"

MAX_BODY_BYTES: Final = 4 * 2**20
CONNECT_S: Final = 10.0
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
SAID_CHARACTERS: Final = 160
_AGAIN: Final = frozenset({408, 409, 425, 429})
_ABOUT_CONTEXT: Final = re.compile(r"context.{0,20}(length|window|size)|maximum context|too many tokens", re.I)
_KEY_PIECE: Final = 6


@dataclass(frozen=True, slots=True)
class Answered:
    """What the server answered with, whatever the status. ``said`` is its error message as it may be shown."""

    status: int
    body: bytes
    said: str


class Failed(EngineError):
    """``answered`` is there where the server refused. ``wasted`` counts the attempts without an answer for which it may
    have worked all the same."""

    def __init__(self, message: str, *, code: str, answered: Answered | None = None, wasted: int = 0) -> None:
        super().__init__(message, code=code)
        self.answered = answered
        self.wasted = wasted


@dataclass(frozen=True, slots=True)
class Posted:
    """The body of a 200 answer, and how many attempts before it the server may have worked for in vain."""

    body: bytes
    wasted: int


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why an attempt failed. ``pause_s`` is what the server asks for; ``charged``: it may have done the work."""

    failure: Failed
    again: bool
    pause_s: float | None = None
    charged: bool = False


class Transport:
    """Connections to one address. Use it in one event loop, and close it.

    Args:
        name: what people call the endpoint; messages name it, never its address.
        key: goes into the Authorization header.
        sleep, draws: the waiting and its jitter, for tests.

    Raises:
        OptionError: the HTTP library is not installed.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        key: str | None,
        *,
        connections: int = 4,
        attempts: int = 4,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draws: Random | None = None,
    ) -> None:
        try:
            import httpx
        except ImportError as error:
            raise OptionError(
                'Chat endpoints need the package httpx. Install it with: pip install "social-arena[openai]"'
            ) from error
        self._name = name
        self._url = f"{base_url}/chat/completions"
        self._key = key
        self._attempts = attempts
        self._sleep = sleep
        self._draws = draws or Random()
        self._quiet_until = 0.0
        self._closed = False
        self._httpx = httpx
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            # Reading has no limit of its own: a model may think long, and the caller's deadline bounds all of it.
            timeout=httpx.Timeout(None, connect=CONNECT_S, write=CONNECT_S),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    async def close(self) -> None:
        self._closed = True
        await self._http.aclose()

    async def post(self, body: Mapping[str, Any], deadline: float) -> Posted:
        """One request, with its repetitions.

        Args:
            deadline: on the loop's clock. The caller enforces it; here it only says which pauses are in vain.

        Raises:
            Failed: with one of this module's codes.
        """
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        now = asyncio.get_running_loop().time
        wasted, pause_s, failure = 0, 0.0, None
        for attempt in range(1, self._attempts + 1):
            await self._wait(max(pause_s, self._quiet_until - now()), deadline, failure)
            if self._closed:
                raise Failed("The chat client has stopped.", code=STOPPED, wasted=wasted)
            trouble = await self._attempt(content)
            if isinstance(trouble, bytes):
                return Posted(trouble, wasted)
            wasted += trouble.charged
            failure = trouble.failure
            failure.wasted = wasted
            if trouble.pause_s is not None:
                self._quiet_until = max(self._quiet_until, now() + trouble.pause_s)
            if not trouble.again or attempt == self._attempts:
                raise failure
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1)) * self._draws.uniform(0.5, 1.0)
        raise AssertionError("the last attempt returns or raises")

    async def _wait(self, pause_s: float, deadline: float, failure: Failed | None) -> None:
        if pause_s <= 0:
            return
        if asyncio.get_running_loop().time() + pause_s >= deadline:
            raise failure or Failed(
                f"The endpoint {self._name!r} asked for a pause of {pause_s:.0f} s, longer than the turn may take.",
                code=RATE_LIMITED,
            )
        await self._sleep(pause_s)

    async def _attempt(self, content: bytes) -> bytes | _Trouble:
        httpx = self._httpx
        received = bytearray()
        try:
            headers = {"Content-Type": "application/json"}
            async with self._http.stream("POST", self._url, content=content, headers=headers) as response:
                async for piece in response.aiter_bytes():
                    received += piece
                    if len(received) > MAX_BODY_BYTES:
                        return self._trouble(UNREADABLE, "sent more than an answer can be", charged=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            # Only the kind of the error: its text may hold the address.
            why = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
            return self._trouble(UNREACHABLE, why, again=True)
        except (httpx.TransportError, httpx.DecodingError):
            return self._trouble(UNREACHABLE, "broke off its answer", again=True, charged=True)
        except (httpx.InvalidURL, httpx.HTTPError) as error:
            return self._trouble(UNREACHABLE, f"cannot be asked ({type(error).__name__})")
        return self._judged(response, bytes(received))

    def _judged(self, response: httpx.Response, body: bytes) -> bytes | _Trouble:
        status = response.status_code
        if status == 200:
            if _is_object(body):
                return body
            return self._trouble(UNREADABLE, "sent something other than a JSON object", again=True, charged=True)
        said, code = self._said(body)
        answered = Answered(status, body, said)
        tail = f" (HTTP {status}{': ' + said if said else ''})"
        match status:
            case 401 | 403:
                return self._trouble(REFUSED, f"refuses the key, or wants one{tail}", answered)
            case 429 if code == "insufficient_quota":
                return self._trouble(REFUSED, f"says that its quota is used up{tail}", answered)
            case 429:
                pause_s = retry_after_s(response.headers)
                return self._trouble(
                    RATE_LIMITED, f"takes no more requests for now{tail}", answered, again=True, pause_s=pause_s
                )
            case _ if status >= 500 or status in _AGAIN:
                again = status != 501 and not about_form(said)  # some servers fail so at a schema that they cannot use
                pause_s = retry_after_s(response.headers)
                return self._trouble(UNREACHABLE, f"is in trouble{tail}", answered, again=again, pause_s=pause_s)
            case _ if code == "context_length_exceeded" or _ABOUT_CONTEXT.search(said):
                return self._trouble(CONTEXT_FULL, f"cannot take a prompt of this length{tail}", answered)
            case _:
                return self._trouble(REFUSED, f"refused the request{tail}", answered)

    def _trouble(
        self,
        code: str,
        what: str,
        answered: Answered | None = None,
        *,
        again: bool = False,
        pause_s: float | None = None,
        charged: bool = False,
    ) -> _Trouble:
        message = f"The endpoint {self._name!r} {what}."
        return _Trouble(Failed(message, code=code, answered=answered), again, pause_s, charged)

    def _said(self, body: bytes) -> tuple[str, str | None]:
        """The server's own words about an error, short, clean and without the key; and its code for it."""
        try:
            found = json.loads(body[:65536])
        except (ValueError, RecursionError):
            return self._without_key(body[:4096].decode("utf-8", "replace")), None
        error = found.get("error", found) if isinstance(found, dict) else found
        if not isinstance(error, dict):
            return self._without_key(str(error)), None
        code = error.get("code") or error.get("type")
        words = error.get("message") or error.get("detail") or ""
        return self._without_key(str(words)), code if isinstance(code, str) else None

    def _without_key(self, text: str) -> str:
        if self._key is not None:
            pieces = {self._key[i : i + _KEY_PIECE] for i in range(max(1, len(self._key) - _KEY_PIECE + 1))}
            if any(piece in text for piece in pieces):
                return "[its message quotes the key]"
        return clean_text(text, SAID_CHARACTERS)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The pause that a server asks for, in seconds: ``retry-after-ms``, or ``Retry-After`` as seconds or as a date
    (RFC 9110, 10.2.3). None where it says nothing that can be read."""
    try:
        if (ms := headers.get("retry-after-ms")) is not None:
            return _sensible(float(ms) / 1000)
        value = headers.get("retry-after")
        if value is None:
            return None
        try:
            return _sensible(float(value))
        except ValueError:
            return _sensible((parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _sensible(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds < 10**10 else None  # NaN and infinity are none


def _is_object(body: bytes) -> bool:
    return body.lstrip()[:1] == b"{" and body.rstrip()[-1:] == b"}"
