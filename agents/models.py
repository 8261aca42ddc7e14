"""Where a named model lies: ``shipped``, ``base``, ``live``, a checkpoint's id, a folder, or a hub name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from agents.checkpoints import MANIFEST, Manifest, read_checkpoint
from arena.db.checkpoints import StoredCheckpoint, find_checkpoint, live_checkpoint, register_checkpoint
from arena.errors import CheckpointError, UnknownName

_MODELS: Final = Path(__file__).parent / "shipped_models"
SHIPPED: Final = "shipped"
BASE: Final = "base"
LIVE: Final = "live"


def shipped_folder() -> Path:
    """The checkpoint that comes with the package.

    Raises:
        CheckpointError: this installation holds none (a source tree in which nobody has run ``arena bootstrap`` yet).
    """
    return _packaged(SHIPPED)


def base_folder() -> Path:
    """The supervised checkpoint that the shipped one was trained from; the shipped one itself where that is all there is."""
    return _packaged(BASE) if (_MODELS / BASE / MANIFEST).exists() else _packaged(SHIPPED)


def _packaged(name: str) -> Path:
    folder = _MODELS / name
    if not (folder / MANIFEST).exists():
        raise CheckpointError("No model comes with this installation. Make one with: arena bootstrap --minutes 10")
    return folder


def checkpoint_folder(engine: Engine, name: str) -> Path:
    """The folder of a registered or packaged checkpoint.

    Raises:
        UnknownName: nothing has this name.
        CheckpointError: the registered folder is gone.
    """
    match name:
        case "shipped":
            return shipped_folder()
        case "base":
            return base_folder()
        case "live":
            live = live_checkpoint(engine)
            return shipped_folder() if live is None else _present(live)
        case _:
            if (Path(name) / MANIFEST).exists():
                return Path(name).resolve()
            for folder in (shipped_folder, base_folder):
                try:
                    path = folder()
                except CheckpointError:
                    continue
                if read_checkpoint(path).id == name:
                    return path
            return _present(find_checkpoint(engine, name))


def model_source(engine: Engine, name: str) -> str | Path:
    """Like ``checkpoint_folder``, but a model folder without a manifest and a hub name (``owner/model``) will do too."""
    try:
        return checkpoint_folder(engine, name)
    except UnknownName as error:
        if Path(name).is_dir() or "/" in name:
            return name
        raise UnknownName(
            f"There is no model {name!r}. Give shipped, base, live, a checkpoint's id (arena checkpoints), "
            "a model folder, or a hub name such as Qwen/Qwen3-0.6B."
        ) from error


def register(engine: Engine, manifest: Manifest, folder: Path, created_at: float, *, live: bool) -> None:
    """Enter a checkpoint into the registry."""
    register_checkpoint(
        engine,
        StoredCheckpoint(
            id=manifest.id,
            path=str(folder),
            tokenizer=manifest.tokenizer,
            prompt_version=manifest.prompt_version,
            parent=manifest.parent,
            run=manifest.run,
            games=manifest.games,
            created_at=created_at,
            live=live,
            meta={"training": manifest.training, "figures": manifest.figures},
        ),
    )


def _present(checkpoint: StoredCheckpoint) -> Path:
    folder = Path(checkpoint.path)
    if not folder.exists():
        raise CheckpointError(f"Checkpoint {checkpoint.id} was at {folder}, which is gone.")
    return folder
