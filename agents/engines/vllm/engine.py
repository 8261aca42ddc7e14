"""Decisions from a vLLM server. One engine, any number of rooms; the server batches what is asked at the same time.

Every prompt is the match's public trunk first and the seat's branch last, so the server's prefix cache holds one trunk
a match for all seats. An answer says which weights made it (the server labels every token), and nothing is reported
under another version than that.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import httpx

from agents.engines.base import DecisionReply, DecisionRequest, Timing
from agents.engines.vllm import options as tree
from agents.engines.vllm.handshake import Served, greet
from agents.engines.vllm.policies import Policies, Policy
from agents.engines.vllm.server import VllmServer
from agents.engines.vllm.wire import Completion
from agents.llm.prompt import Codec
from arena.errors import EngineError

AT_ONCE: Final = 256
"""Decisions that are with the server at the same time; more wait here, where a deadline can still take them out."""
_TRIES: Final = 5
"""How often a choice is scored anew when weights changed between two parts of it."""


class LineCodec(Codec, Protocol):
    """A codec that also knows the tokens that end a line."""

    end_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Made:
    """One completion and the version that made it; None where several did."""

    completion: Completion
    version: str | None
    last: str


class VllmEngine:
    """Serves ``live`` and pinned adapters from one server.

    Args:
        url: of the server, on this machine.
        make_codec: the tokenizer of a model folder or hub name.
        locate: finds the folder of a checkpoint id that a request pins.
        seed: of the draws among options; talk is drawn by the server.
        transport: for tests; by default a pool of sockets.

    Raises:
        OptionError: the server is another machine's, or reachable from other machines.
        EngineError: no server answers.
    """

    def __init__(
        self,
        url: str,
        make_codec: Callable[[str | Path], LineCodec],
        *,
        locate: Callable[[str], Path] | None = None,
        seed: int = 0,
        served: Served | None = None,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._served = served or greet(url)
        self._url = url
        self.codec: LineCodec = make_codec(self._served.source)
        self._locate = locate
        self._random = random.Random(seed)
        self._transport = transport
        self._server: VllmServer | None = None
        self._policies: Policies | None = None
        self._places = asyncio.Semaphore(AT_ONCE)
        self._stopped = False
        self._asking: set[asyncio.Task[Any]] = set()

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._server = VllmServer(self._url, self._transport and self._transport())
        self._policies = Policies(self._server, self._served, self.codec, self._locate)

    async def stop(self) -> None:
        """Decisions that are still with the server fail with ``engine/stopped``, and the server gives them up."""
        self._stopped = True
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        if self._server is not None and self._policies is not None:
            await self._policies.close()
            await self._server.close()

    @property
    def live_version(self) -> str:
        return self._served.version if self._policies is None else self._policies.live.version

    @property
    def context_tokens(self) -> int:
        """How many tokens the model reads at most, prompt and answer together."""
        return self._served.context

    def forget(self, match_id: str, policy: str) -> None:
        """Nothing: the server drops the prefixes that were used longest ago by itself."""

    async def reload(self, source: str | Path) -> str:
        """Make other weights live, full ones or an adapter. Gives the new version.

        Raises:
            CheckpointError: the checkpoint is not whole or does not fit, the server cannot load it, or it does not
                answer with it; what was live goes on serving.
            EngineError: the server is gone.
        """
        assert self._policies is not None, "start() comes first"
        return await self._policies.reload(Path(source))

    # -- deciding ------------------------------------------------------------------------------------------------

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        """
        Raises:
            EngineError: ``engine/stopped``, ``engine/deadline``, ``engine/context_full``, ``engine/unknown_policy``,
                ``engine/unreachable``, ``engine/model_failed``.
        """
        if self._stopped or self._server is None or self._policies is None:
            raise EngineError("the policy engine is not running", code="engine/stopped")
        self._check_length(request)
        task = asyncio.ensure_future(self._decide(request, self._policies))
        self._asking.add(task)
        try:
            async with _deadline(request.deadline_s):
                return await task
        except asyncio.CancelledError:
            if self._stopped and task.cancelled():
                raise EngineError("the policy engine has stopped", code="engine/stopped") from None
            raise
        finally:
            task.cancel()
            self._asking.discard(task)

    def _check_length(self, request: DecisionRequest) -> None:
        more = max(map(len, request.options)) - 1 if request.options else request.max_tokens
        needed = request.trunk_length + len(request.branch) + more
        if needed > self._served.context:
            raise EngineError(
                f"the prompt needs {needed} tokens, the model reads {self._served.context}", code="engine/context_full"
            )

    async def _decide(self, request: DecisionRequest, policies: Policies) -> DecisionReply:
        asked = time.monotonic()
        async with self._places, policies.using(request.policy) as policy:
            began = time.monotonic()
            prompt = [*request.trunk[: request.trunk_length], *request.branch]
            reply = await (self._choose if request.options else self._talk)(request, prompt, policy)
        return replace(reply, timing=Timing(began - asked, time.monotonic() - began))

    async def _talk(self, request: DecisionRequest, prompt: list[int], policy: Policy) -> DecisionReply:
        sampling = {
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "logprobs": 0,
            "stop_token_ids": sorted(self.codec.end_ids),
            "ignore_eos": True,  # the tokens that end a line are all named
            "detokenize": False,
        }
        made = await self._complete(policy, prompt, sampling)
        tokens, logprobs = _sampled(made.completion)
        return DecisionReply(tokens, logprobs, made.last, trainable=made.version is not None)

    async def _choose(self, request: DecisionRequest, prompt: list[int], policy: Policy) -> DecisionReply:
        """Score every fork of the tree of options and draw from it here."""
        forks = tree.forks(request.options)
        version: str | None = policy.version
        last = policy.version
        logprobs: dict[tree.Tokens, dict[int, float]] = {}
        for _ in range(_TRIES):
            made = await _all([self._score(policy, prompt, fork, request.temperature) for fork in forks])
            logprobs = {fork.prefix: scores for fork, (scores, _) in zip(forks, made, strict=True)}
            versions = {m.version for _, m in made}
            if made:
                last = made[0][1].last
                version = versions.pop() if len(versions) == 1 else None
            if version is not None:
                break
        probabilities = tree.probabilities(request.options, logprobs)
        if request.probe:
            return DecisionReply((), (), last, probabilities, trainable=version is not None)
        chosen = self._random.choices(request.options, probabilities)[0]
        return DecisionReply(
            chosen, tree.path_logprobs(chosen, logprobs), last, probabilities, trainable=version is not None
        )

    async def _score(
        self, policy: Policy, prompt: list[int], fork: tree.Fork, temperature: float
    ) -> tuple[dict[int, float], _Made]:
        """Asked for at temperature 1 and tempered here: vLLM takes none above 2 and rounds very small ones up."""
        assert self._server is not None
        completion, scores = await self._server.score(policy.model, [*prompt, *fork.prefix], fork.nexts)
        if not all(map(math.isfinite, scores.values())):
            raise EngineError("the model's answer is no number", code="engine/model_failed")
        return tree.tempered(scores, temperature), self._made(policy, completion)

    async def _complete(self, policy: Policy, prompt: list[int], sampling: dict[str, Any]) -> _Made:
        assert self._server is not None
        generated = await self._server.generate(policy.model, prompt, sampling)
        return self._made(policy, generated.choices[0])

    def _made(self, policy: Policy, completion: Completion) -> _Made:
        """
        Raises:
            EngineError: the answer is not whole, or nobody knows which weights made it.
        """
        spans = completion.weight_versions
        if not spans or not completion.token_ids or completion.finish_reason in ("abort", "error"):
            raise EngineError(
                f"the vLLM server broke an answer off ({completion.finish_reason})", code="engine/model_failed"
            )
        labels = {span.version for span in spans}
        assert self._policies is not None
        last = self._policies.version_of(policy, spans[-1].version)
        return _Made(completion, last if len(labels) == 1 else None, last)


def _sampled(completion: Completion) -> tuple[tuple[int, ...], tuple[float, ...]]:
    content = completion.logprobs.content if completion.logprobs else None
    tokens = tuple(completion.token_ids or ())
    if content is None or len(content) != len(tokens):
        raise EngineError("the vLLM server gave tokens without log-probabilities", code="engine/model_failed")
    return tokens, tuple(x.logprob for x in content)


async def _all(calls: list[Any]) -> list[Any]:
    """The results of all calls; where one fails the others are given up."""
    if len(calls) == 1:
        return [await calls[0]]
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def _deadline(deadline_s: float | None) -> AsyncIterator[None]:
    """
    Raises:
        EngineError: ``engine/deadline``, at this time on ``time.monotonic``'s clock.
    """
    left = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
    scope = asyncio.timeout(left)
    try:
        async with scope:
            yield
    except TimeoutError:
        if not scope.expired():
            raise
        raise EngineError("the answer came too late", code="engine/deadline") from None
