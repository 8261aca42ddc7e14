"""The games by name. Adding a game is one line here and one folder beside this file."""

from __future__ import annotations

from typing import Any

from arena.errors import UnknownName
from arena.games.core import Game
from arena.games.kuhn import Kuhn
from arena.games.negotiation import Negotiation
from arena.games.scenario.rules import ScenarioGame
from arena.games.tictactoe import TicTacToe
from arena.games.werewolf import Werewolf

GAMES: dict[str, Game[Any, Any]] = {
    game.name: game for game in (Werewolf(), ScenarioGame(), TicTacToe(), Kuhn(), Negotiation())
}


def game_by_name(name: str) -> Game[Any, Any]:
    """
    Raises:
        UnknownName: no game has this name.
    """
    try:
        return GAMES[name]
    except KeyError:
        raise UnknownName(f"There is no game {name!r}. There is: {', '.join(sorted(GAMES))}.") from None
