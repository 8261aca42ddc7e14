"""What is worth a jump in a finished scenario: offers, agreements, who left, and secrets that were let out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from arena.games.core import Event, Mark
from arena.games.scenario.scores import gives_away
from arena.games.scenario.spec import Scenario
from arena.games.scenario.state import TEXTS
from arena.games.scenario.text import line

OFFER: Final = "offer"
AGREEMENT: Final = "agreement"
LEAVING: Final = "leaving"
SECRET: Final = "secret"

_KIND: Final = {"proposed": OFFER, "pledged": OFFER, "accepted": AGREEMENT, "left": LEAVING}
_WORDS: Final = frozenset(TEXTS.values())


def found(events: Sequence[Event]) -> tuple[Mark, ...]:
    """The marks of a whole match, secrets included."""
    return tuple(_found(events))


def _found(events: Sequence[Event]) -> Iterator[Mark]:
    scenario: Scenario | None = None
    for n, event in enumerate(events):
        d = event.data
        if event.kind == "dealt":
            scenario = Scenario.from_json(d["scenario"])
        elif scenario is None:
            continue
        elif event.kind in _KIND:
            yield Mark(n, _KIND[event.kind], line(scenario.names, event), d["seat"])
        elif event.kind in _WORDS:
            seat: int = d["seat"]
            secret = scenario.parts[seat].secret
            if secret is not None and gives_away(d["text"], secret):
                yield Mark(n, SECRET, f"{scenario.names[seat]} lets a secret out: {secret.text}", seat, secret=True)
