"""``arena settings``: what the settings screen of the terminal shows and changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from arena.errors import OptionError, UnknownName

if TYPE_CHECKING:
    from tui.keymap import Bound
    from tui.rows import Choice, Value
    from tui.settings import Settings

KEYS: Final = "keys."
"""What stands before the id of a key."""


def settings(
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...",
            help="Such as bell=off, or keys.end.again=f5; keys.end.again= is the key of the beginning again.",
            show_default=False,
        ),
    ] = None,
    keys: Annotated[bool, typer.Option("--keys", help="List everything that can have another key.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Show or change what the terminal looks like, and its keys. Changes count from the next start of arena play on."""
    from tui import keymap
    from tui.memory import Memory
    from tui.settings import written

    memory = Memory("")  # settings are the same for all servers
    if memory.complaint:
        typer.echo(memory.complaint, err=True)
    found, wrong = keymap.checked(memory.settings)
    if wrong:
        typer.echo(wrong, err=True)
    before = found
    for change in changes or ():
        found = changed(found, change)
    if found != before:
        memory.settings = found
    if as_json and keys:
        rows = [
            {"id": b.id, "place": b.place, "does": b.does, "keys": keymap.keys_of(b.id, found)} for b in keymap.bound()
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif as_json:
        typer.echo(json.dumps(written(found), ensure_ascii=False, indent=2))
    else:
        for line in key_lines(found) if keys else lines(found):
            typer.echo(line)


def changed(settings: Settings, change: str) -> Settings:
    """After one ``NAME=VALUE``.

    Raises:
        OptionError: it is not of that form, or the value cannot be.
        UnknownName: there is no such setting.
    """
    from tui.settings import CHOICES

    name, equals, value = change.partition("=")
    if not equals:
        raise OptionError(f"{change!r} is not of the form NAME=VALUE, such as bell=off.")
    if name.startswith(KEYS):
        return _with_key(settings, name.removeprefix(KEYS), value)
    choice = next((c for c in CHOICES if c.name == name), None)
    if choice is None:
        have = ", ".join((*(c.name for c in CHOICES), f"{KEYS}ID"))
        raise UnknownName(f"There is no setting {name!r}. There is: {have}.")
    for each in choice.values:
        if value in (each.shown, json.dumps(each.value), str(each.value)):
            return replace(settings, **{name: each.value})
    raise OptionError(f"{name} is {_values(choice)}, not {value!r}.")


def _with_key(settings: Settings, bound_id: str, key: str) -> Settings:
    from tui import keymap

    asked: Bound | None = next((b for b in keymap.bound() if b.id == bound_id), None)
    if asked is None:
        raise UnknownName(f"Nothing has the id {bound_id!r}. All of them: arena settings --keys")
    after, why = keymap.rebound(asked, keymap.named(key) if key else None, settings)
    if why:
        raise OptionError(f"{KEYS}{bound_id}: {why}")
    return after


def lines(settings: Settings) -> Iterator[str]:
    """A setting a line, with the values that it may have; then the keys of one's own."""
    from tui import keymap
    from tui.settings import CHOICES

    for choice in CHOICES:
        now = getattr(settings, choice.name)
        here = next(v for v in choice.values if v.value == now)
        yield f"{choice.name:8} {_typed(here):12} {choice.label}: {_values(choice)}"
    for bound_id in settings.keys:
        yield f"{KEYS}{bound_id} {keymap.shown(keymap.keys_of(bound_id, settings))}"


def key_lines(settings: Settings) -> Iterator[str]:
    """Everything that has a key, as the settings screen lists it, with its id."""
    from tui import keymap

    for bound in keymap.bound():
        own = "  yours" if bound.id in settings.keys else ""
        now = keymap.shown(keymap.keys_of(bound.id, settings))
        yield f"{KEYS}{bound.id:20} {now:20} {bound.place}: {bound.does}{own}"


def _values(choice: Choice) -> str:
    *first, last = map(_typed, choice.values)
    return f"{', '.join(first)} or {last}"


def _typed(value: Value) -> str:
    """What one types for it: one word, where the screen may show several."""
    return value.value if isinstance(value.value, str) else value.shown
