"""A checkpoint on disk: a Hugging Face folder and ``arena.json``, which says what it is and proves that it is whole.

    CHECKPOINT/
      model.safetensors, config.json, tokenizer.json, tokenizer_config.json, …
      arena.json      id, parent, how it was made, and the sha256 of every other file

The id is the beginning of the hash over all files, so equal content has one id and a changed file is noticed. Only
safetensors are accepted; pickles and remote code never are.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from arena.errors import CheckpointError

MANIFEST: Final = "arena.json"
FORMAT: Final = 1
ID_LENGTH: Final = 12
_FORBIDDEN: Final = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".py"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``arena.json`` holds. ``games`` counts the matches that the weights were trained on, parents' included."""

    id: str
    parent: str | None
    run: str
    games: int
    tokenizer: str
    prompt_version: str
    training: dict[str, Any]
    files: dict[str, str]
    """File name → sha256, of every file but the manifest."""
    format: int = FORMAT
    figures: dict[str, Any] = field(default_factory=dict)
    """What was measured of it, if anything."""


def write_checkpoint(
    folder: Path,
    save: Callable[[Path], None],
    *,
    parent: str | None,
    run: str,
    games: int,
    tokenizer: str,
    prompt_version: str,
    training: Mapping[str, Any],
    figures: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> tuple[Manifest, Path]:
    """Write a checkpoint under ``folder``; it appears there whole or not at all.

    Args:
        save: writes model and tokenizer into the folder that it is given.
        name: of the new folder; the checkpoint's id where None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".draft-{uuid.uuid4().hex[:8]}"
    draft.mkdir()
    try:
        save(draft)
        files = _hashes(draft)
        manifest = Manifest(
            id=_id(files),
            parent=parent,
            run=run,
            games=games,
            tokenizer=tokenizer,
            prompt_version=prompt_version,
            training=dict(training),
            files=files,
            figures=dict(figures or {}),
        )
        (draft / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n")
        for path in draft.iterdir():
            _sync(path)
        target = folder / (name or manifest.id)
        if target.exists():
            shutil.rmtree(target)
        draft.rename(target)
        _sync(folder)
    finally:
        if draft.exists():
            shutil.rmtree(draft)
    return manifest, target


def read_checkpoint(folder: Path) -> Manifest:
    """The manifest of a checkpoint whose files were all found unchanged.

    Raises:
        CheckpointError: it is missing, cut short, changed, holds a forbidden kind of file or links out of its folder.
    """
    manifest = read_manifest(folder)
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise CheckpointError(f"{folder} holds a link ({path.name}); a checkpoint must hold plain files.")
        if path.suffix in _FORBIDDEN:
            raise CheckpointError(f"{folder} holds {path.name}: only safetensors and JSON are loaded.")
    found = _hashes(folder)
    for name, digest in manifest.files.items():
        if name not in found:
            raise CheckpointError(f"{folder} is not whole: {name} is missing.")
        if found[name] != digest:
            raise CheckpointError(f"{folder} is damaged: {name} is not the file that was written.")
    if manifest.id != _id(manifest.files):
        raise CheckpointError(f"{folder / MANIFEST} was changed: its id does not fit its files.")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What a checkpoint says of itself; its files are not looked at.

    Raises:
        CheckpointError: it says nothing that can be read.
    """
    try:
        raw = json.loads((folder / MANIFEST).read_text())
        manifest = Manifest(**raw)
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is not a checkpoint: it has no {MANIFEST}.") from None
    except (OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"{folder / MANIFEST} cannot be read: {error}") from error
    if manifest.format > FORMAT:
        raise CheckpointError(f"{folder} was written by a newer version of this program; upgrade social-arena.")
    return manifest


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name not in (MANIFEST, "README.md")
    }


def _id(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:ID_LENGTH]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
