"""What a death brings: the hunter's shot, the mayor's heir, the end of the match.

After a night's dead or an exile, hunters among the fallen shoot first, one after the other; a hunter who is shot shoots
as well. Only then is it asked whether the match is over, and only if it goes on does a dead mayor name an heir, who is
therefore alive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from arena.games.chance import Chance
from arena.games.core import EVERYONE, Event, Turn, only
from arena.games.werewolf.types import NOBODY, Ending, Phase, Reveal, Role, Side, State


def shown(state: State, seat: int) -> str | None:
    """What the village learns of a dead seat."""
    match state.options.reveal:
        case Reveal.NOTHING:
            return None
        case Reveal.SIDE:
            return str(state.roles[seat].seen)
        case Reveal.ROLE:
            return str(state.roles[seat])


def killed(state: State, seats: Iterable[int]) -> Iterator[Event]:
    for seat in seats:
        yield Event("killed", {"seat": seat, "shown": shown(state, seat)})


def shooter(state: State) -> int | None:
    """The fallen hunter who may shoot now."""
    return next(_shooters(state), None)


def _shooters(state: State) -> Iterator[int]:
    """The fallen hunters who have not shot yet. A poisoned one may not."""
    poisoned, done = state.chosen("poison"), state.picked("shoot")
    return (s for s in state.fallen if state.roles[s] is Role.HUNTER and s not in poisoned and s not in done)


def heirless(state: State) -> bool:
    """Whether the mayor is dead and has not named an heir."""
    return state.mayor is not None and not state.alive[state.mayor]


def out(state: State) -> frozenset[int]:
    """The dead who have nothing to do any more: whoever still has a last act must not learn what the dead know."""
    busy: set[int] = set()
    if state.phase in (Phase.DAWN, Phase.DUSK):
        busy.update(_shooters(state))
        if heirless(state) and state.mayor is not None:
            busy.add(state.mayor)
    return frozenset(s for s, alive in enumerate(state.alive) if not alive and s not in busy)


def turns(state: State) -> list[Turn]:
    """The last act of somebody who has died; empty when nobody has one."""
    when = f"{'night' if state.phase is Phase.DAWN else 'day'}{state.day}"
    names = tuple(state.names[s] for s in state.living())
    budget_s = state.options.choice_budget_s
    hunter = shooter(state)
    if hunter is not None:
        question = "You die. Whom do you shoot?"
        return [Turn(f"{when}.shoot", hunter, "shoot", question, (*names, NOBODY), budget_s=budget_s)]
    if heirless(state) and ending(state) is None:
        assert state.mayor is not None, "an heirless office has had a mayor"
        question = "You die. Who becomes mayor after you?"
        return [Turn(f"{when}.succeed", state.mayor, "succeed", question, names, budget_s=budget_s)]
    return []


def shot(state: State, hunter: int, target: int | None) -> Event:
    if target is None:
        return Event("held_fire", {"seat": hunter, "target": None}, only(hunter))
    return Event("shot", {"seat": target, "by": hunter, "shown": shown(state, target)})


def succeeded(mayor: int, heir: int | None) -> Event:
    return Event("no_mayor", {"by": mayor}) if heir is None else Event("mayor", {"seat": heir, "by": mayor})


def new_day(state: State, chance: Chance) -> Event:
    order = [s for s in chance.shuffled(f"order/{state.day}", range(len(state.names))) if state.alive[s]]
    return Event("day", {"day": state.day, "order": order})


# -- the end ---------------------------------------------------------------------------------------------------------


def ending(state: State) -> Event | None:
    """The end, if the living (or the last day) decide it now."""
    wolves, living = len(state.living_wolves()), len(state.living())
    if wolves == 0:
        return end(state, Side.VILLAGE, Ending.WOLVES_DEAD if living else Ending.NOBODY_LEFT)
    if 2 * wolves >= living:
        return end(state, Side.WEREWOLVES, Ending.WOLVES_EQUAL)
    if state.phase is Phase.DUSK and state.day >= state.options.max_days:
        return end(state, Side.WEREWOLVES, Ending.OUT_OF_DAYS)
    return None


def end(state: State, winner: Side, reason: Ending) -> Event:
    return Event(
        "ended",
        {"winner": str(winner), "reason": str(reason), "roles": [str(r) for r in state.roles]},
        EVERYONE,
    )
