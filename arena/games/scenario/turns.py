"""Who may act in a scenario, and on what."""

from __future__ import annotations

from typing import Final

from arena.games.core import Turn
from arena.games.floor import BIDS
from arena.games.scenario.state import ENOUGH, Deed, Order, Stage, State

STEPS: Final = 4
"""How many amounts a giver chooses among, besides nothing."""
_TALK_S: Final = 120.0
_CHOICE_S: Final = 60.0
_ASKS: Final = {
    Deed.SPEAK: "What do you say?",
    Deed.GESTURE: "What do the others see you do, without a word?",
    Deed.DO: "What do you do?",
    Deed.WHISPER: "What do you whisper?",
}


def turns(state: State) -> tuple[Turn, ...]:
    match state.stage:
        case Stage.TALK:
            return tuple(_talk(state))
        case Stage.GIVING:
            given = dict(state.gave)
            return tuple(_give(state, s) for s in state.present() if s not in given)
        case Stage.GUESSING:
            done = dict(state.guessed)
            return tuple(_guess(state, s) for s in guessers(state) if s not in done)
        case _:
            return ()


def guessers(state: State) -> list[int]:
    """The seats that are asked to guess: not those that left."""
    return [g.seat for g in state.spec.guesses if g.seat not in state.gone]


def _talk(state: State) -> list[Turn]:
    match state.options.order:
        case Order.ROUND:
            return [_act(state, next_seat(state))]
        case Order.PARALLEL:
            done = {s for s, _ in state.held}
            return [_act(state, s) for s in state.present() if s not in done]
        case Order.OPEN if state.floor is not None:
            return [_act(state, state.floor)]
        case Order.OPEN:
            bid = dict(state.bids)
            number = state.taken + 1
            return [
                Turn(f"turn{number}.bid", s, "bid", "How much do you want to act next?", BIDS, budget_s=_CHOICE_S)
                for s in state.present()
                if s not in bid
            ]


def next_seat(state: State) -> int:
    """Whose turn it is, one after the other: those who left are passed over."""
    begin = state.first if state.last is None else state.last + 1
    around = ((begin + n) % state.seats for n in range(state.seats))
    return next(s for s in around if s not in state.gone)


def _act(state: State, seat: int) -> Turn:
    """The next thing to ask whoever has the turn: what to do, then what that needs."""
    doing, stem = state.busy(seat), f"turn{state.taken + 1}"
    if doing is None:
        return Turn(f"{stem}.deed", seat, "deed", "What do you do?", deeds(state, seat), budget_s=_CHOICE_S)
    match doing.deed:
        case Deed.WHISPER if not doing.enough:
            others = [
                n for s, n in enumerate(state.spec.names) if s != seat and s not in state.gone and n not in doing.to
            ]
            choices = (*others, ENOUGH) if doing.to else tuple(others)
            number = len(doing.to) + 1
            return Turn(
                f"{stem}.to{number}",
                seat,
                "whom",
                "Whom do you whisper to?",
                choices,
                budget_s=_CHOICE_S,
                may_pass=False,
            )
        case Deed.PROPOSE:
            assert state.spec.terms is not None
            issue = state.spec.terms.issues[len(doing.terms)]
            number = len(doing.terms) + 1
            return Turn(
                f"{stem}.term{number}",
                seat,
                "term",
                f"What do you propose: {issue.name}?",
                issue.options,
                budget_s=_CHOICE_S,
                may_pass=False,
            )
        case Deed.PLEDGE:
            return Turn(
                f"{stem}.pledge",
                seat,
                "pledge",
                "How many coins do you promise to give?",
                amounts(state),
                budget_s=_CHOICE_S,
                may_pass=False,
            )
        case _:
            return Turn(
                f"{stem}.{doing.deed}",
                seat,
                str(doing.deed),
                _ASKS[doing.deed],
                text_limit=state.options.text_limit,
                budget_s=_TALK_S,
            )


def deeds(state: State, seat: int) -> tuple[str, ...]:
    """What a seat can do with its turn. An offer can be accepted by whoever has not agreed to it yet."""
    spec, offer = state.spec, state.offer
    possible = {
        Deed.SPEAK: True,
        Deed.GESTURE: True,
        Deed.DO: True,
        Deed.WHISPER: len(state.present()) > 2,
        Deed.PROPOSE: spec.terms is not None,
        Deed.ACCEPT: offer is not None and seat not in offer.agreed,
        Deed.PLEDGE: spec.giving is not None,
        Deed.LEAVE: True,
        Deed.WAIT: True,
    }
    return tuple(str(deed) for deed, may in possible.items() if may)


def amounts(state: State) -> tuple[str, ...]:
    """How much can be given."""
    giving = state.spec.giving
    assert giving is not None
    return tuple(dict.fromkeys(str(giving.purse * n // STEPS) for n in range(STEPS + 1)))


def _give(state: State, seat: int) -> Turn:
    return Turn(
        "give",
        seat,
        "give",
        "How many coins do you put into the pot?",
        amounts(state),
        budget_s=_CHOICE_S,
        may_pass=False,
    )


def _guess(state: State, seat: int) -> Turn:
    guess = state.spec.guess_of(seat)
    assert guess is not None
    return Turn("guess", seat, "guess", guess.question, guess.choices, budget_s=_CHOICE_S)
