"""Which weights a server holds under which name: the full ones, adapters on them, and how either becomes live.

An adapter is loaded under a name that was never used before, because the server keeps prefixes by name. It stays with
the full weights that it was loaded on: when those change, all adapters go.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from agents.engines.base import LIVE
from agents.engines.vllm import probe, reload
from agents.engines.vllm.fitting import Fitting, fitting
from agents.engines.vllm.handshake import Served, version_behind
from agents.engines.vllm.server import VllmServer
from agents.llm.prompt import Codec
from arena.errors import CheckpointError, EngineError

_log = logging.getLogger(__name__)
KEPT_ADAPTERS: Final = 8
"""Adapters that stay loaded; of more, the one used longest ago goes."""
_KNOWN_FINGERPRINTS: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """``model`` is the name to ask the server for, ``version`` the checkpoint behind it, ``base`` the full weights that
    answer: an adapter's are those that it was loaded on."""

    model: str
    version: str
    base: str
    folder: Path | None = None

    @property
    def adapter(self) -> bool:
        return self.version != self.base


class Policies:
    """The weights of one server.

    Args:
        locate: finds the folder of a checkpoint id.
    """

    def __init__(
        self, server: VllmServer, served: Served, codec: Codec, locate: Callable[[str], Path] | None = None
    ) -> None:
        self._server = server
        self._codec = codec
        self._locate = locate
        self._prompt = probe.probe_prompt(codec)
        self._source = served.source
        self._model = served.model
        self._labelled = served.labelled
        self._base = Policy(served.model, served.version, served.version)
        self._adapters: dict[str, Policy] = {}
        """By checkpoint id; the one last used stands last."""
        self._fingerprints: dict[str, probe.Fingerprint] = {}
        """Of full weights, by version."""
        self._names = itertools.count()
        self._run = uuid.uuid4().hex[:6]
        self._changing = asyncio.Lock()
        self._open = asyncio.Event()
        """Cleared while full weights change: decisions wait."""
        self._open.set()
        self._repacks: bool | None = None
        """Whether the server packs weights anew; None until it was asked."""
        self._users = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.live = self._base

    def version_of(self, policy: Policy, label: str) -> str:
        """The version that made an answer which the server labelled so.

        Raises:
            EngineError: the server is between two weights, or those below an adapter are no longer the same.
        """
        if label == policy.base:
            return policy.version
        if label == reload.BETWEEN:
            raise EngineError("the vLLM server was left between two weights", code="engine/model_failed")
        if policy.adapter:
            raise EngineError(f"the weights below adapter {policy.version} have changed", code="engine/model_failed")
        if policy is self._base:
            _log.warning("the vLLM server was reloaded by somebody else: %s, it was %s", label, policy.version)
            self._base = Policy(self._model, label, label)
            if self.live is policy:
                self.live = self._base
        return label

    # -- deciding ------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def using(self, wanted: str) -> AsyncIterator[Policy]:
        """The weights of ``live`` or of a pinned checkpoint, which stay as they are for as long as they are in use.

        Raises:
            EngineError: ``engine/unknown_policy``, or the server is gone.
        """
        while True:
            await self._ready()
            policy = await self._find(wanted)
            if self._open.is_set() and self._held(policy):
                break
        self._users += 1
        self._idle.clear()
        try:
            yield policy
        finally:
            self._users -= 1
            if self._users == 0:
                self._idle.set()

    async def _ready(self) -> None:
        if not self._labelled:
            async with self._changing:
                if not self._labelled:
                    await self._server.label_weights(self._base.version)
                    self._labelled = True
        await self._open.wait()

    def _held(self, policy: Policy) -> bool:
        return policy.base == self._base.version and (
            policy is self._base or self._adapters.get(policy.version) is policy
        )

    async def _find(self, wanted: str) -> Policy:
        if wanted == LIVE:
            wanted = self.live.version
        if wanted == self._base.version:
            return self._base
        if not self._loaded(wanted):
            async with self._changing:
                if not self._loaded(wanted):
                    await self._pin(wanted)
        policy = self._adapters[wanted] = self._adapters.pop(wanted)  # the one last used stands last
        return policy

    def _loaded(self, version: str) -> bool:
        return version in self._adapters and self._adapters[version].base == self._base.version

    async def _pin(self, wanted: str) -> None:
        if self._locate is None:
            raise EngineError(f"checkpoint {wanted} is not loaded here", code="engine/unknown_policy")
        try:
            found = await self._fitting(self._locate(wanted))
            if not found.adapter:
                raise CheckpointError("a vLLM server holds one set of full weights, and these are others.")
            await self._load_adapter(found)
        except CheckpointError as error:
            raise EngineError(f"checkpoint {wanted} cannot play: {error}", code="engine/unknown_policy") from error

    # -- changing ------------------------------------------------------------------------------------------------

    async def reload(self, folder: Path) -> str:
        """See ``VllmEngine.reload``."""
        await self._ready()
        async with self._changing:
            found = await self._fitting(folder)
            if found.version == self._base.version:
                if self._base.folder is None:
                    self._base = replace(self._base, folder=found.folder)
                self.live = self._base
            elif found.adapter:
                known = self._adapters[found.version] if self._loaded(found.version) else None
                self.live = known or await self._load_adapter(found)
            else:
                await self._swap(found)
            return self.live.version

    async def close(self) -> None:
        """Leave a server without the adapters that were loaded for this engine."""
        await self._drop(list(self._adapters))

    async def _fitting(self, folder: Path) -> Fitting:
        base = await asyncio.to_thread(_folder_of, self._source)
        return await asyncio.to_thread(fitting, folder, base, self._codec.fingerprint, self._base.version)

    async def _swap(self, found: Fitting) -> None:
        """Full weights: let our own decisions end, change, and prove it before the next one begins."""
        old, old_folder = self._base, await asyncio.to_thread(self._folder_behind_base)
        if self._repacks is None:
            self._repacks = await reload.repacks(self._server)
        change = partial(reload.swap, self._server, repack=self._repacks)
        self._open.clear()
        try:
            await self._idle.wait()
            before = await self._fingerprint()
            await change(found.folder, found.version, old_folder, old.version)
            after = await probe.take(self._server, self._model, self._prompt)
            if wrong := self._disproved(found.version, before, after):
                await change(old_folder, old.version, found.folder, found.version)
                raise CheckpointError(f"The vLLM server took {found.version}, but {wrong}; {old.version} plays on.")
            self._fingerprints[found.version] = after
            while len(self._fingerprints) > _KNOWN_FINGERPRINTS:
                del self._fingerprints[next(iter(self._fingerprints))]
            self.live = self._base = Policy(self._model, found.version, found.version, found.folder)
        finally:
            self._open.set()
        await self._drop([v for v, p in self._adapters.items() if p.base != self._base.version])

    def _disproved(self, version: str, before: probe.Fingerprint, after: probe.Fingerprint) -> str | None:
        """Why an answer cannot be that of the new weights; None where it can."""
        if not after.finite:
            return "its answers are no numbers"
        if after.distance(before) == 0:
            return "it still answers with the old weights"
        known = self._fingerprints.get(version)
        if known is not None and after.distance(known) > probe.REPEATED:
            return "it answers otherwise than these weights did before"
        return None

    def _folder_behind_base(self) -> Path:
        """Where the full weights lie that the server answers with now.

        Raises:
            CheckpointError: they were loaded by somebody else, from where nobody here knows.
        """
        if self._base.folder is not None:
            return self._base.folder
        source = _folder_of(self._source)
        if version_behind(self._source) == self._base.version:
            return source
        if self._locate is None:
            raise CheckpointError(f"Nobody knows where {self._base.version} lies, which the vLLM server has loaded.")
        return self._locate(self._base.version)

    async def _fingerprint(self) -> probe.Fingerprint:
        """Of the full weights as they are now."""
        if self._base.version not in self._fingerprints:
            self._fingerprints[self._base.version] = await probe.take(self._server, self._model, self._prompt)
        return self._fingerprints[self._base.version]

    async def _load_adapter(self, found: Fitting) -> Policy:
        name = f"{found.version}-{self._run}-{next(self._names)}"
        try:
            await self._server.load_adapter(name, str(found.folder))
        except EngineError as error:
            if error.code == "engine/unreachable":
                raise
            raise CheckpointError(f"The vLLM server cannot load adapter {found.version}: {error.message}") from error
        said, base = await probe.take(self._server, name, self._prompt), await self._fingerprint()
        if not said.finite or (not found.silent and said.distance(base) == 0):
            await self._server.unload_adapter(name)
            raise CheckpointError(f"The vLLM server took adapter {found.version}, but does not answer with it.")
        if old := self._adapters.get(found.version):  # on weights that are gone
            await self._drop([old.version])
        policy = self._adapters[found.version] = Policy(name, found.version, self._base.version, found.folder)
        idle = [v for v, p in self._adapters.items() if p not in (self.live, policy)]
        await self._drop(idle[: max(0, len(self._adapters) - KEPT_ADAPTERS)])
        return policy

    async def _drop(self, versions: list[str]) -> None:
        """Adapters that are being used answer to their end: the server takes their names away, not their weights."""
        for version in versions:
            policy = self._adapters.pop(version)
            try:
                await self._server.unload_adapter(policy.model)
            except EngineError as error:
                _log.warning("adapter %s stays loaded: %s", version, error)


def _folder_of(source: str) -> Path:
    """The folder of a model that a server was started with: its own, or the hub's cache on this machine.

    Raises:
        CheckpointError: it is not on this machine.
    """
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(source, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise CheckpointError(
            f"The vLLM server's model {source} is not on this machine, so nothing can be checked against it."
        ) from error
