"""Tic-tac-toe: two players, nine squares, three in a row wins."""

from arena.games.tictactoe.rules import TicTacToe

__all__ = ["TicTacToe"]
