"""Known lines of play, every position that there is, and the conformance tests."""

from __future__ import annotations

import pytest

from arena.errors import IllegalAct, OptionError
from arena.games.chance import Chance
from arena.games.conformance import assert_game_conforms
from arena.games.core import Act, Outcome, begin, step
from arena.games.tictactoe import TicTacToe
from arena.games.tictactoe.board import BLANK, SQUARES, canonical, free, in_words, winner
from arena.games.tictactoe.rules import State

GAME = TicTacToe()


def after(moves: str) -> State:
    chance = Chance(0)
    state, _ = begin(GAME, GAME.options({}), chance)
    for square in moves.split():
        state, _ = step(GAME, state, GAME.turns(state)[0], Act(choice=square), chance)
    return state


def test_it_conforms() -> None:
    assert_game_conforms(GAME, {}, range(30))


@pytest.mark.parametrize(
    ("moves", "winner", "reason", "returns"),
    [
        ("nw w n c ne", "X", "three_in_a_row", (1.0, -1.0)),
        ("n nw ne c w se", "O", "three_in_a_row", (-1.0, 1.0)),
        ("nw n ne c w e s sw se", "nobody", "board_full", (0.0, 0.0)),
        ("c nw sw ne n s w e se", "nobody", "board_full", (0.0, 0.0)),
        ("nw n w ne c sw se", "X", "three_in_a_row", (1.0, -1.0)),
    ],
)
def test_a_known_line_ends_as_it_should(moves: str, winner: str, reason: str, returns: tuple[float, ...]) -> None:
    assert GAME.outcome(after(moves)) == Outcome(winner, reason, ("X", "O"), returns)


def test_three_in_the_last_square_is_no_draw() -> None:
    assert GAME.outcome(after("nw n ne w e c s sw se")) == Outcome("X", "three_in_a_row", ("X", "O"), (1.0, -1.0))


def test_a_taken_square_is_refused() -> None:
    state = after("c")
    turn = GAME.turns(state)[0]
    assert "c" not in turn.choices
    with pytest.raises(IllegalAct):
        step(GAME, state, turn, Act(choice="c"), Chance(0))


def test_the_time_out_of_a_turn_takes_the_first_free_square() -> None:
    state = after("nw")
    state, _ = step(GAME, state, GAME.turns(state)[0], Act(), Chance(0), force_pass=True)
    assert state.board[:2] == ("X", "O")


def test_there_are_5478_positions_of_which_958_are_over() -> None:
    """The well-known counts (https://oeis.org/A008907 gives the games, 255,168)."""
    seen: set[tuple[str, ...]] = set()

    def games(board: tuple[str, ...], mark: str) -> int:
        seen.add(board)
        if winner(board) is not None or not free(board):
            return 1
        at = (i for i, m in enumerate(board) if m == "-")
        return sum(games((*board[:i], mark, *board[i + 1 :]), "O" if mark == "X" else "X") for i in at)

    assert games(BLANK, "X") == 255_168
    assert len(seen) == 5478
    assert len({canonical(b) for b in seen}) == 765
    assert sum(winner(b) is not None or not free(b) for b in seen) == 958


def test_the_board_is_read_row_by_row() -> None:
    state = after("nw se n")
    assert in_words(state.board) == "X X - / - - - / - - O"
    assert SQUARES[:3] == ("nw", "n", "ne")


def test_the_picture_shows_the_last_position() -> None:
    chance = Chance(0)
    state, events = begin(GAME, GAME.options({}), chance)
    assert GAME.picture(events)[0] == " nw │ n  │ ne "
    _, more = step(GAME, state, GAME.turns(state)[0], Act(choice="c"), chance)
    assert GAME.picture((*events, *more))[2] == " w  │ X  │ e  "


def test_it_has_no_options() -> None:
    with pytest.raises(OptionError, match="has no option 'size'"):
        GAME.options({"size": 4})
