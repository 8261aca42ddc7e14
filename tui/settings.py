"""What a player likes of the screens, as data, and the file that keeps it.

The file is ``settings.json`` beside what else the terminal remembers, and may be written by hand. What in it is no
setting is left out and said; a file that is no JSON at all is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tui.rows import Choice, Value

FILE: Final = "settings.json"
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Settings:
    """``keys`` are keys of the player's own, by the id of what they do (``tui.keymap``), such as ``end.again: f5``."""

    theme: str = "dark"
    density: str = "comfortable"
    bell: bool = True
    vi: bool = False
    hints: str = "first"
    keys: Mapping[str, str] = field(default_factory=lambda: _NONE)

    @property
    def compact(self) -> bool:
        return self.density == "compact"


CHOICES: Final = (
    Choice(
        "theme",
        "Colours",
        (
            Value("dark", "dark", "For dark rooms."),
            Value("light", "light", "For bright rooms."),
            Value("terminal", "terminal's own", "The sixteen colours of your terminal, on its own background."),
        ),
        "dark",
    ),
    Choice(
        "density",
        "Density",
        (
            Value("comfortable", "comfortable", "With some air around things."),
            Value("compact", "compact", "As much of the talk at once as fits."),
        ),
        "comfortable",
    ),
    Choice(
        "bell",
        "Bell",
        (Value(True, "on", "Rings when your turn comes, and when its time runs out."), Value(False, "off", "Silent.")),
        True,
    ),
    Choice(
        "vi",
        "vi keys",
        (
            Value(False, "off", "Arrows move."),
            Value(
                True,
                "on",
                "h j k l move wherever you are not writing. C joins by code, Q leaves the end.",
            ),
        ),
        False,
    ),
    Choice(
        "hints",
        "Hints",
        (
            Value("first", "first game", "A line of advice above each turn, in the game that teaches."),
            Value("always", "always", "A line of advice above each turn, in every game."),
            Value("never", "never", "No advice."),
        ),
        "first",
    ),
)
"""Everything but the keys, as rows of the screen."""


def parsed(raw: Any) -> tuple[Settings, str]:
    """The settings in a JSON value, and a sentence about what in it is none; empty where all is well."""
    if not isinstance(raw, dict):
        return Settings(), "it holds no settings"
    found: dict[str, Any] = {}
    strange = sorted(set(map(str, raw)) - {f.name for f in fields(Settings)})
    for choice in CHOICES:
        value = raw.get(choice.name, choice.start)
        if any(value is v.value or (isinstance(value, str) and value == v.value) for v in choice.values):
            found[choice.name] = value
        else:
            strange.append(choice.name)
    keys = raw.get("keys", {})
    if isinstance(keys, dict) and all(isinstance(k, str) and isinstance(v, str) for k, v in keys.items()):
        found["keys"] = MappingProxyType(dict(keys))
    else:
        strange.append("keys")
    return Settings(**found), "" if not strange else f"it says nothing that is understood of {', '.join(strange)}"


def read(file: Path) -> tuple[Settings, str]:
    """The settings kept in ``file``, and why some of them are not as they stand there."""
    try:
        settings, wrong = parsed(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Settings(), ""
    except (OSError, ValueError, RecursionError):
        return Settings(), f"{file} cannot be read: the settings are as at first."
    return settings, f"{file}: {wrong}." if wrong else ""


def written(settings: Settings) -> dict[str, Any]:
    """As JSON; ``parsed(written(s)) == (s, "")``."""
    return {**{f.name: getattr(settings, f.name) for f in fields(settings)}, "keys": dict(settings.keys)}
