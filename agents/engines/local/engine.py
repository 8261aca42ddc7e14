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

from agents.engines.base import LIVE, DecisionReply, DecisionRequest
from agents.engines.local.codec import HubCodec
from agents.engines.local.decode import Decoder
from agents.engines.local.weights import Weights, load_weights
from arena.errors import CheckpointError, EngineError

_log = logging.getLogger(__name__)
KEPT_POLICIES: Final = 4
"""Pinned checkpoints kept loaded beside the live one; the one longest unused goes first."""


@dataclass(slots=True)
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
class _Forget:
    match_id: str


_Item = tuple[DecisionRequest, "Future[DecisionReply]"] | _Forget | None


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
    _live: str = field(init=False)
    _policies: dict[str, _Policy] = field(init=False, default_factory=dict)
    _queue: queue.SimpleQueue[_Item] = field(init=False, default_factory=queue.SimpleQueue)
    _loading: threading.Lock = field(init=False, default_factory=threading.Lock)
    _thread: threading.Thread | None = field(init=False, default=None)
    _stopped: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        torch.set_num_threads(self.threads)
        weights = load_weights(self.source, self.device)
        self.codec = weights.codec
        self._adopt(weights)
        self._live = weights.version

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="policy-engine", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish the running wave; what waits behind it fails with ``engine/stopped``."""
        self._stopped = True
        self._queue.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    # -- deciding ------------------------------------------------------------------------------------------------

    @property
    def live_version(self) -> str:
        return self._live

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        """
        Raises:
            EngineError: ``engine/stopped``, ``engine/context_full``, or the pinned checkpoint cannot be loaded.
        """
        if self._stopped or self._thread is None:
            raise EngineError("the policy engine is not running", code="engine/stopped")
        if request.policy not in (LIVE, *self._policies):
            await asyncio.to_thread(self._pin, request.policy)
        future: Future[DecisionReply] = Future()
        self._queue.put((request, future))
        return await asyncio.wrap_future(future)

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
        old = self._live
        self._adopt(weights)
        self._live = weights.version
        self.counts.reloads += 1
        if old != self._live:
            self._policies.pop(old, None)  # a wave in flight holds its own reference

    def _reload(self, source: str | Path) -> str:
        with self._loading:
            try:
                weights = load_weights(source, self.device)
                if weights.codec.fingerprint != self.codec.fingerprint:
                    raise CheckpointError(f"{source} has another tokenizer than the model that is live.")
            except CheckpointError:
                self.counts.refused_reloads += 1
                raise
            self._make_live(weights)
            return self._live

    def _pin(self, version: str) -> None:
        with self._loading:
            if version in self._policies:
                return
            if self.locate is None:
                raise EngineError(f"checkpoint {version} is not loaded here", code="engine/unknown_policy")
            weights = load_weights(self.locate(version), self.device)
            if weights.codec.fingerprint != self.codec.fingerprint:
                raise EngineError(f"checkpoint {version} has another tokenizer", code="engine/other_tokenizer")
            self._adopt(weights, version)

    def _adopt(self, weights: Weights, name: str | None = None) -> None:
        name = name or weights.version
        if name not in self._policies:
            pinned = [n for n in self._policies if n != getattr(self, "_live", None)]
            for old in pinned[: max(0, len(pinned) - KEPT_POLICIES + 1)]:
                self._policies.pop(old)
            self._policies[name] = _Policy(weights, Decoder(weights.model, weights.codec.end_ids, self.seed))

    # -- the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        torch.set_num_threads(self.threads)
        while True:
            wave, going = self._next_wave()
            if wave:
                self._decide_wave(wave)
            if not going:
                return

    def _next_wave(self) -> tuple[list[tuple[DecisionRequest, Future[DecisionReply]]], bool]:
        """Everything that waits, at least one thing; and whether to go on afterwards."""
        wave: list[tuple[DecisionRequest, Future[DecisionReply]]] = []
        item: _Item = self._queue.get()
        while True:
            match item:
                case None:
                    for _, future in wave:
                        future.set_exception(EngineError("the policy engine has stopped", code="engine/stopped"))
                    return [], False
                case _Forget(match_id):
                    for policy in list(self._policies.values()):
                        policy.decoder.forget(match_id)
                case _:
                    wave.append(item)
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return wave, True

    def _decide_wave(self, wave: list[tuple[DecisionRequest, Future[DecisionReply]]]) -> None:
        by_policy: dict[str, list[tuple[DecisionRequest, Future[DecisionReply]]]] = {}
        live = self._live
        for request, future in wave:
            by_policy.setdefault(live if request.policy == LIVE else request.policy, []).append((request, future))
        self.counts.waves += 1
        for name, items in by_policy.items():
            policy = self._policies.get(name)
            if policy is None:  # unloaded between asking and deciding
                self._fail(items, EngineError(f"checkpoint {name} was unloaded", code="engine/unknown_policy"))
                continue
            try:
                sampled = policy.decoder.decide([request for request, _ in items])
            except Exception as error:  # the boundary to the model library: whatever it raises, the rooms go on
                _log.exception("a wave of %d decisions failed", len(items))
                self._fail(items, EngineError(f"the model failed: {error}", code="engine/model_failed"))
                continue
            for (_, future), one in zip(items, sampled, strict=True):
                if isinstance(one, EngineError):
                    self.counts.failures += 1
                    _settle(future, error=one)
                    continue
                self.counts.decisions += 1
                self.counts.tokens += len(one.tokens)
                _settle(
                    future, DecisionReply(one.tokens, one.logprobs, policy.weights.version, one.choice_probs)
                )

    def _fail(self, items: list[tuple[DecisionRequest, Future[DecisionReply]]], error: EngineError) -> None:
        self.counts.failures += len(items)
        for _, future in items:
            _settle(future, error=error)


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
