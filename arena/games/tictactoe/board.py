"""The board of tic-tac-toe: squares by name, rows of three, and how a position is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MARKS: Final = ("X", "O")
"""By seat. X begins."""
SQUARES: Final = tuple(f"{column}{row}" for row in "123" for column in "abc")
"""Row by row from the top, each from the left: a1 is at the top left, c3 at the bottom right."""
EMPTY: Final = "-"
ROWS: Final = (
    *((3 * i, 3 * i + 1, 3 * i + 2) for i in range(3)),
    *((i, i + 3, i + 6) for i in range(3)),
    (0, 4, 8),
    (2, 4, 6),
)

Board = tuple[str, ...]
"""Nine of X, O and -, in the order of ``SQUARES``."""
BLANK: Final[Board] = (EMPTY,) * 9


def placed(board: Board, mark: str, square: str) -> Board:
    """The board with one more mark on it."""
    at = SQUARES.index(square)
    return (*board[:at], mark, *board[at + 1 :])


def free(board: Board) -> tuple[str, ...]:
    return tuple(square for square, mark in zip(SQUARES, board, strict=True) if mark == EMPTY)


def winner(board: Board) -> str | None:
    """The mark that has three in a row."""
    return next((board[a] for a, b, c in ROWS if board[a] != EMPTY and board[a] == board[b] == board[c]), None)


def in_words(board: Iterable[str]) -> str:
    """The board in one line, row by row: "X - - / - O - / - - -"."""
    marks = tuple(board)
    return " / ".join(" ".join(marks[i : i + 3]) for i in (0, 3, 6))
