"""Where a named model lies: ``shipped``, ``social``, ``base``, ``live``, a checkpoint's id, a folder, or a hub name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from agents.checkpoints import MANIFEST, Manifest, read_checkpoint, read_manifest
from arena.db.checkpoints import StoredCheckpoint, list_checkpoints, live_checkpoint, register_checkpoint
from arena.errors import CheckpointError, UnknownName, UserError

_MODELS: Final = Path(__file__).parent / "shipped_models"
SHIPPED: Final = "shipped"
SOCIAL: Final = "social"
BASE: Final = "base"
LIVE: Final = "live"
_BEFORE: Final = "took_over_from"
"""In what the registry keeps of a checkpoint: the one that was live before it went live."""
_HUB_NAME: Final = re.compile(r"\w[\w.-]*/[\w.-]+")


def shipped_folder() -> Path:
    """The checkpoint that comes with the package.

    Raises:
        CheckpointError: this installation holds none (a source tree in which nobody has run ``arena bootstrap`` yet).
    """
    return _packaged(SHIPPED)


def social_folder() -> Path:
    """The checkpoint that comes with the package and plays social scenarios as well as Werewolf.

    Raises:
        CheckpointError: this installation holds none.
    """
    return _packaged(SOCIAL)


def base_folder() -> Path:
    """The supervised checkpoint that the shipped one came from; the shipped one itself where it is all there is."""
    return _packaged(BASE) if (_MODELS / BASE / MANIFEST).exists() else _packaged(SHIPPED)


def _packaged(name: str) -> Path:
    folder = _MODELS / name
    if not (folder / MANIFEST).exists():
        raise CheckpointError("No model comes with this installation. Make one with: arena bootstrap --minutes 10")
    return folder


def checkpoint_folder(engine: Engine, name: str) -> Path:
    """The folder of a registered or packaged checkpoint, or ``name`` itself where it is such a folder.

    Raises:
        UnknownName: nothing has this name.
        CheckpointError: the registered folder is gone.
    """
    if name not in (SHIPPED, SOCIAL, BASE, LIVE) and (Path(name) / MANIFEST).exists():
        return Path(name).resolve()
    return registered_folder(engine, name)


def registered_folder(engine: Engine, name: str) -> Path:
    """The folder of a registered or packaged checkpoint. ``name`` may come from anybody: it is never taken for a path.

    Raises:
        UnknownName: nothing has this name.
        CheckpointError: the registered folder is gone.
    """
    match name:
        case "shipped":
            return shipped_folder()
        case "social":
            return social_folder()
        case "base":
            return base_folder()
        case "live":
            live = live_checkpoint(engine)
            return shipped_folder() if live is None else _present(live.id, Path(live.path))
        case _:
            known = known_checkpoints(engine)
            found = [c for c in known if c.id == name] or [c for c in known if name and c.id.startswith(name)]
            if len(found) == 1:
                return _present(found[0].id, found[0].path)
            if found:
                ids = ", ".join(c.id for c in found)
                raise UnknownName(f"{name!r} fits several checkpoints: {ids}. Give more of the id.")
            have = ", ".join((*(c.id for c in known), SHIPPED, SOCIAL, BASE, LIVE))
            raise UnknownName(f"There is no checkpoint {name!r}. There is: {have}.")


def model_source(engine: Engine, name: str) -> str | Path:
    """Like ``checkpoint_folder``, but a model folder without a manifest and a hub name (``owner/model``) will do."""
    try:
        return checkpoint_folder(engine, name)
    except UnknownName as error:
        if Path(name).is_dir() or _HUB_NAME.fullmatch(name):
            return name
        raise UnknownName(
            f"There is no model {name!r}. Give shipped, social, base, live, a checkpoint's id (arena checkpoints), "
            "a model folder, or a hub name such as Qwen/Qwen3-0.6B."
        ) from error


def games_taught(source: str | Path) -> frozenset[str]:
    """The games that a model was trained on, by name; none where that is not known, as of a hub's model: it may play
    any.

    Raises:
        CheckpointError: it is a checkpoint and not whole.
    """
    folder = Path(source)
    return taught_in(read_checkpoint(folder).training) if (folder / MANIFEST).exists() else frozenset()


def taught_in(training: Mapping[str, Any]) -> frozenset[str]:
    """The games of all stages that made a checkpoint, as its manifest's ``training`` tells them."""
    stage: Mapping[str, Any] | None = training
    games: set[str] = set()
    while stage:
        games.update(stage.get("games") or filter(None, [stage.get("game")]))
        stage = stage.get("before")
    return frozenset(games)


def register(engine: Engine, manifest: Manifest, folder: Path, created_at: float, *, live: bool) -> None:
    """Enter a checkpoint into the registry. With one that goes live, the one that was live before it is kept in mind:
    a roll-back leads there. Going back does not change what a checkpoint took over from itself."""
    known = {c.id: c for c in known_checkpoints(engine)}
    before = known[manifest.id].before if manifest.id in known else None
    last = next((c for c in known.values() if c.live), None)
    if live and last is not None and last.id != manifest.id and last.before != manifest.id:
        before = last.id
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
            meta={"training": manifest.training, "figures": manifest.figures, _BEFORE: before},
        ),
    )


@dataclass(frozen=True, slots=True)
class KnownCheckpoint:
    """A registered or packaged checkpoint. ``labels`` are the names that stand for it now: shipped, social, base,
    live. ``before`` was live until this one went live, if it ever did."""

    id: str
    parent: str | None
    games: int
    path: Path
    live: bool
    labels: tuple[str, ...]
    run: str | None = None
    created_at: float | None = None
    before: str | None = None


def known_checkpoints(engine: Engine) -> list[KnownCheckpoint]:
    """The registered checkpoints, newest first, then the packaged ones that are not among them.

    Where none is registered as live, the shipped one is.
    """
    own = (SHIPPED, SOCIAL, BASE)
    packaged = {name: read_manifest(_MODELS / name) for name in own if (_MODELS / name / MANIFEST).exists()}
    names = dict(packaged)
    if SHIPPED in packaged:
        names.setdefault(BASE, packaged[SHIPPED])
    stored = list_checkpoints(engine)
    live = next((c.id for c in stored if c.live), packaged[SHIPPED].id if SHIPPED in packaged else None)

    def labels(version: str) -> tuple[str, ...]:
        return (*(n for n, m in names.items() if m.id == version), *((LIVE,) if version == live else ()))

    known = [
        KnownCheckpoint(
            c.id, c.parent, c.games, Path(c.path), c.id == live, labels(c.id), c.run, c.created_at, c.meta.get(_BEFORE)
        )
        for c in stored
    ]
    for name, m in packaged.items():
        if all(c.id != m.id for c in known):
            path = _MODELS / name
            known.append(KnownCheckpoint(m.id, m.parent, m.games, path, m.id == live, labels(m.id), m.run))
    return known


def promote(engine: Engine, name: str, now: float) -> KnownCheckpoint:
    """Make a checkpoint live, registering it if need be. ``now`` is in seconds since the Unix epoch.

    Raises:
        UnknownName: nothing has this name.
        CheckpointError: it is not whole.
    """
    return _make_live(engine, checkpoint_folder(engine, name), now)


def promote_known(engine: Engine, checkpoint: str, now: float) -> KnownCheckpoint:
    """As ``promote``, for a whole id that may come from anybody: it is never taken for a path or a name."""
    found = next((c for c in known_checkpoints(engine) if c.id == checkpoint), None)
    if found is None:
        raise UnknownName("There is no such checkpoint.")
    return _make_live(engine, _present(found.id, found.path), now)


def before_live(known: Sequence[KnownCheckpoint]) -> str | None:
    """Where a roll-back leads: the id of what was live before the live one, or of its parent where that is not known;
    None where neither is there any more."""
    ids = {c.id for c in known}
    live = next((c for c in known if c.live), None)
    candidates = () if live is None else (live.before, live.parent)
    return next((c for c in candidates if c in ids), None)


def roll_back(engine: Engine, now: float) -> KnownCheckpoint:
    """Make live again what was live before.

    Raises:
        UserError: that is not known.
        CheckpointError: it is not whole.
    """
    before = before_live(known_checkpoints(engine))
    if before is None:
        raise UserError(
            "No checkpoint was live before this one. Name the one that you want: arena checkpoints --promote ID"
        )
    return promote_known(engine, before, now)


def _make_live(engine: Engine, folder: Path, now: float) -> KnownCheckpoint:
    manifest = read_checkpoint(folder)
    created_at = next((c.created_at for c in list_checkpoints(engine) if c.id == manifest.id), now)
    register(engine, manifest, folder, created_at, live=True)
    return next(c for c in known_checkpoints(engine) if c.id == manifest.id)


def _present(version: str, folder: Path) -> Path:
    if not folder.exists():
        raise CheckpointError(f"Checkpoint {version} was at {folder}, which is gone.")
    return folder
