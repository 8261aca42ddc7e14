"""What decided a game of Werewolf: whom the village lost and found, when it was close, and which lies were believed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from arena.games.core import Event
from arena.games.werewolf.types import Phase, Role
from arena.games.werewolf.view import SeatView
from tui.moments import Moment

CLAIM: Final = re.compile(r"\bI(?:'m| am| was)(?: really)? the (seer|doctor|witch|hunter|medium)\b", re.IGNORECASE)
_OFFICES: Final = {Role.SEER: 7, Role.WITCH: 5, Role.DOCTOR: 4, Role.HUNTER: 4, Role.MEDIUM: 4}
"""What the village loses with them, by night."""


def moments(roles: Sequence[Role], events: Sequence[Event]) -> Iterator[Moment]:
    """
    Args:
        roles: everybody's, as the end shows them.
        events: those that somebody has seen of the match, from its beginning.
    """
    v = SeatView()
    for event in events:
        v.see(event)
        when = f"{'Night' if v.phase in (Phase.NIGHT, Phase.DAWN) else 'Day'} {v.day}"
        match event.kind:
            case "exiled" if roles[event.data["seat"]] is Role.WEREWOLF:
                yield _found(v, roles, f"Day {v.day}", f"The village voted out {_who(v, roles, event.data['seat'])}")
            case "shot" if roles[event.data["seat"]] is Role.WEREWOLF:
                shot = f"{v.names[event.data['by']]}, dying, shot {_who(v, roles, event.data['seat'])}"
                yield _found(v, roles, when, shot)
            case "exiled":
                yield _wronged(v, roles, event.data["seat"])
            case "killed" | "shot":
                yield _lost(v, roles, event.data["seat"], when)
            case "nobody_died" if v.cast.keys() & {Role.DOCTOR, Role.WITCH}:
                yield Moment(when, "The werewolves killed nobody.", 3)
            case _:
                pass


def _who(v: SeatView, roles: Sequence[Role], seat: int) -> str:
    return f"{v.names[seat]}, {'a' if roles[seat] in (Role.VILLAGER, Role.WEREWOLF) else 'the'} {roles[seat]}"


def _left(v: SeatView, roles: Sequence[Role]) -> tuple[int, int]:
    """(werewolves, others) that live."""
    wolves = sum(roles[seat] is Role.WEREWOLF for seat in v.living())
    return wolves, len(v.living()) - wolves


def _found(v: SeatView, roles: Sequence[Role], when: str, what: str) -> Moment:
    wolves, _ = _left(v, roles)
    if not wolves:
        return Moment(when, f"{what.removesuffix(' werewolf').removesuffix(', a')}, the last werewolf.", 10)
    return Moment(when, f"{what}: {wolves} {'was' if wolves == 1 else 'were'} left.", 6)


def _wronged(v: SeatView, roles: Sequence[Role], seat: int) -> Moment:
    """Somebody who is no werewolf was exiled."""
    wolves, others = _left(v, roles)
    liar = _liar(v, roles, seat)
    claimed = "" if liar is None else f"{v.names[liar[0]]}, a werewolf, {liar[1]}, and the "
    what = f"{claimed or 'The '}village voted out {_who(v, roles, seat)}"
    believed = 0 if liar is None else 2
    if wolves >= others:
        return Moment(f"Day {v.day}", f"{what}: no majority was left.", 10 + believed)
    if wolves >= others - 1:
        return Moment(f"Day {v.day}", f"{what}: one more death would do.", 7 + believed)
    return Moment(f"Day {v.day}", f"{what}.", 4 + believed)


def _liar(v: SeatView, roles: Sequence[Role], victim: int) -> tuple[int, str] | None:
    """A werewolf who spoke against the exiled on that day, and how: with a claim before all others."""
    ballots = v.votes.get(v.day, {})
    found: list[tuple[bool, int, str]] = []
    for said in v.talk:
        if said.day != v.day or said.to_pack or roles[said.seat] is not Role.WEREWOLF:
            continue
        against = re.search(rf"\b{re.escape(v.names[victim])}\b", said.text) and ballots.get(said.seat) == victim
        claim = CLAIM.search(said.text)
        if against and claim:
            found.append((True, said.seat, f"claimed to be the {claim[1].lower()}"))
        elif against:
            found.append((False, said.seat, "spoke against them"))
    best = max(found, default=None)
    return None if best is None else (best[1], best[2])


def _lost(v: SeatView, roles: Sequence[Role], seat: int, when: str) -> Moment:
    """Somebody who is no werewolf died otherwise, or a werewolf by poison."""
    wolves, others = _left(v, roles)
    if roles[seat] is Role.WEREWOLF:
        return _found(v, roles, when, f"The night took {_who(v, roles, seat)}")
    what = f"{_who(v, roles, seat)}, was killed"
    if wolves >= others:
        return Moment(when, f"{what}: no majority was left.", 9)
    return Moment(when, f"{what}.", _OFFICES.get(roles[seat], 2))
