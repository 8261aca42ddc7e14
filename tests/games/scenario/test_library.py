from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from arena.errors import OptionError, UnknownName
from arena.games.scenario.library import SHIPPED, Library, shipped
from arena.paths import scenarios_folder
from tests.games.scenario.test_files import GOOD


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder, which is not made yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return scenarios_folder()


def test_the_shipped_ones_are_there() -> None:
    library = Library()
    assert library.ids() == tuple(shipped())
    assert library.find("lost-deposit").title == "The deposit"
    assert library.source("lost-deposit") == SHIPPED
    assert all(len(library.find(id).parts) == 4 for id in library.ids(seats=4))
    assert {id for seats in range(2, 9) for id in library.ids(seats)} == set(library.ids())


def test_an_unknown_id_names_its_neighbours() -> None:
    with pytest.raises(UnknownName, match=r"There is no scenario 'lost-deposits'. Near it: lost-deposit"):
        Library().find("lost-deposits")
    with pytest.raises(UnknownName, match="List them with: arena scenarios list"):
        Library().source("qqqq")


def test_adding(tmp_path: Path) -> None:
    library = Library()
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yml").write_text(GOOD.replace("last-slice", "first-slice"))
    assert library.add(tmp_path) == ("last-slice", "first-slice")
    assert library.ids()[-2:] == ("last-slice", "first-slice")
    assert library.find("first-slice").family == "written"
    assert library.source("first-slice") == str(tmp_path / "b.yml")
    with pytest.raises(OptionError, match=r"a.yaml: the id 'last-slice' is taken by .*a.yaml; give it another."):
        library.add(tmp_path / "a.yaml")
    assert "first-slice" not in Library().ids()


def test_nothing_is_added_where_anything_is_wrong(tmp_path: Path) -> None:
    library = Library()
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD.replace("last-slice", "lost-deposit"))
    with pytest.raises(OptionError, match=r"b.yaml: the id 'lost-deposit' is taken by the shipped scenarios"):
        library.add(tmp_path)
    (tmp_path / "b.yaml").write_text("- id: x\n")
    with pytest.raises(OptionError, match=r"b.yaml:1: title is missing"):
        library.add(tmp_path)
    with pytest.raises(OptionError, match="There is no file or folder"):
        library.add(tmp_path / "none")
    assert library.ids() == tuple(shipped())


def test_the_users_own_folder(folder: Path) -> None:
    assert Library.of_user().ids() == tuple(shipped())
    assert not folder.exists(), "looking makes no folder"
    folder.mkdir(parents=True)
    assert Library.of_user().ids() == tuple(shipped())
    (folder / "own.yaml").write_text(GOOD)
    assert Library.of_user().find("last-slice").names == ("Ada", "Kofi")
    assert Library.of_user(folder / "other").ids() == tuple(shipped())


def test_yaml_is_loaded_when_it_is_needed_and_not_before() -> None:
    program = (
        "import sys, arena.games.scenario.library as library; library.Library(); assert 'yaml' not in sys.modules; "
        "library.shipped(); assert 'yaml' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
