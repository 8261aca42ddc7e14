"""The scripts by game and name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from agents.scripted.base import Script
from agents.scripted.equilibrium import Equilibrium
from agents.scripted.minimax import Minimax
from agents.scripted.negotiators.negotiator import NEGOTIATORS
from agents.scripted.player import Bold, Careful, Sly
from agents.scripted.random_script import Chatterer, RandomScript
from agents.scripted.trader import Trader
from arena.errors import UnknownName
from arena.games.registry import game_by_name

Maker = Callable[[Random], Script]
WEREWOLF: Final[dict[str, Maker]] = {"careful": Careful, "bold": Bold, "sly": Sly, "random": Chatterer}
_SCRIPTS: Final[dict[str, dict[str, Maker]]] = {
    "werewolf": WEREWOLF,
    "scenario": {**NEGOTIATORS},
    "tictactoe": {"minimax": Minimax},
    "kuhn": {"equilibrium": Equilibrium},
    "negotiation": {"trader": Trader},
}


def scripts_of(game: str) -> Mapping[str, Maker]:
    """The scripts that can play a game, the one to take where nothing is said first; "random" is always among them."""
    own = _SCRIPTS.get(game, {})
    return own if "random" in own else {**own, "random": RandomScript}


def script_by_name(name: str, game: str) -> Maker:
    """
    Raises:
        UnknownName: no script of this name plays this game; the message names those that do.
    """
    have = scripts_of(game)
    try:
        return have[name]
    except KeyError:
        others = [game_by_name(g).title for g, scripts in _SCRIPTS.items() if name in scripts]
        title = game_by_name(game).title
        why = (
            f"The script {name!r} plays {', '.join(others)}, not {title}."
            if others
            else f"There is no script {name!r}."
        )
        raise UnknownName(f"{why} For {title} there is: {', '.join(sorted(have))}.") from None


def stand_in(game: str) -> str:
    """The filling that plays a game where no model can: its first script."""
    name = next(iter(scripts_of(game)))
    return name if name == "random" else f"scripted:{name}"
