"""What is worth a jump in a finished match: deaths, votes, and lies.

A lie is a statement about oneself that one's card contradicts: a role that one does not have, one's own role denied, or
a result that one never got. Suspicions and trust are opinions, whoever voices them, and are not marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from arena.games.core import Event, Mark
from arena.games.werewolf.reading import read
from arena.games.werewolf.statements import Claim, Deny, Result, Sensed, Statement
from arena.games.werewolf.text import a_role, line
from arena.games.werewolf.types import Role, Side

DEATH: Final = "death"
VOTE: Final = "vote"
LIE: Final = "lie"

_KIND: Final = {"killed": DEATH, "exiled": DEATH, "shot": DEATH, "votes": VOTE, "nominated": VOTE}
_IS: Final = {Side.WEREWOLVES: "a werewolf", Side.VILLAGE: "no werewolf"}


def found(events: Sequence[Event]) -> tuple[Mark, ...]:
    """The marks of a whole match, secrets included."""
    return tuple(_found(events))


def _found(events: Sequence[Event]) -> Iterator[Mark]:
    names: tuple[str, ...] = ()
    roles: list[Role] = []
    learnt: dict[int, dict[int, Side]] = {}
    """Seat → target → what that seat was told of it, by night."""
    for n, event in enumerate(events):
        d = event.data
        match event.kind:
            case "started":
                names = tuple(d["names"])
            case "cast":
                roles = [Role(r) for r in d["roles"]]
            case "checked" if type(d["target"]) is int:
                learnt.setdefault(d["seat"], {})[d["target"]] = Side(d["side"])
            case "sensed":
                learnt.setdefault(d["seat"], {})[d["target"]] = Role(d["role"]).seen
            case "said" if roles:
                seat: int = d["seat"]
                statements = read(d["text"], seat, names)
                lies = [lie for s in statements if (lie := _lie(s, roles[seat], learnt.get(seat, {}), names))]
                if lies:
                    is_ = a_role(roles[seat])
                    yield Mark(n, LIE, f"{names[seat]} {' and '.join(lies)}, and is {is_}.", seat, secret=True)
            case kind if kind in _KIND:
                yield Mark(n, _KIND[kind], line(names, event), d.get("seat"))
            case _:
                pass


def _lie(statement: Statement, role: Role, learnt: dict[int, Side], names: Sequence[str]) -> str:
    """What somebody of this role says falsely, as the end of a sentence; empty for what is no lie."""
    match statement:
        case Claim(claimed) if claimed is not role:
            return f"claims to be {a_role(claimed)}"
        case Deny(denied) if denied is role:
            return f"denies being {a_role(denied)}"
        case Result(target, side) if role is not Role.SEER or learnt.get(target) is not side:
            return f"claims to have seen that {names[target]} is {_IS[side]}"
        case Sensed(target, side) if role is not Role.MEDIUM or learnt.get(target) is not side:
            return f"claims to have learnt that {names[target]} was {_IS[side]}"
        case _:
            return ""
