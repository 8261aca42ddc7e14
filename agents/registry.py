"""Minds by the name of a seat's filling."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Engine

from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import script_by_name
from arena.errors import UnknownName
from arena.games.core import Game
from arena.rooms.minds import Mind


class ScriptedMinds:
    """A ``MindSource`` without a model: ``scripted:NAME`` and ``random``."""

    live_checkpoint: str | None = None

    def __init__(self) -> None:
        self._minds: dict[str, ScriptedMind] = {}

    def mind(self, fill: str) -> Mind:
        """
        Raises:
            UnknownName: nothing has this name.
        """
        if fill not in self._minds:
            if fill != "random" and not fill.startswith("scripted:"):
                raise UnknownName(f"This server runs no model, so {fill!r} cannot play. Use scripted:careful or random.")
            name = fill.removeprefix("scripted:")
            self._minds[fill] = ScriptedMind(name, script_by_name(name), secrets.token_hex(16))
        return self._minds[fill]

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass


def open_minds(*, model: str, engine: Engine, game: Game[Any, Any]) -> ScriptedMinds:
    """
    Raises:
        UnknownName: there is no such model.
    """
    if model != "none":
        raise UnknownName(f"There is no model {model!r} yet. Use --model none.")
    return ScriptedMinds()
