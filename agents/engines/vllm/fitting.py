"""Whether a checkpoint fits the model that a server runs, found out before the server sees it.

vLLM keeps the configuration that it started with, warns about a missing weight and goes on with what it has, and
samples from weights that are not numbers. So names, shapes, configuration and values are compared here, in the files.
Format: https://huggingface.co/docs/safetensors (8 bytes of length, a JSON header, the numbers).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from agents.checkpoints import Manifest, read_checkpoint
from arena.errors import CheckpointError

ADAPTER: Final = "adapter_config.json"
_NO_MATTER: Final = frozenset({"transformers_version", "dtype", "torch_dtype", "_name_or_path", "use_cache"})
"""Parts of a model's configuration that may differ between checkpoints of one model."""
_TIED: Final = "lm_head.weight"
_EXPONENT: Final[Mapping[str, tuple[str, int]]] = {
    "F64": ("<u8", 0x7FF0_0000_0000_0000),
    "F32": ("<u4", 0x7F80_0000),
    "F16": ("<u2", 0x7C00),
    "BF16": ("<u2", 0x7F80),
}
"""How each kind of number is stored, and the bits that are all set in infinities and NaNs alone (IEEE 754)."""
_AT_ONCE: Final = 1 << 22
"""Numbers looked at together, so that a file larger than the memory can be checked."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """A checkpoint that may be sent to the server. ``silent``: an adapter that changes nothing yet."""

    manifest: Manifest
    folder: Path
    adapter: bool
    silent: bool = False

    @property
    def version(self) -> str:
        return self.manifest.id


@dataclass(frozen=True, slots=True)
class _Weight:
    kind: str
    shape: tuple[int, ...]
    file: Path
    begin: int
    end: int


def fitting(folder: Path, base: Path, tokenizer: str, running: str) -> Fitting:
    """The checkpoint, once all that can be known of it without running it is known to be right.

    Args:
        base: the folder of the model that the server was started with.
        tokenizer: the fingerprint of its tokenizer.
        running: the version of its full weights now, which an adapter's manifest must name under ``training.base``.

    Raises:
        CheckpointError: it is not whole, of another model or tokenizer, or holds what is no number.
    """
    manifest = read_checkpoint(folder)
    if manifest.tokenizer != tokenizer:
        raise CheckpointError(f"{folder} has another tokenizer than the model of the vLLM server.")
    weights = _weights(folder)
    for name, weight in weights.items():
        if not _finite(weight):
            raise CheckpointError(f"{folder}: {name} holds what is not a finite number.")
    if (folder / ADAPTER).exists():
        if (wanted := manifest.training.get("base")) != running:
            raise CheckpointError(f"{folder} is an adapter for {wanted}; the vLLM server runs {running}.")
        changed = [w for name, w in weights.items() if "lora_B" in name or "lora_embedding_B" in name]
        return Fitting(manifest, folder.resolve(), True, silent=not any(_stirs(w) for w in changed))
    _same_model(folder, base, weights)
    return Fitting(manifest, folder.resolve(), False)


def _same_model(folder: Path, base: Path, weights: dict[str, _Weight]) -> None:
    config, wanted = _config(folder), _config(base)
    differing = sorted(k for k in config.keys() | wanted.keys() if config.get(k) != wanted.get(k))
    if differing:
        key = differing[0]
        raise CheckpointError(
            f"{folder} is another model than the vLLM server's: {key} is {config.get(key)}, there {wanted.get(key)}. "
            "Start a server with it."
        )
    present, needed = _weights(base), dict(weights)
    if config.get("tie_word_embeddings"):
        present.pop(_TIED, None)
        needed.pop(_TIED, None)
    for name in sorted(present.keys() | needed.keys()):
        if name not in needed:
            raise CheckpointError(f"{folder} is not whole: it lacks {name}.")
        if name not in present or present[name].shape != needed[name].shape:
            raise CheckpointError(f"{folder} is another model than the vLLM server's: {name} does not fit.")


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder / 'config.json'} cannot be read: {error}") from error
    return {k: v for k, v in config.items() if k not in _NO_MATTER}


def _weights(folder: Path) -> dict[str, _Weight]:
    found: dict[str, _Weight] = {}
    for file in sorted(folder.glob("*.safetensors")):
        size = file.stat().st_size
        try:
            with file.open("rb") as stream:
                length = int.from_bytes(stream.read(8), "little")
                if length > size - 8:
                    raise ValueError("its header is cut short")
                header = json.loads(stream.read(length))
            for name, entry in header.items():
                if name == "__metadata__":
                    continue
                begin, end = (8 + length + int(at) for at in entry["data_offsets"])
                if not 8 + length <= begin <= end <= size:
                    raise ValueError(f"{name} lies outside of it")
                found[name] = _Weight(entry["dtype"], tuple(entry["shape"]), file, begin, end)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{file} is not a safetensors file: {error}") from error
    if not found:
        raise CheckpointError(f"{folder} holds no weights.")
    return found


def _numbers(weight: _Weight, stored: str) -> np.ndarray[Any, Any]:
    count = math.prod(weight.shape)
    if count * np.dtype(stored).itemsize != weight.end - weight.begin:
        raise CheckpointError(f"{weight.file} is damaged: a weight has another size than its shape says.")
    return np.memmap(weight.file, stored, "r", offset=weight.begin, shape=(count,)) if count else np.empty(0, stored)


def _finite(weight: _Weight) -> bool:
    if weight.kind not in _EXPONENT:
        return True  # whole numbers are always finite
    stored, mask = _EXPONENT[weight.kind]
    numbers = _numbers(weight, stored)
    parts = (numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE))
    return all(bool(np.all((part & mask) != mask)) for part in parts)


def _stirs(weight: _Weight) -> bool:
    """Whether any number in it is not zero (of either sign)."""
    if weight.kind not in _EXPONENT:
        return True
    numbers = _numbers(weight, _EXPONENT[weight.kind][0])
    return bool(np.any(numbers << 1))
