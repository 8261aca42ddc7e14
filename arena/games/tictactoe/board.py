"""The board of tic-tac-toe: squares by name, rows of three, and how a position is written."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

MARKS: Final = ("X", "O")
"""By seat. X begins."""
SQUARES: Final = ("nw", "n", "ne", "w", "c", "e", "sw", "s", "se")
"""Row by row from the top, each from the left, as on a map. Letters only, so that each can be one token."""
EMPTY: Final = "-"
LINE: Final = "────┼────┼────"
ROWS: Final = (
    *((3 * i, 3 * i + 1, 3 * i + 2) for i in range(3)),
    *((i, i + 3, i + 6) for i in range(3)),
    (0, 4, 8),
    (2, 4, 6),
)

Board = tuple[str, ...]
"""Nine of X, O and -, in the order of ``SQUARES``."""
BLANK: Final[Board] = (EMPTY,) * 9


_TURNED: Final = (6, 3, 0, 7, 4, 1, 8, 5, 2)
"""From where each square's mark comes when the board is turned by a quarter to the right."""
_MIRRORED: Final = (2, 1, 0, 5, 4, 3, 8, 7, 6)


@cache
def canonical(board: Board) -> Board:
    """The same for all boards that can be turned or mirrored into each other."""
    alike: list[Board] = []
    for _ in range(4):
        board = tuple(board[i] for i in _TURNED)
        alike += (board, tuple(board[i] for i in _MIRRORED))
    return min(alike)


def placed(board: Board, mark: str, square: str) -> Board:
    """The board with one more mark on it."""
    at = SQUARES.index(square)
    return (*board[:at], mark, *board[at + 1 :])


def free(board: Board) -> tuple[str, ...]:
    return tuple(square for square, mark in zip(SQUARES, board, strict=True) if mark == EMPTY)


def winner(board: Board) -> str | None:
    """The mark that has three in a row."""
    return next((board[a] for a, b, c in ROWS if board[a] != EMPTY and board[a] == board[b] == board[c]), None)


def drawn(board: Board) -> tuple[str, ...]:
    """The board as a picture; a free square shows its name."""
    cells = [f"{square:^4}" if mark == EMPTY else f" {mark}  " for square, mark in zip(SQUARES, board, strict=True)]
    rows = ["│".join(cells[i : i + 3]) for i in (0, 3, 6)]
    return (rows[0], LINE, rows[1], LINE, rows[2])


def in_words(board: Iterable[str]) -> str:
    """The board in one line, row by row: "X - - / - O - / - - -"."""
    marks = tuple(board)
    return " / ".join(" ".join(marks[i : i + 3]) for i in (0, 3, 6))
