"""The perfect player of tic-tac-toe, Kuhn's equilibrium, and which script plays which game."""

from __future__ import annotations

import pytest

from agents.registry import Minds
from agents.scripted.equilibrium import Equilibrium
from agents.scripted.minimax import Minimax, best, other, value
from agents.scripted.random_script import RandomScript
from agents.scripted.registry import script_by_name, scripts_of, stand_in
from agents.scripted.table import play
from arena.errors import UnknownName
from arena.games.registry import GAMES, game_by_name
from arena.games.tictactoe.board import BLANK, Board, free, placed, winner

TICTACTOE, KUHN = game_by_name("tictactoe"), game_by_name("kuhn")


def test_tictactoe_is_a_draw_and_any_first_move_keeps_it() -> None:
    assert value(BLANK, "X") == 0
    assert len(best(BLANK, "X")) == 9


@pytest.mark.parametrize("mine", ["X", "O"])
def test_minimax_never_loses_whatever_the_other_does(mine: str) -> None:
    """Every reply of the other against every best move."""

    def ends(board: Board, mark: str) -> set[str | None]:
        if winner(board) is not None or not free(board):
            return {winner(board)}
        moves = best(board, mark) if mark == mine else free(board)
        return set().union(*(ends(placed(board, mark, s), other(mark)) for s in moves))

    assert ends(BLANK, "X") == {None, mine}


def test_minimax_wins_where_it_can() -> None:
    board = ("X", "X", "-", "O", "O", "-", "-", "-", "-")
    assert best(board, "X") == ("ne",)
    assert set(best(board, "O")) == {"ne", "e"}, "who blocks first still wins"


def test_minimax_plays_a_whole_match() -> None:
    results = [
        play(TICTACTOE, TICTACTOE.options({}), seed, [Minimax, RandomScript]).outcome.returns[0] for seed in range(30)
    ]
    assert min(results) >= 0
    assert max(results) == 1
    drawn = play(TICTACTOE, TICTACTOE.options({}), 1, [Minimax, Minimax]).outcome
    assert drawn.winner == "nobody"


def test_the_equilibrium_reads_each_hand_anew() -> None:
    played = play(KUHN, KUHN.options({"hands": 50}), 1, [Equilibrium, Equilibrium])
    acts = [e.data["act"] for e in played.events if e.kind == "acted"]
    assert set(acts) == {"check", "bet", "call", "fold"}
    folds_king = [t for t in played.turns if t.weights == {"call": 1.0, "fold": 0.0} and t.act.choice == "fold"]
    assert not folds_king


def test_scripts_are_refused_where_they_do_not_know_the_game() -> None:
    with pytest.raises(UnknownName, match=r"'careful' plays Werewolf, not Kuhn poker\. .*equilibrium, random"):
        script_by_name("careful", "kuhn")
    with pytest.raises(UnknownName, match="There is no script 'brave'"):
        script_by_name("brave", "tictactoe")
    with pytest.raises(UnknownName, match="plays Tic-tac-toe, not Werewolf"):
        Minds(None).mind("scripted:minimax", "werewolf")


@pytest.mark.parametrize("name", GAMES)
def test_every_game_has_a_stand_in_and_a_random_player(name: str) -> None:
    assert "random" in scripts_of(name)
    assert Minds(None).usual(name) == stand_in(name)
    game = GAMES[name]
    options = game.options({})
    play(game, options, 3, [scripts_of(name)["random"]] * game.seat_count(options))


def test_a_model_fills_seats_of_the_games_that_it_was_taught() -> None:
    class Loaded:
        live_version = "tiny"

    minds = Minds(Loaded(), games=frozenset({"werewolf"}))  # pyright: ignore[reportArgumentType]
    assert minds.usual("werewolf") == "self"
    assert minds.usual("kuhn") == "scripted:equilibrium"
    with pytest.raises(UnknownName, match=r"was taught Werewolf, not Kuhn poker\. .*scripted:equilibrium, random"):
        minds.mind("self", "kuhn")
    anything = Minds(Loaded())  # pyright: ignore[reportArgumentType]
    assert anything.usual("kuhn") == "self"


def test_the_source_of_chance_decides_among_equal_moves() -> None:
    first = {play(TICTACTOE, TICTACTOE.options({}), s, [Minimax, Minimax]).events[1].data["square"] for s in range(30)}
    assert len(first) > 3
