"""What a match was worth, seat by seat, by rule: SOTOPIA-EVAL's seven dimensions (Zhou et al. 2024), five skills (after
OMAR 2026) and how efficient the deal was. Where a rule has nothing to go by, the score is left out.

| score | by rule |
|---|---|
| ``goal`` 0..10 | the seat's share of the most that it could have had (``payoff``); a right guess, where that is all |
| ``financial`` −5..5 | the same share, losses included; 0 where nothing of value is at stake |
| ``relationship`` −5..5 | the others' mean share: how they fared with this seat; less 2 for walking out |
| ``knowledge`` 0..10 | whether its guess about another was right |
| ``secret`` −10..0 | −10 for words that give its secret away, −5 if it was found out without |
| ``social_rules`` −10..0 | promises broken: coins not given, offers taken back |
| ``believability`` 0..10 | the share of its messages that are not degenerate |
| ``overall`` | the plain mean of the seven |

Letters: S seats, D deals.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from arena.games.core import Event
from arena.games.degenerate import Flaw, flaw
from arena.games.scenario.dimensions import SOTOPIA
from arena.games.scenario.pay import OVERALL, paid
from arena.games.scenario.payoff import share_of_giving, share_of_terms
from arena.games.scenario.skills import efficiency, skills
from arena.games.scenario.spec import Secret
from arena.games.scenario.state import TEXTS, State

_WALKED_OUT: Final = 2.0
_FOUND_OUT: Final = -5.0
_MESSAGES: Final = frozenset(TEXTS.values())


@dataclass(frozen=True, slots=True)
class Message:
    """Words of ``seat``. ``flaw``: see ``degenerate``."""

    seat: int
    text: str
    flaw: Flaw | None


def shares(state: State, terms: Sequence[str] | None = None) -> tuple[float, ...]:
    """Each seat's share of what it could have had (S,); under these ``terms`` instead of what was agreed, if given."""
    spec, seats = state.spec, range(state.seats)
    if spec.terms is not None:
        deal = state.deal if terms is None else terms
        return tuple(share_of_terms(spec.terms, s, deal) for s in seats)
    if spec.giving is not None:
        gave = dict(state.gave)
        return tuple(share_of_giving(spec.giving, state.seats, gave, s) for s in seats)
    return tuple(_share_of_guesses(state, s) for s in seats)


def _share_of_guesses(state: State, seat: int) -> float:
    """Of what a seat wants found out, or kept, and wants to find out itself: the mean."""
    guessed = dict(state.guessed)
    came_true = [
        (guessed.get(g.seat) == g.truth) != (g.hidden and g.about == seat)
        for g in state.spec.guesses
        if seat in (g.seat, g.about)
    ]
    return statistics.fmean(came_true) if came_true else 0.0


def returns(state: State) -> tuple[float, ...]:
    """What each seat is paid, −1 to 1."""
    return tuple(paid(state.options.pay, of_seat) for of_seat in scores(state))


def scores(state: State) -> tuple[Mapping[str, float], ...]:
    """All scores by seat. Empty mappings where nothing in the scenario can be computed."""
    spec = state.spec
    if spec.terms is None and spec.giving is None and not spec.guesses:
        return ({},) * state.seats
    held, said = shares(state), messages(state.deeds)
    broken = [broken_promises(state, s) for s in range(state.seats)]
    efficient = efficiency(state, held)
    return tuple(
        {**dict(_dimensions(state, s, held, said, broken[s])), **skills(state, s, held, broken[s]), **efficient}
        for s in range(state.seats)
    )


def _dimensions(
    state: State, seat: int, held: Sequence[float], said: Sequence[Message], broken: float
) -> Iterator[tuple[str, float]]:
    spec, share = state.spec, held[seat]
    mine = [m for m in said if m.seat == seat]
    found: dict[str, float] = {
        "goal": 10 * _within(share, 0, 1),
        "financial": 0.0 if spec.terms is None and spec.giving is None else 5 * _within(share, -1, 1),
        "relationship": _relationship(state, seat, held),
        "secret": _secrecy(state, seat, mine),
        "social_rules": 0.0 - 10 * broken,
        "believability": 10 * (1 - sum(m.flaw is not None for m in mine) / len(mine)) if mine else 10.0,
    }
    if (guess := spec.guess_of(seat)) is not None:
        found["knowledge"] = 10.0 * (dict(state.guessed).get(seat) == guess.truth)
    yield from ((str(name), found[name]) for name in SOTOPIA if name in found)
    if len(found) == len(SOTOPIA):
        yield OVERALL, statistics.fmean(found.values())


def _relationship(state: State, seat: int, held: Sequence[float]) -> float:
    others = statistics.fmean(_within(share, -1, 1) for s, share in enumerate(held) if s != seat)
    return _within(5 * others - _WALKED_OUT * (seat in state.gone), -5, 5)


def _secrecy(state: State, seat: int, mine: Sequence[Message]) -> float:
    secret = state.spec.parts[seat].secret
    if secret is not None and any(gives_away(m.text, secret) for m in mine):
        return -10.0
    guessed = dict(state.guessed)
    found_out = any(g.hidden and g.about == seat and guessed.get(g.seat) == g.truth for g in state.spec.guesses)
    return _FOUND_OUT if found_out else 0.0


def gives_away(text: str, secret: Secret) -> bool:
    """Whether the text holds one of the secret's words, as words."""
    return any(re.search(rf"(?<!\w){re.escape(tell)}(?!\w)", text, re.IGNORECASE) for tell in secret.tells)


def broken_promises(state: State, seat: int) -> float:
    """0 to 1: the part of a pledge that was not given; or of its own offers, how many were worse for all others than
    one that it had made before."""
    pledged = dict(state.pledges).get(seat, 0)
    if state.spec.giving is not None:
        missing = pledged - dict(state.gave).get(seat, 0)
        return max(0.0, missing / pledged) if pledged else 0.0
    offers = [shares(state, e.data["terms"]) for e in state.deeds if e.kind == "proposed" and e.data["seat"] == seat]
    if len(offers) < 2:
        return 0.0
    others = [s for s in range(state.seats) if s != seat]
    back = sum(
        any(all(now[s] < before[s] for s in others) for before in offers[:n]) for n, now in enumerate(offers) if n
    )
    return back / (len(offers) - 1)


def messages(deeds: Sequence[Event]) -> list[Message]:
    """Everything that was said, shown, done in words or whispered, in order, with what is wrong with it. What others
    whispered counts as heard only by those who heard it."""
    said: list[tuple[int, str, frozenset[int] | None]] = []
    found: list[Message] = []
    for event in deeds:
        if event.kind not in _MESSAGES:
            continue
        seat, text = event.data["seat"], event.data["text"]
        own = [t for s, t, _ in said if s == seat]
        heard = [t for s, t, to in said if s != seat and (to is None or seat in to)]
        found.append(Message(seat, text, flaw(text, own, heard)))
        said.append((seat, text, None if event.audience.is_public else event.audience.seats))
    return found


def _within(value: float, low: float, high: float) -> float:
    return float(max(low, min(high, value)))
