"""The games by name. Adding a game is one line here and one folder beside this file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pkgutil import resolve_name
from typing import Any, Final

from arena.errors import UnknownName
from arena.games.core import Game

_WHERE: Final = {
    "werewolf": "arena.games.werewolf:Werewolf",
    "scenario": "arena.games.scenario.rules:ScenarioGame",
    "tictactoe": "arena.games.tictactoe:TicTacToe",
    "kuhn": "arena.games.kuhn:Kuhn",
    "negotiation": "arena.games.negotiation:Negotiation",
}


class _Games(Mapping[str, Game[Any, Any]]):
    """A game's rules are imported when somebody wants them: a player's terminal wants those of one."""

    def __getitem__(self, name: str) -> Game[Any, Any]:
        return _made(_WHERE[name])

    def __iter__(self) -> Iterator[str]:
        return iter(_WHERE)

    def __len__(self) -> int:
        return len(_WHERE)

    def __contains__(self, name: object) -> bool:
        return name in _WHERE


@cache
def _made(where: str) -> Game[Any, Any]:
    return resolve_name(where)()


GAMES: Final[Mapping[str, Game[Any, Any]]] = _Games()


def game_by_name(name: str) -> Game[Any, Any]:
    """
    Raises:
        UnknownName: no game has this name.
    """
    try:
        return GAMES[name]
    except KeyError:
        raise UnknownName(f"There is no game {name!r}. There is: {', '.join(sorted(GAMES))}.") from None
