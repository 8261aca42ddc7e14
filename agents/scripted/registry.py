"""The scripts by name."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from agents.scripted.base import Script
from agents.scripted.player import Bold, Careful, Sly
from agents.scripted.random_script import RandomScript
from arena.errors import UnknownName

SCRIPTS: dict[str, Callable[[Random], Script]] = {
    "careful": Careful,
    "bold": Bold,
    "sly": Sly,
    "random": RandomScript,
}


def script_by_name(name: str) -> Callable[[Random], Script]:
    """
    Raises:
        UnknownName: no script has this name.
    """
    try:
        return SCRIPTS[name]
    except KeyError:
        raise UnknownName(f"There is no script {name!r}. There is: {', '.join(sorted(SCRIPTS))}.") from None
