"""Scripted matches as supervised lessons: the prompts that a model would have got, with the teacher's answers.

Talk is taught by the words that were said; a choice by the teacher's whole distribution over the legal options, which
says far more than the one sample that was played.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from agents.llm.prompt import Codec, answer_tokens, option_tokens
from agents.llm.reading import MatchReader
from agents.scripted.registry import script_by_name
from agents.scripted.table import ScriptedGame, play
from arena.games.core import Game, visible
from training.packing import Branch, TokenGame

TEACHERS: Final = {
    "werewolf": {"careful": 0.5, "bold": 0.3, "sly": 0.2},
    "scenario": {"fair": 0.35, "honest": 0.25, "greedy": 0.15, "bluffing": 0.15, "stubborn": 0.1},
}
"""How often each script teaches a seat, by game; others are played at random, which shows all words and teaches
nothing."""


PROBE: Final = "probe"
"""The kind of a vote that is asked for before it is due."""


@dataclass(frozen=True, slots=True)
class Target:
    """What one branch teaches. For a choice with options of one token each, ``options`` and ``weights`` (same order)
    are the teacher's distribution; otherwise both are empty and the branch's answer is the target. ``on_truth`` says
    for each option whether it is a werewolf, where the branch is a villager's vote (for measuring, never for
    training)."""

    kind: str
    options: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    on_truth: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """One row of a match and what its branches teach, in their order."""

    game: TokenGame
    targets: tuple[Target, ...]


def lessons(
    codec: Codec, game: Game[Any, Any], played: ScriptedGame, talk_share: float = 1.0, seed: object = 0
) -> list[Lesson]:
    """The match as tokens, one branch a turn: a lesson a row (see ``agents.llm.reading``).

    Args:
        talk_share: of the turns that want words, how many are kept. Words are learnt long before choices are; the
            others ask for the vote that the teacher would cast at that moment instead.
    """
    random = Random(f"talk/{seed}")
    reading = MatchReader(codec, game)
    streams: dict[int, tuple[Any, ...]] = {}
    taught: dict[int, list[tuple[Branch, Target]]] = {}
    sides = played.outcome.sides
    names: tuple[str, ...] = ()
    for turn in played.turns:
        if turn.seat not in streams:
            streams[turn.seat] = visible(played.events, turn.seat)
        # Also where the turn is left out below:
        reader, place, _ = reading.read_on(turn.seat, streams[turn.seat][: turn.events_seen])
        names = reader.names
        asked = turn.turn
        if asked.text_limit and random.random() >= talk_share:
            if turn.probe is None:
                continue
            asked = turn.probe
        options = option_tokens(codec, asked)
        # An answer to a probe stands for the question only: the weights are what is learnt.
        answer = options[0] if asked is turn.probe else answer_tokens(codec, asked, turn.act)
        if options and turn.weights and all(len(o) == 1 for o in options):
            villager = asked.kind == "vote" and sides[turn.seat] == "village"
            target = Target(
                PROBE if asked is turn.probe else asked.kind,
                tuple(o[0] for o in options),
                tuple(turn.weights[c] for c in asked.choices),
                tuple(sides[names.index(c)] == "werewolves" for c in asked.choices) if villager else (),
            )
        elif asked is turn.probe:
            continue
        else:
            target = Target(asked.kind)
        taught.setdefault(place.epoch, []).append((Branch(place.length, reader.branch(codec, asked), answer), target))
    rows = reading.rows()
    return [
        Lesson(TokenGame(tuple(rows[row]), tuple(b for b, _ in of_row)), tuple(t for _, t in of_row))
        for row, of_row in taught.items()
    ]


def drawn_options(game: Game[Any, Any], random: Random) -> Any:
    """Mostly the default rules; of Werewolf in one match of eight others, so that the model knows them too. Scenarios
    of all families, the easy and the hard, mostly for two."""
    if game.name == "scenario":
        return game.options(
            {
                "seats": random.choices([2, 3, 4], [0.88, 0.1, 0.02])[0],
                "difficulty": random.choice([1, 2, 3]),
                "order": random.choices(["round", "parallel", "open"], [0.8, 0.1, 0.1])[0],
                "turns": random.choices([10, 14, 20], [0.3, 0.3, 0.4])[0],
            }
        )
    if game.name != "werewolf" or random.random() < 0.875:
        return game.options({})
    return game.options(
        {
            "discussion": random.choice(["rounds", "parallel"]),
            "talk_rounds": random.choice([1, 2]),
            "reveal": random.choice(["nothing", "side", "role"]),
            "first_night_kill": random.random() < 0.5,
        }
    )


def scripted_games(game: Game[Any, Any], seed: int, default_rules: bool = False) -> Iterator[ScriptedGame]:
    """Matches of teachers without end. The same seed gives the same matches."""
    random = Random(f"lessons/{seed}")
    teachers = TEACHERS.get(game.name, {"random": 1.0})
    names, weights = list(teachers), list(teachers.values())
    number = 0
    while True:
        options = game.options({}) if default_rules else drawn_options(game, random)
        seats = game.seat_count(options)
        makers = [script_by_name(name, game.name) for name in random.choices(names, weights, k=seats)]
        yield play(game, options, f"{seed}/{number}", makers)
        number += 1
