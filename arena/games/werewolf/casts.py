"""Which roles are dealt: a table by number of seats, or as the ``cast`` option says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from arena.errors import OptionError
from arena.games.core import Json
from arena.games.werewolf.types import Role, Side, WerewolfOptions

ORDER: Final = (
    Role.WEREWOLF,
    Role.SEER,
    Role.DOCTOR,
    Role.WITCH,
    Role.HUNTER,
    Role.MEDIUM,
    Role.POSSESSED,
    Role.VILLAGER,
)
"""The order in which a cast is written before it is shuffled."""

Cast = tuple[tuple[Role, int], ...]
"""(role, how many), in ``ORDER``, without roles that nobody has."""


def _row(wolves: int, villagers: int, *special: Role) -> tuple[Role, ...]:
    return (Role.WEREWOLF,) * wolves + special + (Role.VILLAGER,) * villagers


_S, _D, _W, _H, _M, _P = ORDER[1:-1]
CAST: Final[dict[int, tuple[Role, ...]]] = {
    5: _row(1, 2, _S, _D),
    6: _row(1, 3, _S, _D),
    7: _row(2, 3, _S, _D),
    8: _row(2, 3, _S, _D, _H),
    9: _row(2, 3, _S, _D, _H, _P),
    10: _row(3, 3, _S, _D, _W, _H),
    11: _row(3, 3, _S, _D, _W, _H, _M),
    12: _row(3, 3, _S, _D, _W, _H, _M, _P),
    13: _row(4, 3, _S, _D, _W, _H, _M, _P),
    14: _row(4, 4, _S, _D, _W, _H, _M, _P),
    15: _row(4, 5, _S, _D, _W, _H, _M, _P),
    16: _row(4, 6, _S, _D, _W, _H, _M, _P),
}
"""The roles that are dealt, by number of seats."""


def roles_of(options: WerewolfOptions) -> tuple[Role, ...]:
    """The roles of a match, one a seat, before they are shuffled."""
    if options.cast is None:
        return CAST[options.seats]
    return tuple(role for role, count in options.cast for _ in range(count))


def checked_cast(raw: Json, seats: int | None) -> tuple[int, Cast | None]:
    """The number of seats, and the cast where it is not the table's own for them.

    Args:
        raw: a mapping from role to count, as it comes from outside.
        seats: the number that was asked for beside it, if any.

    Raises:
        OptionError: it is no cast that can be played; the message says why.
    """
    if not isinstance(raw, Mapping) or not raw:
        raise OptionError(
            'cast says how many of each role there are, such as {"werewolf": 2, "seer": 1, "villager": 4}.'
        )
    known = {str(role): role for role in ORDER}
    if unknown := sorted(str(name) for name in raw if name not in known):
        raise OptionError(f"There is no role {unknown[0]!r}. The roles are: {', '.join(sorted(known))}.")
    for name, count in raw.items():
        if type(count) is not int or not 0 <= count <= max(CAST):
            raise OptionError(f"cast has {count!r} of {name}; it can be a whole number from 0 to {max(CAST)}.")
    cast = tuple((role, raw[str(role)]) for role in ORDER if raw.get(str(role)))
    total = sum(count for _, count in cast)
    if not min(CAST) <= total <= max(CAST):
        raise OptionError(f"cast has {total} seats; it can have {min(CAST)} to {max(CAST)}.")
    if seats is not None and seats != total:
        raise OptionError(f"cast has {total} seats, but seats is {seats}. Leave seats out, or make them equal.")
    wolves = dict(cast).get(Role.WEREWOLF, 0)
    if wolves == 0:
        raise OptionError("cast has no werewolf; it needs at least one.")
    if 2 * wolves >= total:
        raise OptionError(f"cast has {wolves} werewolves among {total}; they must be fewer than the others.")
    if all(role.side is Side.WEREWOLVES for role, _ in cast):
        raise OptionError("cast has nobody on the village's side; it needs at least one.")
    return total, None if dict(cast) == Counter(CAST[total]) else cast
