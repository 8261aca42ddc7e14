"""What decided a social scenario: the offer that was taken, who walked away, and which promise was broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arena.games.core import Event
from arena.games.scenario.view import ScenarioView
from tui.faces import scenario_words
from tui.moments import Moment


def moments(events: Sequence[Event]) -> Iterator[Moment]:
    """``events`` are those that somebody has seen of the match, from its beginning."""
    v = ScenarioView()
    for event in events:
        d, offer, when = event.data, v.offer, f"Turn {v.taken + 1}"
        v.see(event)
        match event.kind:
            case "accepted" if offer is not None:
                needed = v.started.get("needs", len(v.names))
                enough = v.offer is not None and len(v.offer.agreed) >= needed
                terms = scenario_words.terms(v, offer.terms)
                agreed = f"{v.names[d['seat']]} agreed to {v.names[offer.by]}'s offer: {terms}."
                yield Moment(when, agreed, 10 if enough else 3)
            case "left":
                without = " and the talk was over" if len(v.present()) < 2 else ""
                yield Moment(when, f"{v.names[d['seat']]} left the table{without}.", 9 if without else 7)
            case "shared_out":
                yield from _pot(v, d["gave"])
            case "talk_over" if v.deal is None and offer is not None:
                text = f"{v.names[offer.by]}'s last offer found too few: {scenario_words.terms(v, offer.terms)}."
                yield Moment("The end", text, 4)
            case _:
                pass


def _pot(v: ScenarioView, gave: Sequence[int]) -> Iterator[Moment]:
    """Who gave another sum than they had promised."""
    for seat, amount in enumerate(gave):
        promised = v.pledges.get(seat)
        if promised is not None and amount < promised:
            text = f"{v.names[seat]} promised {promised} coins and put {amount} into the pot."
            yield Moment("The pot", text, 5 + min(3, promised - amount))
