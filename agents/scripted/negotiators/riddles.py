"""Scenarios in which there is only something to find out: tastes that are hinted at, a place that is kept secret.

Of what people wrote a script understands nothing: there it makes small talk.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from random import Random
from typing import Final

from agents.scripted.negotiators.phrases import Statement
from agents.scripted.negotiators.table import Table
from agents.scripted.negotiators.temperament import Temperament
from arena.games.scenario.families.trait import TASTES

_HINTS: Final = {hint: taste for kind in TASTES.values() for taste, hints in kind.items() for hint in hints}
_LAST_WORD: Final = re.compile(r"(\w+)\.?$")


def riddle_remark(table: Table, temper: Temperament, random: Random) -> Statement:
    if table.family == "trait":
        return _about_tastes(table, temper, random)
    if table.family == "secret":
        return _asking(table, random) if table.card["secret"] is None else _keeping(table, temper, random)
    return _small_talk(table, temper, random)


def my_secret(table: Table) -> str:
    """The word that my card's secret ends in: my taste, or the place."""
    return _last_word(table.card["secret"])


def _last_word(text: str) -> str:
    found = _LAST_WORD.search(text)
    return "" if found is None else found[1]


def _about_tastes(table: Table, temper: Temperament, random: Random) -> Statement:
    mine = my_secret(table)
    kind = next(k for k in TASTES.values() if mine in k)
    if table.mine("ask_like") == 0 and random.random() < temper.asks:
        return Statement("ask_like")
    if random.random() < 0.15:
        return Statement("not_hint", random.choice([h for t, hints in kind.items() if t != mine for h in hints]))
    said = {x.a for s, x in table.said if s == table.me and x.intention == "hint"}
    fresh = [h for h in kind[mine] if h not in said]
    return Statement("hint", random.choice(fresh)) if fresh else Statement("thanks")


def _keeping(table: Table, temper: Temperament, random: Random) -> Statement:
    """Whoever keeps the secret denies, asks back, or sends the other elsewhere; the frank ones say where it is not."""
    places = table_places(table)
    wrong = [p for p in places if p != my_secret(table)]
    asked = [x.a for _, x in table.heard("is_it") if x.a in wrong]
    if asked and random.random() < temper.true * 0.5:
        return Statement("not_there", asked[-1])
    if wrong and random.random() < 1 - temper.true:
        return Statement("it_is", random.choice(wrong))
    if table.mine("why") == 0 or random.random() < 0.2:
        return Statement("why")
    return Statement("deny")


def _asking(table: Table, random: Random) -> Statement:
    asked = {x.a for s, x in table.said if s == table.me and x.intention == "is_it"}
    left = [c for c in table.card["guess"][2] if c not in asked]
    if table.heard("why") and table.mine("because") == 0:
        return Statement("because", _last_word(table.card["knows"][0]))
    if table.mine("where") == 0 or not left:
        return Statement("where")
    return Statement("is_it", random.choice(left))


def _small_talk(table: Table, temper: Temperament, random: Random) -> Statement:
    if table.mine("greet") == 0:
        return Statement("greet")
    if random.random() < temper.asks / (1 + table.mine("ask_matters")):
        return Statement("ask_matters")
    return Statement(random.choice(("ask_like", "thanks", "press")))


def table_places(table: Table) -> list[str]:
    """The places that were spoken of: the keeper's own card does not list them."""
    return list(dict.fromkeys(x.a for _, x in table.said if x.intention in ("is_it", "it_is", "not_there")))


def guess_riddle(table: Table, about: int, choices: Sequence[str]) -> dict[str, float]:
    """From hints, motives given, and what was said of places; what is said to be elsewhere is believed by half."""
    score = dict.fromkeys(choices, 0.0)
    for s, x in table.said:
        if s != about:
            continue
        word = _HINTS.get(x.a, x.a)
        if word in score:
            score[word] += {"hint": 3.0, "not_hint": -3.0, "because": 3.0, "it_is": -0.8, "not_there": -2.0}.get(
                x.intention, 0.0
            )
    most = max(score.values())
    odds = {c: math.exp(s - most) for c, s in score.items()}
    total = sum(odds.values())
    return {c: odd / total for c, odd in odds.items()}
