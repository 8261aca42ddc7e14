"""The policy engine in this process: one thread decides for all rooms, in waves, and changes weights between waves.

Requests that arrive while a wave runs form the next one, so the batch grows with the load by itself. A wave keeps the
weights that it started with; a reload loads and checks beside it and then moves one pointer.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
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


@dataclass(slots=True, eq=False)
class _Policy:
    weights: Weights
    decoder: Decoder


@dataclass(slots=True)
class EngineCounts:
    """What the engine has done since its start."""

    decisions: int = 0
    tokens: int = 0
    failures: int = 0
    reloads: int = 0
    refused_reloads: int = 0
    waves: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """``policy`` is held from here on: neither a reload nor other pins can take it away. None is the live one."""

    request: DecisionRequest
    reply: Future[DecisionReply]
    policy: _Policy | None


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
    """

    source: str | Path
    locate: Callable[[str], Path] | None = None
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
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
        weights = load_weights(self.source, self.device)
        self.codec = weights.codec
        self._live = self._policy(weights)

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="policy-engine", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish the running wave; what waits behind it fails with ``engine/stopped``. Called where ``decide`` is."""
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
            EngineError: ``engine/stopped``, ``engine/context_full``, or the pinned checkpoint cannot be loaded.
        """
        policy = None if request.policy == LIVE else await self._pin(request.policy)
        if self._stopped or self._thread is None:
            raise EngineError("the policy engine is not running", code="engine/stopped")
        asked = _Asked(request, Future(), policy)
        self._queue.put(asked)
        return await asyncio.wrap_future(asked.reply)

    def forget(self, match_id: str, policy: str) -> None:
        self._queue.put(_Forget(match_id))

    # -- weights -------------------------------------------------------------------------------------------------

    async def reload(self, source: str | Path) -> str:
        """Make other weights live; decisions already in a wave finish on the old ones. Gives the new version.

        Raises:
            CheckpointError: the new weights are not whole or do not fit; the old ones go on serving.
        """
        return await asyncio.to_thread(self._reload, source)

    def adopt(self, model: Any, version: str) -> None:
        """Make a model in memory live, with this engine's tokenizer: for a trainer that plays between its updates."""
        with self._loading:
            self._make_live(Weights(version, model, self.codec))

    def _make_live(self, weights: Weights) -> None:
        self._live = self._policy(weights)  # a wave in flight holds the old one
        self.counts.reloads += 1

    def _reload(self, source: str | Path) -> str:
        with self._loading:
            try:
                read_checkpoint(Path(source))  # a plain model folder may start an engine, never replace a checkpoint
                weights = load_weights(source, self.device)
                if weights.codec.fingerprint != self.codec.fingerprint:
                    raise CheckpointError(f"{source} has another tokenizer than the model that is live.")
            except CheckpointError:
                self.counts.refused_reloads += 1
                raise
            self._make_live(weights)
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
        weights = load_weights(self.locate(version), self.device)
        if weights.codec.fingerprint != self.codec.fingerprint:
            raise EngineError(f"checkpoint {version} has another tokenizer", code="engine/other_tokenizer")
        return weights

    def _policy(self, weights: Weights) -> _Policy:
        return _Policy(weights, Decoder(weights.model, weights.codec.end_ids, self.seed))

    # -- the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        torch.set_num_threads(self.threads)
        going = True
        while going:
            wave, over, going = self._next_wave()
            if going:
                self._decide_wave(wave)
            else:
                for asked in wave:
                    _settle(asked.reply, error=EngineError("the policy engine has stopped", code="engine/stopped"))
            for match_id in over:  # after the wave, or its late decisions would bring a match's memory back
                for policy in (self._live, *list(self._pinned.values())):
                    policy.decoder.forget(match_id)

    def _next_wave(self) -> tuple[list[_Asked], list[str], bool]:
        """Everything that waits, at least one thing: decisions, matches to forget; and whether to go on."""
        wave: list[_Asked] = []
        over: list[str] = []
        item: _Item = self._queue.get()
        while True:
            match item:
                case None:
                    return wave, over, False
                case _Forget(match_id):
                    over.append(match_id)
                case _Asked():
                    wave.append(item)
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return wave, over, True

    def _decide_wave(self, wave: list[_Asked]) -> None:
        live = self._live
        by_policy: dict[int, tuple[_Policy, list[_Asked]]] = {}
        for asked in wave:
            policy = asked.policy or live
            by_policy.setdefault(id(policy), (policy, []))[1].append(asked)
        self.counts.waves += bool(wave)
        for policy, items in by_policy.values():
            try:
                sampled = policy.decoder.decide([asked.request for asked in items])
            except Exception as error:  # the boundary to the model library: whatever it raises, the rooms go on
                _log.exception("a wave of %d decisions failed", len(items))
                self._fail(items, EngineError(f"the model failed: {error}", code="engine/model_failed"))
                continue
            for asked, one in zip(items, sampled, strict=True):
                if isinstance(one, EngineError):
                    self.counts.failures += 1
                    _settle(asked.reply, error=one)
                    continue
                self.counts.decisions += 1
                self.counts.tokens += len(one.tokens)
                reply = DecisionReply(one.tokens, one.logprobs, policy.weights.version, one.choice_probs)
                _settle(asked.reply, reply)

    def _fail(self, items: list[_Asked], error: EngineError) -> None:
        self.counts.failures += len(items)
        for asked in items:
            _settle(asked.reply, error=error)


def _settle(
    future: Future[DecisionReply], reply: DecisionReply | None = None, error: EngineError | None = None
) -> None:
    """Answer a request whose asker may have gone away meanwhile."""
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    elif reply is not None:
        future.set_result(reply)
