"""The estimators by name. Adding one is a file beside this one and a line here."""

from __future__ import annotations

from collections.abc import Callable

from arena.errors import UnknownName
from training.credit.base import Estimator
from training.credit.flat import Flat
from training.credit.group import Group
from training.credit.hierarchical import Hierarchical
from training.credit.rae import RoleBaseline
from training.credit.turn import Turn

ESTIMATORS: dict[str, Callable[..., Estimator]] = {
    "hierarchical": Hierarchical,
    "flat": Flat,
    "rae": RoleBaseline,
    "turn": Turn,
    "group": Group,
}


def estimator_by_name(name: str) -> Callable[..., Estimator]:
    """What makes the estimator; its keywords are that estimator's settings.

    Raises:
        UnknownName: no estimator has this name.
    """
    try:
        return ESTIMATORS[name]
    except KeyError:
        raise UnknownName(f"There is no estimator {name!r}. There is: {', '.join(sorted(ESTIMATORS))}.") from None
