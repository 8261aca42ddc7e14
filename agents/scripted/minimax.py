"""The perfect player of tic-tac-toe. It never loses; among moves that are equally good it draws."""

from __future__ import annotations

from functools import cache
from random import Random

from arena.games.core import Event, Turn
from arena.games.tictactoe.board import BLANK, MARKS, SQUARES, Board, free, placed, winner


@cache
def value(board: Board, mark: str) -> int:
    """What ``mark``, who is to move, gets where both play perfectly: 1 won, 0 drawn, -1 lost."""
    if winner(board) is not None:
        return -1  # the other has just completed a row
    squares = free(board)
    if not squares:
        return 0
    return max(-value(placed(board, mark, square), other(mark)) for square in squares)


@cache
def best(board: Board, mark: str) -> tuple[str, ...]:
    """All moves that keep what the position is worth."""
    worth = value(board, mark)
    return tuple(s for s in free(board) if -value(placed(board, mark, s), other(mark)) == worth)


def other(mark: str) -> str:
    return MARKS[1 - MARKS.index(mark)]


class Minimax:
    """Draws one of the best moves."""

    def __init__(self, random: Random) -> None:
        self._board = BLANK

    def see(self, event: Event) -> None:
        if event.kind == "moved":
            self._board = tuple(event.data["board"])

    def weigh(self, turn: Turn) -> dict[str, float]:
        moves = best(self._board, MARKS[turn.seat])
        return {s: 1 / len(moves) if s in moves else 0.0 for s in SQUARES if s in turn.choices}

    def say(self, turn: Turn) -> str:
        return ""
