"""A whole match as text: every event with its audience, then the match as each seat saw it.

    python -m arena.games.playthrough werewolf 7 talk_rounds=2 > tests/playthroughs/werewolf_talk.txt

The first line of the file is the command's arguments, so a test can write it again and compare.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arena.games.conformance import played
from arena.games.core import Game, visible
from arena.games.registry import game_by_name


def playthrough(game: Game[Any, Any], seed: int, raw_options: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the file."""
    given = (f"{k}={json.dumps(v, separators=(',', ':'))}" for k, v in raw_options.items())
    yield " ".join([game.name, str(seed), *given])
    options = game.options(raw_options)
    steps = list(played(game, options, seed))
    names = game.seat_names(steps[0].state)
    yield ""
    for s in steps:
        if s.turn is not None:
            said = json.dumps({"text": s.act.text, "choice": s.act.choice}, ensure_ascii=False)
            yield f"> seat {s.turn.seat} {s.turn.id} {s.turn.kind} {said}"
        for event in s.events:
            audience = json.dumps(event.audience.to_json())
            data = json.dumps(dict(event.data), ensure_ascii=False, sort_keys=True)
            yield f"  {event.kind} {audience} {data}"
    yield f"= {game.outcome(steps[-1].state)}"
    events = [e for s in steps for e in s.events]
    for seat in (None, *range(len(names))):
        yield ""
        yield "What everybody saw:" if seat is None else f"What seat {seat}, {names[seat]}, saw:"
        for n, event in enumerate(visible(events, seat)):
            yield f"  {n} {game.line(names, event)}".rstrip()


def from_arguments(arguments: Sequence[str]) -> Iterator[str]:
    """The lines for ``GAME SEED [OPTION=JSON ...]``.

    Raises:
        UnknownName: there is no such game.
        OptionError: the game has no such option or value.
    """
    name, seed, *pairs = arguments
    options = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            options[key] = json.loads(value)
        except json.JSONDecodeError:
            options[key] = value
    return playthrough(game_by_name(name), int(seed), options)


if __name__ == "__main__":
    sys.stdout.writelines(line + "\n" for line in from_arguments(sys.argv[1:]))
