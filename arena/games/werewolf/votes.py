"""The village's votes: whom to exile, once more where the rules want it after a tie, and who shall be mayor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from arena.games.chance import Chance
from arena.games.core import Event, Json, Turn
from arena.games.werewolf.deaths import shown
from arena.games.werewolf.types import State, Tie

MAYOR_WEIGHT = 2


def vote_turns(state: State) -> list[Turn]:
    voted = state.picked("vote")
    return [vote_turn(state, seat) for seat in state.living() if seat not in voted]


def vote_turn(state: State, seat: int) -> Turn:
    standing = state.among or state.living()
    return Turn(
        f"day{state.day}.vote{'2' if state.among else ''}",
        seat,
        "vote",
        "Whom do you vote to exile?",
        choices=tuple(state.names[s] for s in standing if s != seat),
        budget_s=state.options.choice_budget_s,
    )


def leaders(state: State, choices: Mapping[int, str]) -> tuple[int, ...]:
    """Who would have most votes if the seats that have to vote voted for these names: all that a count leads to follows
    from it."""
    ballots = {**state.picked("vote"), **{seat: state.names.index(name) for seat, name in choices.items()}}
    return tuple(_most(ballots, {s: MAYOR_WEIGHT if s == state.mayor else 1 for s in ballots}))


def election_turns(state: State) -> list[Turn]:
    voted = state.picked("elect")
    names = tuple(state.names[s] for s in state.living())
    question, budget_s = "Who shall be mayor?", state.options.choice_budget_s
    return [
        Turn(f"day{state.day}.elect", seat, "elect", question, names, budget_s=budget_s)
        for seat in state.living()
        if seat not in voted
    ]


def count_votes(state: State, chance: Chance) -> tuple[Event, ...]:
    """The count, and what it leads to; nothing while somebody has to vote."""
    ballots = state.picked("vote")
    if len(ballots) < len(state.living()):
        return ()
    again = {"round": 2} if state.among else {}
    weights = {s: MAYOR_WEIGHT if s == state.mayor else 1 for s in ballots}
    votes = Event("votes", {"day": state.day, **_public(state, ballots, weights), **again})
    top = _most(ballots, weights)
    if len(top) == 1:
        return (votes, _exiled(state, top[0]))
    if top and state.options.tie is Tie.RANDOM:
        return (votes, _exiled(state, chance.pick(f"tie/{state.day}", top)))
    if top and state.options.tie is Tie.SECOND_VOTE and not state.among:
        return (votes, Event("runoff", {"day": state.day, "among": top}))
    return (votes, Event("nobody_exiled", {"day": state.day}))


def count_election(state: State, chance: Chance) -> tuple[Event, ...]:
    """Each living seat has one voice; among equals the mayor is drawn. Nothing while somebody has to vote."""
    ballots = state.picked("elect")
    if len(ballots) < len(state.living()):
        return ()
    weights = dict.fromkeys(ballots, 1)
    counted = Event("nominated", {"day": state.day, **_public(state, ballots, weights)})
    top = _most(ballots, weights)
    if not top:
        return (counted, Event("no_mayor", {"by": None}))
    return (counted, Event("mayor", {"seat": chance.pick("mayor", top), "by": None}))


def _exiled(state: State, seat: int) -> Event:
    return Event("exiled", {"seat": seat, "shown": shown(state, seat)})


def _most(ballots: Mapping[int, str | int | None], weights: Mapping[int, int]) -> Sequence[int]:
    """Who has most votes, by seat; empty where nobody has one."""
    counted: Counter[int] = Counter()
    for voter, target in ballots.items():
        if isinstance(target, int):
            counted[target] += weights[voter]
    most = max(counted.values(), default=0)
    return sorted(t for t, n in counted.items() if n == most)


def _public(state: State, ballots: Mapping[int, str | int | None], weights: Mapping[int, int]) -> Mapping[str, Json]:
    """What the village sees of a count: who voted for whom, or how many votes each got (null: nobody), most first.

    In a tally the votes for nobody weigh like others, so that its sum never tells whether the mayor abstained.
    """
    if state.options.open_vote:
        return {"ballots": [[s, ballots[s]] for s in sorted(ballots)]}
    counted: Counter[int | None] = Counter()
    for voter in sorted(ballots):
        target = ballots[voter]
        counted[target if isinstance(target, int) else None] += weights[voter]
    order = sorted(counted, key=lambda t: (-counted[t], t is None, t or 0))
    return {"tally": [[t, counted[t]] for t in order]}
