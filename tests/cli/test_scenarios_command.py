from __future__ import annotations

import json
from pathlib import Path

import pytest

from arena.games.scenario.library import shipped
from arena.paths import scenarios_folder
from tests.cli.test_commands import run
from tests.games.scenario.test_files import GOOD
from tests.games.scenario.test_sotopia import ENVIRONMENT, EPISODE


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return scenarios_folder()


def test_list(own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_folder.mkdir(parents=True)
    (own_folder / "own.yaml").write_text(GOOD)
    assert run("scenarios", "list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in rows] == [*shipped(), "last-slice"]
    assert rows[-1] == {
        "id": "last-slice",
        "title": "The last slice",
        "seats": 2,
        "names": ["Ada", "Kofi"],
        "settled_by": "terms",
        "from": str(own_folder / "own.yaml"),
    }
    assert run("scenarios", "list", "--seats", "8") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["id", "reunion"]
    assert lines[1].endswith("shipped")


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("scenarios", "show", "lost-deposit") == 0
    everything = capsys.readouterr().out
    assert "rabbits in the flat" in everything
    assert "ten years" in everything
    assert run("scenarios", "show", "lost-deposit", "--seat", "1") == 0
    seen = capsys.readouterr().out
    assert "rabbit" not in seen
    assert "ten years" in seen
    assert "No agreement: 5" in seen
    assert run("scenarios", "show", "lost-deposit", "--json") == 0
    assert json.loads(capsys.readouterr().out) == shipped()["lost-deposit"].to_json()


@pytest.mark.parametrize("id", shipped())
def test_a_seat_sees_no_card_but_its_own(id: str, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = shipped()[id]
    for form in ((), ("--json",)):
        assert run("scenarios", "show", id, "--seat", "1", *form) == 0
        seen = capsys.readouterr().out
        for seat, part in enumerate(scenario.parts):
            assert (json.dumps(part.goal)[1:-1] in seen) == (seat == 1)
        assert "The truth:" not in seen
        assert '"truth":' not in seen


def test_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "x" / "bad.yaml"
    good.write_text(GOOD)
    assert run("scenarios", "check", str(good)) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "1 files, 1 good scenarios, 0 problems.\n")
    bad.parent.mkdir()
    bad.write_text(GOOD.replace("walk: 2", "walk: x") + GOOD)
    assert run("scenarios", "check", str(good), str(bad.parent)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "bad.yaml:16: walk must be a whole number.",
        "bad.yaml:22: walk must be a whole number.",
        "bad.yaml:23: the id 'last-slice' is taken by good.yaml; give it another.",
    ]
    assert run("scenarios", "check", str(bad), "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["files"], report["scenarios"]) == (1, 1)
    assert report["problems"][0] == {"file": "bad.yaml", "line": 16, "problem": "walk must be a whole number."}


def test_import(own_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "episodes.jsonl"
    data.write_text(json.dumps(EPISODE) + "\n" + json.dumps(ENVIRONMENT) + "\n")
    assert run("scenarios", "import", str(data)) == 0
    said = capsys.readouterr()
    assert "episodes.jsonl:2: skipped: it names no agents" in said.out
    assert "1 imported, 0 of them shortened, 1 skipped." in said.out
    assert "CC-BY-SA" in said.err
    assert "Xuhui Zhou" in said.err
    written = own_folder / "sotopia.yaml"
    assert written.read_text().startswith("# From the data of SOTOPIA by Xuhui Zhou")
    assert run("scenarios", "show", "sotopia-shared-umbrella") == 0
    assert "It pours again." in capsys.readouterr().out
    assert run("scenarios", "import", str(data)) == 2
    assert "--replace" in capsys.readouterr().err
    assert run("scenarios", "import", str(data), "--replace", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["scenarios"] == ["sotopia-shared-umbrella"]
    assert report["file"] == str(written)
    assert report["skipped"][0]["record"] == "episodes.jsonl:2"
    data.write_text("{}\n")
    assert run("scenarios", "import", str(data), "--out", str(tmp_path / "other")) == 1
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "lost-deposits"), "Near it: lost-deposit"),
        (("show", "lost-deposit", "--seat", "2"), "There is no seat 2; lost-deposit has the seats 0 to 1."),
        (("check", "nowhere.yaml"), "There is no file or folder nowhere.yaml"),
        (("import", "nowhere.json"), "nowhere.json cannot be read"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("scenarios", *arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
