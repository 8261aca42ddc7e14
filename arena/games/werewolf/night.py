"""The night: who does what in secret, and who is dead in the morning.

A role's deeds stand in one table, ``DEEDS``. The night has two steps: what nobody waits for comes first, all at once;
what needs the werewolves' choice comes when all of that is done. Nothing of it is public before dawn, and the order in
which the dead are named says nothing about who killed them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from arena.games.chance import Chance
from arena.games.core import Event, Json, Turn, only
from arena.games.werewolf.deaths import killed, new_day
from arena.games.werewolf.types import NOBODY, Role, State


def kills_tonight(state: State) -> bool:
    return state.day > 1 or state.options.first_night_kill


def pack_speaker(state: State) -> int | None:
    """The werewolf who speaks next tonight; None once all have, or where one is alone."""
    wolves = state.living_wolves()
    if len(wolves) < 2 or state.pack_heard >= len(wolves):
        return None
    return wolves[(state.pack_heard + state.day) % len(wolves)]


# -- whom a deed can be done to; nobody to choose from means that it is not done now -------------------------------


def _prey(state: State, seat: int) -> Sequence[int]:
    if pack_speaker(state) is not None or not kills_tonight(state):
        return ()
    return [s for s in state.living() if state.roles[s] is not Role.WEREWOLF]


def _others(state: State, seat: int) -> Sequence[int]:
    return [s for s in state.living() if s != seat]


def _protectable(state: State, seat: int) -> Sequence[int]:
    if not kills_tonight(state):
        return ()
    o = state.options
    before = None if o.same_target else dict(state.guarded).get(seat)
    return [s for s in state.living() if s != before and (o.self_protect or s != seat)]


def _savable(state: State, seat: int) -> Sequence[int]:
    if state.prey is None or (seat, "save") in state.spent:
        return ()
    return (state.prey,)


def _poisonable(state: State, seat: int) -> Sequence[int]:
    """One potion a night: not for a witch who has just saved somebody."""
    if not kills_tonight(state) or (seat, "poison") in state.spent or state.picked("save").get(seat) is not None:
        return ()
    return _others(state, seat)


# -- the table -------------------------------------------------------------------------------------------------------


def _nothing(state: State, target: int) -> Mapping[str, Json]:
    return {}


@dataclass(frozen=True, slots=True)
class Deed:
    """What a role may do at night. ``kind`` is also the name of its turn and of its picks.

    Args:
        event: the kind of the event that it becomes, which only its doer sees; its data are seat and target.
        targets: whom it can be done to now; none where it is not its time.
        after_the_wolves: it belongs to the second step.
        may_refrain: to choose nobody is offered by name, being as good a choice as any.
        finds: what the event also says where there is a target, ``found`` being its keys (null without a target).
    """

    kind: str
    event: str
    question: str
    targets: Callable[[State, int], Sequence[int]]
    after_the_wolves: bool = False
    may_refrain: bool = False
    finds: Callable[[State, int], Mapping[str, Json]] = _nothing
    found: tuple[str, ...] = ()


def _side(state: State, target: int) -> Mapping[str, Json]:
    return {"side": str(state.roles[target].seen)}


DEEDS: Final[dict[Role, tuple[Deed, ...]]] = {
    Role.WEREWOLF: (Deed("kill", "hunted", "Whom do the werewolves attack tonight?", _prey),),
    Role.SEER: (Deed("check", "checked", "Whom do you look at tonight?", _others, finds=_side, found=("side",)),),
    Role.DOCTOR: (Deed("protect", "protected", "Whom do you protect tonight?", _protectable),),
    Role.WITCH: (
        Deed("save", "saved", "Whom do you save tonight?", _savable, after_the_wolves=True, may_refrain=True),
        Deed("poison", "poisoned", "Whom do you poison tonight?", _poisonable, after_the_wolves=True, may_refrain=True),
    ),
}
"""A role's deeds of a night, one after the other."""

POTIONS: Final = frozenset({"save", "poison"})
"""Deeds that a seat can do once in a match."""

DEED: Final[dict[str, Deed]] = {deed.kind: deed for deeds in DEEDS.values() for deed in deeds}


# -- whose turn, and what an act records ---------------------------------------------------------------------------


def turns(state: State) -> list[Turn]:
    return list(_first_turns(state)) or list(_deed_turns(state, after_the_wolves=True))


def _first_turns(state: State) -> Iterator[Turn]:
    speaker = pack_speaker(state)
    if speaker is not None:
        o, several = state.options, len(state.living_wolves()) > 2
        yield Turn(
            f"night{state.day}.pack",
            speaker,
            "pack_talk",
            f"What do you say to your fellow {'werewolves' if several else 'werewolf'}?",
            text_limit=o.text_limit,
            budget_s=o.talk_budget_s,
        )
    yield from _deed_turns(state, after_the_wolves=False)


def _deed_turns(state: State, *, after_the_wolves: bool) -> Iterator[Turn]:
    done = {(kind, seat) for kind, seat, _ in state.picks}
    for seat in state.living():
        for deed in DEEDS.get(state.roles[seat], ()):
            if deed.after_the_wolves is not after_the_wolves or (deed.kind, seat) in done:
                continue
            if targets := deed.targets(state, seat):
                yield Turn(
                    f"night{state.day}.{deed.kind}",
                    seat,
                    deed.kind,
                    deed.question,
                    choices=(*(state.names[t] for t in targets), *((NOBODY,) if deed.may_refrain else ())),
                    budget_s=state.options.choice_budget_s,
                )
                break


def record(state: State, deed: Deed, seat: int, target: int | None) -> Event:
    more = dict.fromkeys(deed.found) if target is None else deed.finds(state, target)
    return Event(deed.event, {"seat": seat, "target": target, **more}, only(seat))


# -- what follows by itself ------------------------------------------------------------------------------------------


def go_on(state: State, chance: Chance) -> tuple[Event, ...]:
    """Tell the witches, or let the day break; nothing while somebody has to act."""
    if any(True for _ in _first_turns(state)):
        return ()
    if told := tuple(_warnings(state, chance)):
        return told
    if any(True for _ in _deed_turns(state, after_the_wolves=True)):
        return ()
    if not kills_tonight(state):  # nobody can die, so there is no news
        return (new_day(state, chance),)
    return tuple(_dawn(state, chance))


def _warnings(state: State, chance: Chance) -> Iterator[Event]:
    if state.warned or not kills_tonight(state):
        return
    for witch in state.living_as(Role.WITCH):
        if (witch, "save") not in state.spent:
            yield Event("warned", {"seat": witch, "target": victim(state, chance)}, only(witch))


def _dawn(state: State, chance: Chance) -> Iterator[Event]:
    dead = state.chosen("poison")
    attacked = victim(state, chance)
    if attacked is not None:
        yield Event("attacked", {"target": attacked}, only(*state.living_wolves()))
        if attacked not in state.chosen("protect") | state.chosen("save"):
            dead.add(attacked)
    yield from killed(state, sorted(dead)) if dead else (Event("nobody_died", {"day": state.day}),)


def victim(state: State, chance: Chance) -> int | None:
    """The seat that most wolves chose; among equals, drawn."""
    hunted = Counter(t for t in state.picked("kill").values() if isinstance(t, int))
    if not hunted:
        return None
    most = max(hunted.values())
    return chance.pick(f"victim/{state.day}", sorted(t for t, n in hunted.items() if n == most))


def opening_of(state: State, day: int) -> tuple[Event, ...]:
    """The night begins, and the mediums learn what the exiled seat was."""
    night = Event("night", {"day": day})
    gone = state.exiled
    if gone is None:
        return (night,)
    data = {"target": gone, "role": str(state.roles[gone])}
    return (night, *(Event("sensed", {"seat": s, **data}, only(s)) for s in state.living_as(Role.MEDIUM)))
