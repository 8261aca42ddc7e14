"""The hand-written scenarios by id: the shipped ones, and those that people add.

The shipped ones are read once, when the first is asked for. This is the only module of the game that reads files.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import Final

from arena.errors import OptionError, UnknownName
from arena.games.scenario.spec import Character, Scenario

SHIPPED: Final = "shipped"
"""The source of a scenario that comes with the program."""

_CHARACTERS: Final = "characters.yaml"


class Library:
    """The shipped scenarios and what was added to them."""

    def __init__(self) -> None:
        self._added: dict[str, tuple[Scenario, str]] = {}

    @classmethod
    def of_user(cls, folder: Path | None = None) -> Library:
        """The shipped scenarios and those in the user's folder, if there is one with scenarios in it.

        Raises:
            OptionError: a file in that folder is broken.
        """
        from arena.paths import scenarios_folder

        library = cls()
        folder = folder or scenarios_folder()
        if folder.is_dir() and any(p.suffix in (".yaml", ".yml") for p in folder.rglob("*")):
            library.add(folder)
        return library

    def add(self, path: Path) -> tuple[str, ...]:
        """Adds a YAML file, or all of a folder, and gives the new ids. Nothing is added where anything is wrong.

        Raises:
            OptionError: there is nothing to read, a file is broken, or an id is taken.
        """
        from arena.games.scenario.files import read, yaml_files

        fresh: dict[str, tuple[Scenario, str]] = {}
        for file in yaml_files(path):
            for scenario in read(file, characters()):
                taken = fresh.get(scenario.id) or self._added.get(scenario.id)
                if taken is not None or scenario.id in shipped():
                    source = taken[1] if taken is not None else "the shipped scenarios"
                    raise OptionError(f"{file.name}: the id {scenario.id!r} is taken by {source}; give it another.")
                fresh[scenario.id] = (scenario, str(file))
        self._added |= fresh
        return tuple(fresh)

    def find(self, id: str) -> Scenario:
        """
        Raises:
            UnknownName: no scenario has this id; the message names the nearest.
        """
        if id in self._added:
            return self._added[id][0]
        if id in shipped():
            return shipped()[id]
        near = get_close_matches(id, self.ids(), n=3)
        hint = f"Near it: {', '.join(near)}." if near else "List them with: arena scenarios list"
        raise UnknownName(f"There is no scenario {id!r}. {hint}")

    def ids(self, seats: int | None = None) -> tuple[str, ...]:
        """All ids, the shipped ones first; those with that many ``seats`` where it is given."""
        known = (*shipped().values(), *(scenario for scenario, _ in self._added.values()))
        return tuple(s.id for s in known if seats is None or len(s.parts) == seats)

    def source(self, id: str) -> str:
        """``SHIPPED``, or the file that a scenario was read from.

        Raises:
            UnknownName: no scenario has this id.
        """
        self.find(id)
        return self._added[id][1] if id in self._added else SHIPPED


@cache
def library() -> Library:
    """This process's own: the shipped scenarios and those in the user's folder, read once.

    Raises:
        OptionError: a file in that folder is broken.
    """
    return Library.of_user()


@cache
def characters() -> Mapping[str, Character]:
    """The shipped characters by name."""
    from arena.games.scenario.files import parse_characters

    return parse_characters(_written().joinpath(_CHARACTERS).read_text("utf-8"), _CHARACTERS)


@cache
def shipped() -> Mapping[str, Scenario]:
    """The shipped scenarios by id, file by file."""
    from arena.games.scenario.files import parse

    found: dict[str, Scenario] = {}
    for file in sorted(_written().iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".yaml") or file.name == _CHARACTERS:
            continue
        sheaf = parse(file.read_text("utf-8"), file.name, characters())
        assert not sheaf.problems, "\n".join(map(str, sheaf.problems))
        for scenario in sheaf.scenarios:
            assert scenario.id not in found, scenario.id
            found[scenario.id] = scenario
    return found


def _written():
    return resources("arena.games.scenario").joinpath("written")
