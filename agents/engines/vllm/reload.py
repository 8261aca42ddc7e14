"""Full new weights for a server that serves: pause, load, pack, forget, label, resume.

The pause lets what is being answered end on the old weights and keeps what comes meanwhile waiting, so no answer is
made by two versions. The label is set before anything is answered again. Where the server cannot load the new weights
the old ones are loaded again under their old label, and only then play goes on.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from agents.engines.vllm.server import VllmServer
from arena.errors import CheckpointError, EngineError

_log = logging.getLogger(__name__)
BETWEEN: Final = "between two weights"
"""The label of a server while its weights change. It stays where a reload was broken off."""


async def repacks(server: VllmServer) -> bool:
    """Whether the server can pack weights anew, which one on a processor has to.

    Raises:
        CheckpointError: it has to and cannot; part of its answers would go on coming from the old weights.
        EngineError: the server is gone.
    """
    try:
        await server.pack_weights_again()
    except EngineError as error:
        if error.code == "engine/unreachable":
            raise
        if await server.device() == "cpu":
            raise CheckpointError(
                f"The vLLM server at {server.url} keeps an output head that is tied to the embeddings when its weights "
                "change: it runs on a processor and was not started with: arena engine vllm"
            ) from error
        return False
    return True


async def swap(server: VllmServer, folder: Path, version: str, old: Path, old_version: str, *, repack: bool) -> None:
    """Make the server answer with the weights in ``folder``, labelled ``version``.

    Args:
        repack: whether to have packed copies made anew; see ``repacks``.

    Raises:
        CheckpointError: the server could not load them; it answers with the ones in ``old`` as before.
        EngineError: the server is gone, or could not be brought back to the old weights either.
    """
    await server.pause("wait")
    try:
        try:
            await _load(server, folder, version, repack)
        except EngineError as error:
            if error.code == "engine/unreachable":
                raise
            _log.error("the vLLM server could not load %s, it loads %s again: %s", version, old_version, error)
            await _load(server, old, old_version, repack)
            raise CheckpointError(f"The vLLM server cannot load {folder}: {error.message}") from error
    finally:
        await server.resume()


async def _load(server: VllmServer, folder: Path, version: str, repack: bool) -> None:
    await server.label_weights(BETWEEN)
    await server.reload_weights(str(folder))
    if repack:
        await server.pack_weights_again()
    await server.forget_prefixes()
    await server.label_weights(version)
