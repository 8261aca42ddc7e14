"""The situation as far as it decides who wins, secrets included: what a critic keys its table by."""

from __future__ import annotations

from collections import Counter
from typing import Final

from arena.games.werewolf.types import Phase, Role, State

_CODE: Final = {
    Role.DOCTOR: "d",
    Role.SEER: "s",
    Role.VILLAGER: "v",
    Role.WEREWOLF: "w",
    Role.HUNTER: "hu",
    Role.MEDIUM: "me",
    Role.POSSESSED: "po",
    Role.WITCH: "wi",
}
_ALWAYS_COUNTED: Final = frozenset((Role.DOCTOR, Role.SEER, Role.VILLAGER, Role.WEREWOLF))
"""The other roles are counted in matches that have them."""


def of(state: State) -> str:
    """Phase and living roles ("night 1d 1s 3v 2w"), then whatever else is undecided: potions, tonight's prey, the
    mayor, the second vote."""
    alive = Counter(state.roles[s] for s in state.living())
    counted = (r for r in sorted(Role) if r in _ALWAYS_COUNTED or r in state.roles)
    parts = [str(state.phase), *(f"{alive[r]}{_CODE[r]}" for r in counted)]
    if Role.WITCH in state.roles:
        living = set(state.living_as(Role.WITCH))
        parts.extend(sorted(f"-{potion}" for witch, potion in state.spent if witch in living))
    if state.warned and state.phase is Phase.NIGHT and state.prey is not None:
        parts.append(f"{_CODE[state.roles[state.prey]]} {_fate(state, state.prey)}")
    if state.mayor is not None and state.alive[state.mayor]:
        parts.append(f"mayor {_CODE[state.roles[state.mayor]]}")
    if state.among and state.phase is Phase.VOTE:
        parts.append("among " + " ".join(sorted(_CODE[state.roles[s]] for s in state.among)))
    return " ".join(parts)


def _fate(state: State, prey: int) -> str:
    """What tonight's prey has to expect."""
    if prey in state.chosen("protect") | state.chosen("save"):
        return "safe"
    asked = (w for w in state.living_as(Role.WITCH) if (w, "save") not in state.spent)
    return "attacked" if set(asked) - state.picked("save").keys() else "doomed"
