"""The rules of tic-tac-toe. The whole board stands in each move's event, so that a line can show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from arena.games.chance import Chance
from arena.games.core import Act, Event, Game, Json, Outcome, Turn
from arena.games.tictactoe.board import (
    BLANK,
    EMPTY,
    MARKS,
    SQUARES,
    Board,
    canonical,
    drawn,
    free,
    in_words,
    placed,
    winner,
)
from arena.games.whole import whole_numbers

DRAW: Final = "nobody"
BUDGET_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class TicTacToeOptions:
    """There are none."""


@dataclass(frozen=True, slots=True)
class State:
    """``moves`` is the number of marks on the board; ``ending`` why the match is over, empty until then."""

    board: Board = BLANK
    moves: int = 0
    ending: str = ""


class TicTacToe(Game[TicTacToeOptions, State]):
    name: ClassVar[str] = "tictactoe"
    title: ClassVar[str] = "Tic-tac-toe"
    summary: ClassVar[str] = "Two players, nine squares: three in a row wins."
    words: ClassVar[tuple[str, ...]] = (*MARKS, *SQUARES, EMPTY, "/")
    decisive: ClassVar[frozenset[str]] = frozenset({"move"})

    def options(self, raw: Mapping[str, Json]) -> TicTacToeOptions:
        whole_numbers(self.title, raw, {})
        return TicTacToeOptions()

    def options_json(self, options: TicTacToeOptions) -> dict[str, Json]:
        return {}

    def seat_count(self, options: TicTacToeOptions) -> int:
        return 2

    def opening(self, options: TicTacToeOptions, chance: Chance) -> tuple[Event, ...]:
        return (Event("started", {"names": list(MARKS), "options": {}}),)

    def blank(self) -> State:
        return State()

    def apply(self, state: State, event: Event) -> State:
        match event.kind:
            case "moved":
                return replace(state, board=tuple(event.data["board"]), moves=state.moves + 1)
            case "ended":
                return replace(state, ending=event.data["reason"])
            case _:
                return state

    def turns(self, state: State) -> tuple[Turn, ...]:
        if state.ending:
            return ()
        return (
            Turn(
                f"move{state.moves + 1}",
                state.moves % 2,
                "move",
                "Which square do you take?",
                choices=free(state.board),
                budget_s=BUDGET_S,
                may_pass=False,
            ),
        )

    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        square = act.choice or turn.choices[0]  # whoever runs out of time takes the first free square
        board = placed(state.board, MARKS[turn.seat], square)
        return (Event("moved", {"seat": turn.seat, "square": square, "board": list(board)}),)

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        if state.ending:
            return ()
        if (mark := winner(state.board)) is not None:
            return (Event("ended", {"winner": mark, "reason": "three_in_a_row"}),)
        if not free(state.board):
            return (Event("ended", {"winner": DRAW, "reason": "board_full"}),)
        return ()

    def outcome(self, state: State) -> Outcome | None:
        if not state.ending:
            return None
        mark = winner(state.board)
        returns = tuple(0.0 if mark is None else 1.0 if mark == own else -1.0 for own in MARKS)
        return Outcome(mark or DRAW, state.ending, MARKS, returns)

    def standing(self, state: State) -> str:
        """The board. How it lies does not decide who wins, so boards that can be turned into each other are one."""
        return "".join(canonical(state.board))

    def sides(self, state: State) -> tuple[str, ...]:
        return MARKS

    def seat_names(self, state: State) -> tuple[str, ...]:
        return MARKS

    def phase(self, state: State) -> str:
        return "Over" if state.ending else f"Move {state.moves + 1}"

    def max_acts(self, options: TicTacToeOptions) -> int:
        return 9

    def line(self, names: Sequence[str], event: Event) -> str:
        d = event.data
        match event.kind:
            case "started":
                return f"Tic-tac-toe. X begins. {in_words(BLANK)}"
            case "moved":
                return f"{names[d['seat']]} takes {d['square']}: {in_words(d['board'])}"
            case "ended":
                return "Nobody has three in a row: a draw." if d["winner"] == DRAW else f"{d['winner']} wins."
            case _:
                return ""

    def cue(self, names: Sequence[str], turn: Turn) -> str:
        return f"{names[turn.seat]} takes"

    def rules(self, seen: Sequence[Event]) -> str:
        return (
            "Two players, X and O, take turns, X first. Each takes a free square of a board of three by three. Whoever "
            "first has three in a row (across, down or diagonal) wins; when the board is full before that, nobody does."
            "\nThe squares are named as on a map: nw n ne are the top row, w c e the middle one, sw s se the bottom "
            "one. The board is written row by row from the top, a free square as a dash."
        )

    def picture(self, seen: Sequence[Event]) -> tuple[str, ...]:
        board = next((e.data["board"] for e in reversed(seen) if e.kind == "moved"), BLANK)
        return drawn(tuple(board))
