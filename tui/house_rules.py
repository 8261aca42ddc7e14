"""What can be chosen for a new game, as data: a row a choice. The dialog draws whatever stands here.

Values that the rules of this program do not take are left out, so a row may name what only some versions know.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from arena.errors import ArenaError
from arena.games.registry import GAMES, game_by_name
from tui.faces.registry import face_of
from tui.rows import Choice, Value


@dataclass(frozen=True, slots=True)
class NewGameChoice:
    """What was chosen: the game and its ``options``, who fills the seats, and the terms as ``CreateRoom`` has them."""

    game: str = "werewolf"
    options: Mapping[str, Any] = field(default_factory=dict)
    fills: tuple[str, ...] | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)


def _switch(name: str, label: str, start: bool, says: str) -> Choice:
    return Choice(name, label, (Value(False, "no", says), Value(True, "yes", says)), start, says)


_WEREWOLF: Final = (
    Choice("seats", "Seats", tuple(Value(n, str(n)) for n in range(3, 33)), 7, "Players at the table, you included."),
    Choice(
        "discussion",
        "Discussion",
        (
            Value("rounds", "rounds", "One after the other, in an order drawn anew each day."),
            Value("parallel", "parallel", "All write at once; everybody hears the others when the last has spoken."),
            Value("open", "open", "Who wants to speak bids for the floor."),
        ),
        "rounds",
    ),
    Choice(
        "talk_rounds",
        "Talk rounds a day",
        tuple(Value(n, str(n)) for n in range(1, 6)),
        1,
        "How often each may speak before the vote.",
    ),
    Choice(
        "reveal",
        "The dead show",
        (
            Value("role", "role", "The village learns the role of everybody who dies."),
            Value("side", "side", "The village learns only whether the dead were werewolves."),
            Value("nothing", "nothing", "The village learns nothing of the dead."),
        ),
        "role",
    ),
    _switch("first_night_kill", "Kill in night 1", True, "Whether anybody can die in the first night."),
    Choice(
        "tie",
        "A tied vote",
        (
            Value("none", "nobody", "Nobody is exiled on a tie."),
            Value("second_vote", "votes again", "The village votes once more, among those who are tied."),
            Value("random", "draws", "Chance decides among those who are tied."),
        ),
        "none",
    ),
    _switch("mayor", "Mayor", False, "The village elects a mayor, whose vote counts twice."),
    _switch("open_vote", "Open ballots", True, "Whether everybody sees afterwards who voted for whom."),
)
_RULES: Final[Mapping[str, tuple[Choice, ...]]] = {
    "werewolf": _WEREWOLF,
    "kuhn": (
        Choice(
            "hands",
            "Hands",
            tuple(Value(n, str(n)) for n in (1, 5, 10, 20, 50)),
            1,
            "How many are played; whoever has won more chips in all wins.",
        ),
    ),
    "negotiation": (
        Choice(
            "rounds", "Rounds", tuple(Value(n, str(n)) for n in range(1, 7)), 3, "How often each may offer a trade."
        ),
    ),
}
PEOPLE: Final = Choice(
    "people", "Seats for people", (), 1, "The game begins when all of them are taken, or when you say so."
)
_FILLS: Final[Mapping[str, tuple[Value, ...]]] = {
    "werewolf": (
        Value("self", "model", "The language model plays every other seat (scripts, where no model is loaded)."),
        Value("scripted:careful", "careful script", "A script without a model, which weighs what it hears."),
        Value("scripted:bold", "bold script", "A script without a model, which accuses early."),
        Value("scripted:sly", "sly script", "A script without a model, which hides well."),
    ),
    "tictactoe": (
        Value("scripted:minimax", "perfect script", "A script that never loses."),
        Value("random", "any move", "A script that takes any square."),
        Value("self", "model", "The server's model, where it has learnt this game."),
    ),
    "kuhn": (
        Value("scripted:equilibrium", "perfect script", "A script that wins the most that can be counted on."),
        Value("random", "anything", "A script that does anything at all."),
        Value("self", "model", "The server's model, where it has learnt this game."),
    ),
    "scenario": (
        Value("scripted:fair", "fair", "A script that looks for what is good for all."),
        Value("scripted:honest", "honest", "A script that says what it wants, and means it."),
        Value("scripted:stubborn", "stubborn", "A script that hardly gives way."),
        Value("scripted:greedy", "greedy", "A script that wants the most for itself."),
        Value("scripted:bluffing", "bluffing", "A script that says what helps it."),
        Value("random", "anything", "A script that does anything at all."),
        Value("self", "model", "The server's model, where it has learnt this game; else a script."),
    ),
    "negotiation": (
        Value("scripted:trader", "trader", "A script that takes whatever helps it, and tells nobody what that is."),
        Value("random", "anything", "A script that does anything at all, and says nothing."),
        Value("self", "model", "The server's model, where it has learnt this game."),
    ),
}
_WEREWOLF_TERMS: Final = frozenset({"dead_talk", "night_s"})
"""Terms that mean something only where somebody can die, or has something to do in secret."""
_TERMS: Final = (
    _switch("private", "Private", False, "In no list: only those whom you tell the code can join."),
    _switch("blind", "Blind", False, "Until the end nobody is told which seats people play."),
    _switch("dead_talk", "The dead may talk", False, "People who are out of the game may talk among themselves."),
    Choice(
        "night_s",
        "Nights last",
        (
            Value(None, "as is usual", "As the server likes it: by default 20 seconds or more, with several people."),
            Value(0.0, "until done", "Dawn comes when all have acted: with several people its hour tells something."),
            Value(45.0, "45 s or more", "With several people: whoever acts within 45 seconds is not given away by it."),
            Value(
                120.0, "2 min or more", "With several people: whoever acts within 2 minutes is not given away by it."
            ),
        ),
        None,
    ),
    Choice(
        "show_all_after_s",
        "Watchers see all",
        (
            Value(None, "at the end", "Spectators see what everybody sees, and the secrets after the end."),
            Value(300.0, "5 min later", "Spectators may see every secret, five minutes late."),
            Value(60.0, "1 min later", "Spectators may see every secret, a minute late: they must not tell."),
            Value(0.0, "at once", "Spectators may see every secret at once: they must not tell."),
        ),
        None,
    ),
)


def rules(game: str, picked: Mapping[str, Any] | None = None) -> tuple[Choice, ...]:
    """The rows about the rules, with those values that the game takes beside what is ``picked``."""
    if game == "scenario":
        from tui import scenario_rows

        return scenario_rows.rows(picked or {})
    return _fixed(game)


@lru_cache
def _fixed(game: str) -> tuple[Choice, ...]:
    known = []
    for choice in _RULES.get(game, ()):
        values = tuple(v for v in choice.values if _takes(game, choice.name, v.value))
        if len(values) > 1 or choice.name == "seats":
            known.append(Choice(choice.name, choice.label, values, choice.start, choice.says))
    return tuple(known)


def games() -> Choice:
    """Which game, by its title."""
    values = tuple(Value(game.name, game.title, game.summary) for game in GAMES.values())
    return Choice("game", "Game", values, values[0].value)


def people(seats: int) -> Choice:
    """How many of the seats are open to people. Which ones does not matter: the roles are dealt by chance."""
    values = tuple(Value(n, str(n)) for n in range(1, seats + 1))
    return Choice(PEOPLE.name, PEOPLE.label, values, PEOPLE.start, PEOPLE.says)


def terms(game: str) -> tuple[Choice, ...]:
    """Who fills the other seats, and what the room agrees on."""
    return (others(game), *(t for t in _TERMS if face_of(game).has_dead or t.name not in _WEREWOLF_TERMS))


def others(game: str) -> Choice:
    """Who plays the seats that no person takes."""
    fills = _FILLS.get(game, (Value("random", "anything", "A script that does anything at all."),))
    return Choice("fill", "Others played by", fills, fills[0].value)


def fillings(
    seats: int, people: int, others: str, shuffle: Callable[[list[str]], None] = random.shuffle
) -> tuple[str, ...]:
    """An entry a seat; which seats are open to people is drawn."""
    fills = ["open"] * people + [others] * (seats - people)
    shuffle(fills)
    return tuple(fills)


def rows(game: str, picked: Mapping[str, Any] | None = None) -> dict[str, Choice]:
    """All rows of the dialog for a game, by name, given what is picked so far."""
    own = list(rules(game, picked))
    number = next((c for c in own if c.name == "seats"), None)
    seats = seat_count(game) if number is None else _value(number, picked or {})
    at = max((n + 1 for n, c in enumerate(own) if c.name in ("seats", "scenario")), default=0)
    own.insert(at, people(seats))
    return {c.name: c for c in (replace(games(), start=game), *own, *terms(game))}


def _value(row: Choice, picked: Mapping[str, Any]) -> Any:
    """What is picked in this row, as far as it is still offered."""
    value = picked.get(row.name, row.start)
    return value if any(v.value == value for v in row.values) else row.start


def seat_count(game: str, options: Mapping[str, Any] | None = None) -> int:
    rules_of = game_by_name(game)
    return rules_of.seat_count(rules_of.options(options or {}))


def chosen(
    values: Mapping[str, Any],
    shuffle: Callable[[list[str]], None] = random.shuffle,
    pick: Callable[[Sequence[str]], str] = random.choice,
) -> NewGameChoice:
    """What the picked ``values``, by name, mean to the server. Options at the game's own default are left out."""
    game = values["game"]
    if game == "scenario":
        from tui import scenario_rows

        options = scenario_rows.options(values, pick)
    else:
        options = {c.name: values[c.name] for c in rules(game) if values[c.name] != c.start}
    seats = seat_count(game, options)
    fills = fillings(seats, min(values[PEOPLE.name], seats), values["fill"], shuffle)
    names = [c.name for c in terms(game) if c.name != "fill"]
    return NewGameChoice(game, options, fills, {n: values[n] for n in names if not _is_default(values[n])})


def _is_default(value: Any) -> bool:
    return value is None or value is False


def _takes(game: str, name: str, value: Any) -> bool:
    try:
        game_by_name(game).options({name: value})
    except ArenaError:
        return False
    return True
