"""What a scripted negotiator says next, as an intention and the word that it is about."""

from __future__ import annotations

from random import Random

from agents.scripted.negotiators.bargainer import Bargainer
from agents.scripted.negotiators.phrases import Statement
from agents.scripted.negotiators.riddles import riddle_remark
from agents.scripted.negotiators.table import Table
from agents.scripted.negotiators.temperament import Temperament


def remark(table: Table, temper: Temperament, bargainer: Bargainer | None, random: Random) -> Statement:
    if bargainer is not None:
        return _about_terms(table, temper, bargainer, random)
    if table.opening["giving"] is not None:
        return _about_the_pot(table, temper, random)
    return riddle_remark(table, temper, random)


def _about_terms(table: Table, temper: Temperament, bargainer: Bargainer, random: Random) -> Statement:
    """Answers what was asked; else says what it wants, asks for what the others want, or comments on their offer."""
    issue, best = bargainer.favourite()
    several = len(bargainer.issues) > 1
    asked = table.heard("ask_matters", "ask_like")
    told = table.mine("matters") + table.mine("like")
    if len(asked) > told and random.random() < temper.frank:
        if several and random.random() < 0.6:
            return Statement("matters", issue)
        return Statement("like", best)
    options: list[tuple[float, Statement]] = [
        (temper.frank / (1 + 2 * table.mine("matters")) * several, Statement("matters", issue)),
        (temper.frank / (1 + 2 * table.mine("like")), Statement("like", best)),
        (0.4 * temper.frank / (1 + 2 * table.mine("dislike")), Statement("dislike", bargainer.least())),
        (temper.asks / (1 + 3 * table.mine("ask_matters")) * several, Statement("ask_matters")),
        (temper.asks / (1 + 3 * table.mine("ask_like")), Statement("ask_like")),
        (0.3 * (table.taken < table.seats) / (1 + 5 * table.mine("greet")), Statement("greet")),
    ]
    theirs = table.offers[-1] if table.offers and table.offers[-1][0] != table.me else None
    if theirs is not None:
        near = bargainer.share(theirs[1]) >= bargainer.demand - 0.2
        options.append((0.6 / (1 + table.mine("near")), Statement("near")) if near else (0.6, Statement("refuse")))
    if table.progress > 0.6:
        options.append((0.5 / (1 + table.mine("press")), Statement("press")))
    return _drawn(options, random)


def _about_the_pot(table: Table, temper: Temperament, random: Random) -> Statement:
    purse = table.opening["giving"][0]
    promised = str(round(temper.promises * 4) * purse // 4)
    return _drawn(
        [
            (temper.promises / (1 + 2 * table.mine("give_all")), Statement("give_all")),
            (0.6 / (1 + 2 * table.mine("give_some")), Statement("give_some", promised)),
            (0.4 / (1 + 2 * table.mine("trust")), Statement("trust")),
            (0.3 / (1 + 3 * table.mine("greet")), Statement("greet")),
        ],
        random,
    )


def _drawn(options: list[tuple[float, Statement]], random: Random) -> Statement:
    return random.choices([s for _, s in options], [max(w, 1e-6) for w, _ in options])[0]
