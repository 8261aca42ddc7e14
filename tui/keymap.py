"""The keys: what each does, which can be another one, and which two would be in each other's way.

Every binding of a screen has an id such as ``end.again``. Textual's keymap gives such an id other keys; the keys of the
player's own stand in ``tui.settings.Settings.keys``, and vi's are a keymap like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Final

from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.keys import _character_to_key, format_key, key_to_character

from arena.protocol.text import clean_text
from tui.settings import Settings

VI: Final[Mapping[str, str]] = {
    "lobby.previous": "left,h",
    "lobby.next": "right,l",
    "lobby.code": "c",
    "rooms.down": "down,j",
    "rooms.up": "up,k",
    "past.down": "down,j",
    "past.up": "up,k",
    "choices.left": "left,h",
    "choices.right": "right,l",
    "choices.down": "down,j",
    "choices.up": "up,k",
    "pick.left": "left,h",
    "pick.right": "right,l",
    "new.down": "down,j",
    "new.up": "up,k",
    "settings.down": "down,j",
    "settings.up": "up,k",
    "settings.next-key": "down,j",
    "settings.previous-key": "up,k",
    "question.previous": "left,h",
    "question.next": "right,l",
    "end.previous": "left,h",
    "end.next": "right,l",
    "end.up": "up,k",
    "end.more": "down,j",
    "end.leave": "q",
}
"""h j k l beside the arrows; what they did before has other letters. Where a game gives a choice such a letter (a
scenario's "l" for leaving), the choice keeps it."""
EVERYWHERE: Final = "Everywhere"
TABLE: Final = "Table"
PLACES: Final[Mapping[str, str]] = {
    "app": EVERYWHERE,
    "lobby": "Lobby",
    "rooms": "Lobby",
    "table": TABLE,
    "choices": "Choices",
    "end": "The end",
    "question": "Questions",
    "new": "New game",
    "code": "Join by code",
    "settings": "Settings",
    "board": "Boards",
    "ladder": "Boards",
    "past": "Boards",
    "training": "Boards",
    "replay": "Replay",
    "keys": "Keys of the replay",
    "pick": "Values",
    "card": "My card",
    "help": "Help",
    "debug": "Connection",
}
"""What stands before the dot of an id, and the place for people. Keys of one place count at the same time."""
WRITING: Final = frozenset(("enter", "tab", "backspace", "delete", "home", "end", "left", "right", "up", "down"))


@dataclass(frozen=True, slots=True)
class Bound:
    """Something that has a key. ``keys`` are those that it has at first."""

    id: str
    place: str
    does: str
    keys: tuple[str, ...]

    @property
    def beside_writing(self) -> bool:
        """Whether it counts where one types, so that a letter would be lost to the words."""
        return self.place in (EVERYWHERE, TABLE)


def _modules() -> Iterator[ModuleType]:
    from tui import app, screens, widgets

    yield app
    for package in (screens, widgets):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            yield import_module(module.name)


@cache
def bound() -> tuple[Bound, ...]:
    """Everything that can have another key, place by place."""
    found: dict[str, Bound] = {}
    for module in _modules():
        kinds = (k for k in vars(module).values() if isinstance(k, type) and k.__module__ == module.__name__)
        for binding in (b for kind in kinds for b in _own(kind)):
            known = found.get(binding.id or "")
            keys = (*(known.keys if known else ()), binding.key)
            found[binding.id or ""] = Bound(binding.id or "", place_of(binding.id or ""), binding.description, keys)
    places = list(dict.fromkeys(PLACES.values()))
    return tuple(sorted(found.values(), key=lambda b: (places.index(b.place) if b.place in places else 99, b.place)))


def place_of(bound_id: str) -> str:
    """Where this counts, for people: what stands before the dot of its id."""
    where = bound_id.partition(".")[0]
    return PLACES.get(where, where.capitalize())


def _own(kind: type) -> Iterator[Binding]:
    bindings = kind.__dict__.get("BINDINGS", ()) if issubclass(kind, DOMNode) else ()
    yield from (b for same in BindingsMap(bindings).key_to_bindings.values() for b in same if b.id)


def keymap(settings: Settings) -> dict[str, str]:
    """For ``App.set_keymap``: vi's keys, then the player's own where they are keys of something."""
    if not (settings.vi or settings.keys):
        return {}  # most people's: no screen needs to be imported for it
    known = {b.id: b for b in bound()}
    changed = {**(VI if settings.vi else {}), **{i: k for i, k in settings.keys.items() if i in known}}
    # Textual takes a key from all that share it where one of them gets another: the others are told to keep theirs.
    shared = {
        b.id: ",".join(b.keys)
        for i in changed
        for b in bound()
        if b.id not in changed and b.place == known[i].place and set(b.keys) & set(known[i].keys)
    }
    return {**changed, **shared}


def keys_of(bound_id: str, settings: Settings) -> tuple[str, ...]:
    """The keys that this has now."""
    first = next((b.keys for b in bound() if b.id == bound_id), ())
    now = keymap(settings).get(bound_id)
    return first if now is None else tuple(now.split(","))


def shown(keys: tuple[str, ...]) -> str:
    """Keys for people, such as "Ctrl+T or F2"."""
    return " or ".join(map(key_name, keys))


def key_name(key: str) -> str:
    """One key for people."""
    *held, last = key.split("+")
    names = {"enter": "Enter", "escape": "Escape", "space": "Space", "tab": "Tab", "pageup": "PgUp", "pagedown": "PgDn"}
    last = names.get(last) or (last.upper() if held or (last[:1] == "f" and last[1:].isdigit()) else format_key(last))
    return "+".join([*(part.capitalize() for part in held), last])


def named(key: str) -> str:
    """A key as Textual names it, where it may stand as the character that it writes."""
    return _character_to_key(key) if len(key) == 1 else key


def refusal(asked: Bound, key: str, settings: Settings) -> str:
    """Why ``key`` cannot do this as things are; empty where it can."""
    if key == "escape":
        return f"{key_name(key)} always goes back."
    character = key_to_character(key)
    if asked.beside_writing and character is not None and character.isprintable():
        return f"You could no longer write {character!r}: take a key with Ctrl, or an F key."
    if asked.beside_writing and key in WRITING and key not in asked.keys:
        return f"{key_name(key)} is needed for writing."
    for other in bound():
        together = other.place == asked.place or EVERYWHERE in (other.place, asked.place)
        together = together or {other.place, asked.place} == {TABLE, "Choices"}
        at_first = key in asked.keys and key in other.keys  # one of the two is there at a time
        if other.id != asked.id and together and not at_first and key in keys_of(other.id, settings):
            return f"{key_name(key)} already does: {other.does} ({other.place})."
    return ""


def rebound(asked: Bound, key: str | None, settings: Settings) -> tuple[Settings, str]:
    """The settings with ``key`` for this (None: what it had at first), or as they are and why it cannot be."""
    others = {i: k for i, k in settings.keys.items() if i != asked.id}
    wanted = asked.keys if key is None else (key,)
    without = replace(settings, keys=others)
    why = next((why for k in wanted if (why := refusal(asked, k, without))), "")
    if why:
        return settings, why
    own = key is not None and (key,) != asked.keys
    return replace(settings, keys={**others, asked.id: key} if own and key is not None else others), ""


def checked(settings: Settings) -> tuple[Settings, str]:
    """The settings without keys that cannot be, and a sentence that names them."""
    if not settings.keys:
        return settings, ""
    known = {b.id: b for b in bound()}
    kept, wrong = replace(settings, keys={}), list[str]()
    for name, keys in settings.keys.items():
        if name not in known:
            wrong.append(f"there is no {clean_text(name, 40)!r}")
            continue
        pressed = [named(k) for k in map(str.strip, keys.split(",")) if k]
        others = replace(settings, keys={i: k for i, k in settings.keys.items() if i != name})
        why = [why for key in pressed if (why := refusal(known[name], key, others))]
        if why or not pressed:
            wrong.append(f"{name}: {why[0] if why else 'no key'}")
            continue
        kept = replace(kept, keys={**kept.keys, name: ",".join(pressed)})
    return kept, f"Keys in the settings that cannot be: {'; '.join(wrong)}" if wrong else ""
