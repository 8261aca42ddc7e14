"""What a match came to for each seat: its utility, and its share of what it could have had.

A share is 0 where nothing was settled and 1 where the seat got the most that the others could have agreed to; it is
negative for whoever is worse off than without an agreement.

Letters: S seats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from operator import itemgetter

from arena.games.scenario.spec import Giving, Terms


def worth_of(terms: Terms, seat: int, deal: Sequence[str]) -> int:
    """What a deal, as option words, is worth to a seat."""
    named = zip(terms.issues, terms.worths[seat], deal, strict=True)
    return sum(worths[issue.options.index(word)] for issue, worths, word in named)


@lru_cache(maxsize=4096)
def deals(terms: Terms) -> tuple[tuple[int, ...], ...]:
    """What every possible deal is worth: by deal, then by seat (S,)."""
    by_seat = (map(sum, product(*worths)) for worths in terms.worths)
    return tuple(zip(*by_seat, strict=True))


@lru_cache(maxsize=16384)
def best(terms: Terms, seat: int) -> int:
    """The most that a seat could get from a deal that enough seats would rather have than nothing, itself among them;
    what it has without one where there is no such deal."""
    walk, own = terms.walk, itemgetter(seat)
    fit = (d for d in deals(terms) if own(d) >= walk[seat] and _willing(d, walk) >= terms.needs)
    return max(map(own, fit), default=walk[seat])


def _willing(worth: Sequence[int], walk: Sequence[int]) -> int:
    return sum(w >= least for w, least in zip(worth, walk, strict=True))


def share_of_terms(terms: Terms, seat: int, deal: Sequence[str] | None) -> float:
    """Without a deal 0; where no deal could have been better than none, having none is 1."""
    room = best(terms, seat) - terms.walk[seat]
    if deal is None:
        return 0.0 if room > 0 else 1.0
    return share_of_gain(worth_of(terms, seat, deal) - terms.walk[seat], room)


def share_of_gain(gain: int, room: int) -> float:
    """Of the ``room`` that there was to gain; what was lost, where there was none."""
    return gain / room if room > 0 else min(0.0, float(gain))


def coins(giving: Giving, seats: int, gave: Mapping[int, int], seat: int) -> float:
    """What a seat has in the end."""
    pot = sum(gave.values()) * giving.percent / 100
    return giving.purse - gave.get(seat, 0) + pot / seats


def share_of_giving(giving: Giving, seats: int, gave: Mapping[int, int], seat: int) -> float:
    """0: as if nobody had given anything; 1: all others gave everything and the seat nothing."""
    most = giving.purse * (seats - 1) * giving.percent / 100 / seats
    return (coins(giving, seats, gave, seat) - giving.purse) / most
