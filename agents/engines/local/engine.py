"""The policy engine in this process: one thread decides for all rooms, step by step, and changes weights between steps.

Requests join at the next step, so the batch grows with the load by itself. A reload loads and checks beside the running
steps and then moves one pointer: what has begun ends on the weights that it began with, what has not begins on the new
ones. While both have running rows, their steps take turns.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch

from agents.checkpoints import read_checkpoint
from agents.engines.base import LIVE, DecisionReply, DecisionRequest
from agents.engines.local.codec import HubCodec
from agents.engines.local.decode import Decoder
from agents.engines.local.weights import Weights, load_weights
from arena.errors import CheckpointError, EngineError

_log = logging.getLogger(__name__)
KEPT_POLICIES: Final = 4
"""Pinned checkpoints kept loaded beside the live one; the one longest unused goes first."""


@dataclass(slots=True)
class EngineCounts:
    """What the engine has done since its start."""

    decisions: int = 0
    tokens: int = 0
    failures: int = 0
    reloads: int = 0
    refused_reloads: int = 0
    steps: int = 0


@dataclass(slots=True, eq=False)
class _Policy:
    weights: Weights
    decoder: Decoder[_Asked]


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """``policy`` is held from here on: neither a reload nor other pins can take it away. None is the live one."""

    request: DecisionRequest
    reply: asyncio.Future[DecisionReply]
    loop: asyncio.AbstractEventLoop
    policy: _Policy | None
    asked_s: float

    @property
    def gone(self) -> bool:
        return self.reply.cancelled()


@dataclass(frozen=True, slots=True)
class _Forget:
    match_id: str


_Item = _Asked | _Forget | None


@dataclass(slots=True)
class LocalEngine:
    """Serves ``live`` and pinned checkpoints.

    Args:
        source: the first live weights: a checkpoint folder, a model folder or a hub name.
        locate: finds the folder of a checkpoint id that a request pins.
        seed: of the sampler.
        threads: of the linear algebra; one leaves the other cores to the event loop and to training.
        dtype: of weights and memory. Log-probabilities are exact to 1e-4 in float32 only.
    """

    source: str | Path
    locate: Callable[[str], Path] | None = None
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    counts: EngineCounts = field(default_factory=EngineCounts)
    codec: HubCodec = field(init=False)
    _live: _Policy = field(init=False)
    _pinned: dict[str, _Policy] = field(init=False, default_factory=dict)
    """Changed on the event loop only; the one last used stands last."""
    _pinning: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _queue: queue.SimpleQueue[_Item] = field(init=False, default_factory=queue.SimpleQueue)
    _loading: threading.Lock = field(init=False, default_factory=threading.Lock)
    _thread: threading.Thread | None = field(init=False, default=None)
    _stopped: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        torch.set_num_threads(self.threads)
        weights = load_weights(self.source, self.device, self.dtype, locate=self.locate)
        self.codec = weights.codec
        self._live = self._policy(weights)

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="policy-engine", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish what has begun; what waits behind it fails with ``engine/stopped``."""
        self._stopped = True
        self._queue.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    # -- deciding ------------------------------------------------------------------------------------------------

    @property
    def live_version(self) -> str:
        return self._live.weights.version

    @property
    def context_tokens(self) -> int | None:
        return getattr(self._live.weights.model.config, "max_position_embeddings", None)

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        """
        Raises:
            EngineError: ``engine/stopped``, ``engine/deadline``, ``engine/context_full``, ``engine/model_failed``, or
                the pinned checkpoint cannot be loaded.
        """
        policy = None if request.policy == LIVE else await self._pin(request.policy)
        if self._stopped or self._thread is None:
            raise EngineError("the policy engine is not running", code="engine/stopped")
        loop = asyncio.get_running_loop()
        asked = _Asked(request, loop.create_future(), loop, policy, time.monotonic())
        self._queue.put(asked)
        return await asked.reply

    def forget(self, match_id: str, policy: str) -> None:
        self._queue.put(_Forget(match_id))

    # -- weights -------------------------------------------------------------------------------------------------

    async def reload(self, source: str | Path) -> str:
        """Make other weights live; decisions that have begun finish on the old ones. Gives the new version.

        Raises:
            CheckpointError: the new weights are not whole or do not fit; the old ones go on serving.
        """
        return await asyncio.to_thread(self._reload, source)

    def adopt(self, model: Any, version: str) -> None:
        """Make a model in memory live, with this engine's tokenizer: for a trainer that plays between its updates."""
        with self._loading:
            self._make_live(Weights(version, model, self.codec))

    def _make_live(self, weights: Weights) -> None:
        self._live = self._policy(weights)  # the thread holds the old one while it has rows
        self.counts.reloads += 1

    def _reload(self, source: str | Path) -> str:
        with self._loading:
            try:
                read_checkpoint(Path(source))  # a plain model folder may start an engine, never replace a checkpoint
                weights = self._load(source)
                if weights.codec.fingerprint != self.codec.fingerprint:
                    raise CheckpointError(f"{source} has another tokenizer than the model that is live.")
                self._make_live(weights)
            except CheckpointError:
                self.counts.refused_reloads += 1
                raise
            return weights.version

    async def _pin(self, version: str) -> _Policy:
        if version not in self._pinned:
            async with self._pinning:
                await self._load_pinned(version)
        policy = self._pinned[version] = self._pinned.pop(version)  # the one last used stands last
        return policy

    async def _load_pinned(self, version: str) -> None:
        if version in self._pinned:  # loaded while we waited our turn
            return
        policy = self._live
        if policy.weights.version != version:
            policy = self._policy(await asyncio.to_thread(self._located, version))
        while len(self._pinned) >= KEPT_POLICIES:
            del self._pinned[next(iter(self._pinned))]
        self._pinned[version] = policy

    def _located(self, version: str) -> Weights:
        if self.locate is None:
            raise EngineError(f"checkpoint {version} is not loaded here", code="engine/unknown_policy")
        weights = self._load(self.locate(version))
        if weights.codec.fingerprint != self.codec.fingerprint:
            raise EngineError(f"checkpoint {version} has another tokenizer", code="engine/other_tokenizer")
        return weights

    def _load(self, source: str | Path) -> Weights:
        return load_weights(source, self.device, self.dtype, like=self._live.weights, locate=self.locate)

    def _policy(self, weights: Weights) -> _Policy:
        return _Policy(weights, Decoder(weights.model, weights.codec.end_ids, self.seed))

    # -- the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        torch.set_num_threads(self.threads)
        at_work: list[_Policy] = []
        live = self._live
        while True:
            going = self._take_in(at_work)
            if self._live is not live:
                old, live = live, self._live
                self._ask_again(old, at_work)
            if not going:
                break
            at_work = [policy for policy in at_work if self._step(policy)]
        left = [asked for policy in at_work for asked in policy.decoder.take_waiting()]
        self._settle([(a, EngineError("the policy engine has stopped", code="engine/stopped")) for a in left])
        while at_work:
            at_work = [policy for policy in at_work if self._step(policy)]

    def _take_in(self, at_work: list[_Policy]) -> bool:
        """Hand on everything that waits in the queue, at least one thing where nobody is at work. False: stop."""
        try:
            item = self._queue.get(block=not at_work)
            while item is not None:
                match item:
                    case _Forget(match_id):
                        for policy in {self._live, *list(self._pinned.values()), *at_work}:
                            policy.decoder.forget(match_id)
                    case _Asked():
                        self._ask(item, at_work)
                item = self._queue.get_nowait()
        except queue.Empty:
            return True
        return False

    def _ask(self, asked: _Asked, at_work: list[_Policy]) -> None:
        policy = asked.policy or self._live
        policy.decoder.ask(asked)
        if policy not in at_work:
            at_work.append(policy)

    def _ask_again(self, old: _Policy, at_work: list[_Policy]) -> None:
        """After a reload: what has not begun on the old weights begins on the new ones."""
        for asked in old.decoder.take_waiting():
            if asked.policy is None:
                self._ask(asked, at_work)
            else:
                old.decoder.ask(asked)

    def _step(self, policy: _Policy) -> bool:
        """One step of one policy. Gives whether it has more to do."""
        self.counts.steps += 1
        try:
            ended = policy.decoder.step()
        except Exception as error:  # the boundary to the model library: whatever it raises, the rooms go on
            _log.exception("a step of the policy engine failed")
            failed = EngineError(f"the model failed: {error}", code="engine/model_failed")
            self._settle([(asked, failed) for asked in policy.decoder.abandon()])
            return False
        replies: list[tuple[_Asked, DecisionReply | EngineError]] = []
        for asked, one in ended:
            if isinstance(one, EngineError):
                replies.append((asked, one))
                continue
            self.counts.decisions += 1
            self.counts.tokens += len(one.tokens)
            version = policy.weights.version
            replies.append((asked, DecisionReply(one.tokens, one.logprobs, version, one.choice_probs, one.timing)))
        self._settle(replies)
        return not policy.decoder.idle

    def _settle(self, replies: Sequence[tuple[_Asked, DecisionReply | EngineError]]) -> None:
        """Answer, waking each event loop once."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Asked, DecisionReply | EngineError]]] = {}
        for asked, reply in replies:
            self.counts.failures += isinstance(reply, EngineError)
            by_loop.setdefault(asked.loop, []).append((asked, reply))
        for loop, own in by_loop.items():
            try:
                loop.call_soon_threadsafe(_answer, own)
            except RuntimeError:  # that loop is closed, and with it everybody who waited
                _log.debug("%d answers found nobody", len(own))


def _answer(replies: Sequence[tuple[_Asked, DecisionReply | EngineError]]) -> None:
    """On the event loop: give the answers to those who still wait."""
    for asked, reply in replies:
        if asked.reply.done():
            continue
        if isinstance(reply, EngineError):
            asked.reply.set_exception(reply)
        else:
            asked.reply.set_result(reply)
