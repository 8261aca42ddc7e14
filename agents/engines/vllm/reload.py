"""Full new weights for a server that serves: pause, load, forget, label, resume.

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


async def swap(server: VllmServer, folder: Path, version: str, old: Path, old_version: str) -> None:
    """Make the server answer with the weights in ``folder``, labelled ``version``.

    Raises:
        CheckpointError: the server could not load them; it answers with the ones in ``old`` as before.
        EngineError: the server is gone, or could not be brought back to the old weights either.
    """
    await server.pause("wait")
    try:
        try:
            await _load(server, folder, version)
        except EngineError as error:
            if error.code == "engine/unreachable":
                raise
            _log.error("the vLLM server could not load %s, it loads %s again: %s", version, old_version, error)
            await _load(server, old, old_version)
            raise CheckpointError(f"The vLLM server cannot load {folder}: {error.message}") from error
    finally:
        await server.resume()


async def _load(server: VllmServer, folder: Path, version: str) -> None:
    await server.label_weights(BETWEEN)
    await server.reload_weights(str(folder))
    await server.forget_prefixes()
    await server.label_weights(version)
