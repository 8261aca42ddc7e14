from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.errors import OptionError
from arena.games.scenario import files
from arena.games.scenario.files import check, dump, parse, parse_characters, read, yaml_files
from arena.games.scenario.library import characters, shipped
from arena.games.scenario.spec import Character, Giving, Guess, Issue, Part, Scenario, Secret, Terms
from tests.soak import count
from tests.tree import ROOT

GOOD = """\
- id: last-slice
  title: The last slice
  situation: One slice of cake, two people.
  terms:
    issues:
      slice: [Ada, Kofi]
      window: [open, shut]
  seats:
    - character: Ada
      goal: Get the slice.
      secret: {text: You had three already., tells: [three]}
      relations: {Kofi: a colleague}
      worths:
        slice: [5, 0]
        window: [1, 2]
      walk: 2
    - character: Kofi
      goal: Get half of it.
      worths:
        slice: [0, 5]
        window: [2, 1]
      walk: 2
"""


def problems(text: str) -> list[str]:
    return [str(p) for p in parse(text, "party.yaml", characters()).problems]


def test_a_good_file() -> None:
    (scenario,) = parse(GOOD, "party.yaml", characters()).scenarios
    assert scenario.names == ("Ada", "Kofi")
    assert scenario.parts[0].character == characters()["Ada"]
    assert scenario.parts[0].relations == (("Kofi", "a colleague"),)
    assert scenario.terms == Terms(
        issues=(Issue("slice", ("Ada", "Kofi")), Issue("window", ("open", "shut"))),
        worths=(((5, 0), (1, 2)), ((0, 5), (2, 1))),
        walk=(2, 2),
        needs=2,
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("      goal: Get half of it.\n", "", "17: goal is missing."),
        ("goal: Get half of it.", "goal:", "18: goal is empty."),
        ("goal: Get half of it.", "goal: ~", "18: goal is empty."),
        ("goal: Get half of it.", "goal: [a, b]", "18: goal must be a text."),
        ("goal: Get half", "gaol: Get half", "17: goal is missing."),
        ("goal: Get half", "gaol: Get half", "18: a seat knows no 'gaol'; did you mean 'goal'?"),
        ("walk: 2\n    -", "walk: 2\n      zzz: 2\n    -", "17: a seat knows no 'zzz'; it knows character, goal, "),
        ("goal: Get half", "goal: x\n      goal: Get half", "19: goal is given twice."),
        ("goal: Get half of it.", 'goal: "Get\\ahalf"', "18: goal holds the control character U+0007."),
        ("goal: Get half of it.", "goal: Get\x07half", "18: this is not YAML: it holds the control character U+0007."),
        ("goal: Get half of it.", "goal: " + "long " * 200, "18: goal has 999 characters; at most 500 are allowed."),
        ("goal: Get half", "goal: 'Get half", "this is not YAML: found unexpected end of stream."),
        ("goal: Get half", "goal: a: Get half", "18: this is not YAML: mapping values are not allowed"),
        ("id: last-slice", "id: Last Slice", "1: the id 'Last Slice' must be small letters"),
        ("id: last-slice\n  title", "title", "1: id is missing."),
        ("character: Kofi", "character: Kofy", "17: there is no character 'Kofy'; give name, age and occupation"),
        ("character: Kofi", "character: Ada", "17: Ada sits at the table twice."),
        ("character: Kofi", "character: {name: kofi, age: 20, occupation: x}", "17: the name 'kofi' must be plain"),
        ("character: Kofi", "character: {name: Kofi, age: 17, occupation: x}", "17: age is 17; it must be 18 to 120."),
        ("character: Kofi", "character: {name: Kofi, age: old, occupation: x}", "17: age must be a whole number."),
        ("character: Kofi", "character: {name: Kofi, age: 20}", "17: occupation is missing."),
        ("Kofi: a colleague", "Uma: a colleague", "12: there is nobody called 'Uma' beside Ada at this table."),
        ("Kofi: a colleague", "Ada: myself", "12: there is nobody called 'Ada' beside Ada at this table."),
        ("tells: [three]", "tells: [cake]", "11: everybody reads 'cake' in the situation; it can tell nothing."),
        ("tells: [three]", "tells: [three of them]", "11: the tell 'three of them' must be a single word."),
        ("tells: [three]", "tells: three", "11: tells must be a list."),
        ("slice: [5, 0]", "slice: [5, 0, 1]", "14: worths of slice has 3 numbers for 2 options."),
        ("slice: [5, 0]", "slice: [5, -1]", "14: a worth of slice is -1; it must be 0 to 100."),
        ("slice: [5, 0]", "slice: [5, 1.5]", "14: a worth of slice must be a whole number."),
        ("        window: [1, 2]\n", "", "14: window is missing."),
        ("slice: [5, 0]", "slices: [5, 0]", "14: worths knows no 'slices'; did you mean 'slice'?"),
        ("      walk: 2\n    -", "    -", "9: walk is missing."),
        ("slice: [Ada, Kofi]", "slice: [Ada]", "6: slice has 1 entries; it must have 2 to 8."),
        ("slice: [Ada, Kofi]", "slice: [Ada, Ada]", "6: slice holds 'Ada' twice."),
        ("  terms:\n", "  giving: {purse: 3, percent: 150}\n  terms:\n", "4: a scenario has terms or giving, not"),
        ("    issues:\n", "    needs: 3\n    issues:\n", "5: needs is 3; it must be 2 to 2."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, expected: str) -> None:
    assert old in GOOD
    said = problems(GOOD.replace(old, new, 1))
    assert any(re.match(r"party\.yaml(:\d+)?: ", line) and expected in line for line in said), said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "party.yaml: there is nothing in it."),
        ("# only words\n", "party.yaml: there is nothing in it."),
        ("word", "party.yaml:1: a scenario must be written as keys with values."),
        ("- 1\n- 2\n", "party.yaml:2: a scenario must be written as keys with values."),
        ("? [a]\n: b\n", "party.yaml:1: a scenario has a key that is no word."),
        ("[" * 5000, "party.yaml:1: this is nested more than 32 levels deep."),
        ("a: *b\n", "party.yaml:1: this is not YAML: "),
        ("--- {a: 1}\n--- {b: 1}\n", "party.yaml:2: this is not YAML: but found another document."),
        (GOOD + GOOD, "party.yaml:23: the id 'last-slice' is taken by line 1."),
    ],
)
def test_what_is_no_scenario_at_all(text: str, expected: str) -> None:
    assert any(line.startswith(expected) for line in problems(text)), problems(text)


def test_one_bad_scenario_leaves_the_others() -> None:
    bad = GOOD.replace("last-slice", "second").replace("walk: 2", "walk: x")
    sheaf = parse(GOOD + bad, "party.yaml", characters())
    assert [s.id for s in sheaf.scenarios] == ["last-slice"]
    assert [p.line for p in sheaf.problems] == [38, 44]


@pytest.mark.parametrize(
    ("guess", "expected"),
    [
        ("{about: Ada, question: Who?, choices: [a, b], truth: c}", "the truth 'c' is not among the choices."),
        ("{about: Kofi, question: Who?, choices: [a, b], truth: a}", "there is nobody called 'Kofi' beside Kofi"),
        ("{about: Ada, question: Who?, choices: [a], truth: a}", "choices has 1 entries; it must have 2 to 8."),
        ("{about: Ada, question: Who?, choices: [a, b], truth: a, hidden: 1}", "hidden must be true or false."),
        ("{about: Ada, choices: [a, b], truth: a}", "question is missing."),
    ],
)
def test_bad_guesses(guess: str, expected: str) -> None:
    (said,) = problems(GOOD + f"      guess: {guess}\n")
    assert said.startswith(f"party.yaml:23: {expected}")


def test_words_are_taken_as_written() -> None:
    text = GOOD.replace("window: [open, shut]", "window: [yes, 7:30, 0x1F, null]").replace("2]", "2, 0, 0]", 1)
    said = problems(text)
    assert said[0] == "party.yaml:7: an entry of window is empty."
    text = GOOD.replace("window: [open, shut]", "window: [yes, 7:30]")
    (scenario,) = parse(text, "party.yaml", characters()).scenarios
    assert scenario.terms is not None
    assert scenario.terms.issues[1].options == ("yes", "7:30")


def test_reading_files(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "party.yaml"
    path.parent.mkdir()
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert [s.id for s in read(path, characters())] == ["last-slice"]
    assert yaml_files(tmp_path) == [path] == yaml_files(path)
    path.write_bytes(GOOD.encode() + b"\xff")
    assert str(check(path, {}).problems[0]) == "party.yaml:23: this is not UTF-8; save the file in that encoding."
    path.write_text(GOOD.replace("walk: 2", "walk: x"))
    with pytest.raises(OptionError, match=r"party.yaml:16: walk must be a whole number. \(and 1 more: arena scenarios"):
        read(path, characters())
    assert "cannot be read" in str(check(tmp_path / "none.yaml", {}).problems[0])
    for nothing in (tmp_path / "none", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(OptionError, match="There is no"):
            yaml_files(nothing)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    (tmp_path / "a.yaml").write_text(GOOD)
    assert "larger than" in check(tmp_path / "a.yaml", {}).problems[0].text


def test_characters() -> None:
    assert parse_characters("[{name: Jo Ann, age: 40, occupation: cook}]", "c") == {
        "Jo Ann": Character("Jo Ann", 40, "cook")
    }
    with pytest.raises(OptionError, match="c:2: Jo is there twice"):
        parse_characters("- {name: Jo, age: 40, occupation: cook}\n- {name: Jo, age: 41, occupation: cook}\n", "c")


@pytest.mark.parametrize("scenario", shipped().values(), ids=lambda s: s.id)
def test_the_shipped_ones_survive_writing(scenario: Scenario) -> None:
    assert parse(dump([scenario], "A heading\n\nof lines"), "w", {}) == files.Sheaf((scenario,), (5,), ())


LINE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=50).map(
    lambda text: " ".join(text.split()) or "x"
)
LINES = st.lists(LINE, max_size=3, unique=True).map(tuple)
NAMES = st.lists(
    st.sampled_from(["Ada", "Jo Ann", "Bo", "Cy", "O'Dea", "Yes", "No", "On"]), min_size=2, max_size=8, unique=True
)
NUMBERS = st.integers(0, 100)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    names = draw(NAMES)
    parts = tuple(
        Part(
            Character(name, draw(st.integers(18, 120)), draw(LINE), draw(LINES), draw(LINES)),
            draw(LINE),
            draw(st.none() | st.builds(Secret, LINE, st.just(("zzzzz", "no", "1")))),
            draw(LINES),
            tuple((other, draw(LINE)) for other in draw(st.permutations([n for n in names if n != name]))),
        )
        for name in names
    )
    terms = giving = None
    if draw(st.booleans()):
        giving = Giving(draw(st.integers(1, 100)), draw(st.integers(101, 799)))
    else:
        options = st.lists(LINE, min_size=2, max_size=8, unique=True).map(tuple)
        issues = tuple(
            Issue(name, draw(options)) for name in draw(st.lists(LINE, min_size=1, max_size=6, unique=True))
        )  # fmt: skip
        worths = tuple(tuple(tuple(draw(NUMBERS) for _ in i.options) for i in issues) for _ in names)
        terms = Terms(issues, worths, tuple(draw(NUMBERS) for _ in names), draw(st.integers(2, len(names))))
    choices = draw(st.lists(LINE, min_size=2, max_size=8, unique=True))
    guess = Guess(1, 0, draw(LINE), tuple(choices), draw(st.sampled_from(choices)), draw(st.booleans()))
    return Scenario("some-id", "written", "12", "7:30", parts, terms, giving, draw(st.sampled_from([(), (guess,)])))


@settings(max_examples=count(25, 2_000), deadline=None)
@given(scenarios())
def test_whatever_is_written_reads_back(scenario: Scenario) -> None:
    sheaf = parse(dump([scenario, dataclasses.replace(scenario, id="other")]), "w", {})
    assert sheaf.problems == ()
    assert sheaf.scenarios[0] == scenario


@settings(max_examples=count(200, 20_000), deadline=None)
@given(st.data())
def test_a_broken_file_ends_in_problems_and_never_in_a_crash(data: st.DataObject) -> None:
    start, length = data.draw(st.integers(0, len(GOOD))), data.draw(st.integers(0, 40))
    noise = data.draw(st.text("[]{}:,-&*!|>'\"%@`?#\n \tab1~\x00\u2028", max_size=12))
    sheaf = parse(GOOD[:start] + noise + GOOD[start + length :], "party.yaml", characters())
    assert sheaf.scenarios or sheaf.problems


def test_the_example_of_the_document_is_a_scenario() -> None:
    text = (ROOT / "docs" / "scenarios.md").read_text()
    (example,) = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    sheaf = parse(example, "scenarios.md", characters())
    assert sheaf.problems == ()
    (scenario,) = sheaf.scenarios
    assert scenario.names == ("Ada", "Kofi", "Pia")
    assert scenario.terms is not None
    assert scenario.guesses
