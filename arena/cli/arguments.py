"""What several commands read from their arguments in the same way."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from arena.errors import OptionError


def at_least_one(name: str, value: int) -> int:
    """
    Raises:
        OptionError: it is less.
    """
    if value < 1:
        raise OptionError(f"{name} is {value}; it must be at least 1.")
    return value


def game_options(pairs: Sequence[str], option: str = "--option", such_as: str = "talk_rounds=2") -> dict[str, Any]:
    """``KEY=VALUE`` pairs as raw options of a game. Numbers, true and false are read as such, all else as words.

    Raises:
        OptionError: one has no ``=``, or comes twice.
    """
    raw: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise OptionError(f"{option} {pair!r} is not of the form KEY=VALUE, such as {such_as}.")
        if key in raw:
            raise OptionError(f"{option} {key} is given twice.")
        try:
            raw[key] = json.loads(value)
        except ValueError:
            raw[key] = value
    return raw


def room_terms(pairs: Sequence[str]) -> dict[str, Any]:
    """``KEY=VALUE`` pairs as what a room agrees on; a key alone means true.

    Raises:
        OptionError: there is no such term, it comes twice, or it does not take that value.
    """
    from pydantic import ValidationError

    from arena.protocol.client_messages import CreateRoom

    raw = game_options([pair if "=" in pair else f"{pair}=true" for pair in pairs], "--term", "night_s=45")
    known = sorted(CreateRoom.model_fields.keys() - {"type", "game", "options", "fills", "seed"})
    for name in raw:
        if name not in known:
            raise OptionError(f"There is no term {name!r}. There is: {', '.join(known)}.")
    try:
        CreateRoom(**raw)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise OptionError(f"--term {wrong['loc'][0]}: {wrong['msg']}.") from error
    return raw


def drawn_seed(seed: int | None) -> int:
    """The seed that was asked for, or a fresh one."""
    return secrets.randbelow(2**32) if seed is None else seed
