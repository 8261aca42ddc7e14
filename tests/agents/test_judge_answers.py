"""A judge's words as scores: the form is forgiven, the numbers are not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.judge.answer import Score, faults, merged, read_scores
from arena.games.scenario.dimensions import Dimension

GOAL, SECRET = Dimension.GOAL, Dimension.SECRET
ASKED = (GOAL, SECRET)
GOOD = {"goal": {"reasoning": "Sold it.", "score": 7}, "secret": {"reasoning": "Kept.", "score": 0}}


def read(content: Any) -> dict[Dimension, Score] | None:
    return read_scores(content if isinstance(content, str) else json.dumps(content), ASKED)


def goal(value: Any) -> Score:
    found = read({**GOOD, "goal": value})
    assert found is not None
    return found[GOAL]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(GOOD),
        f"```json\n{json.dumps(GOOD)}\n```",
        f"Let me think {{about it}}. {json.dumps(GOOD)} I am done.",
        f'First I had {{"goal": 2, "secret": -3}}, but no: {json.dumps(GOOD)}',
        json.dumps({"Ada": GOOD}),
        json.dumps({"scores": {"Ada": GOOD}}),
        json.dumps({"Goal": GOOD["goal"], "SECRET ": GOOD["secret"]}),
        json.dumps({"goal": {"Rationale": "Sold it.", "Rating": "7"}, "secrets": ["Kept.", 0.0]}),
        json.dumps({**GOOD, "charm": 11}),
    ],
)
def test_other_forms_are_forgiven(content: str) -> None:
    assert read(content) == {GOAL: Score(7, "Sold it."), SECRET: Score(0, "Kept.")}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"reasoning": "r", "score": 11}, "judge/out_of_range"),
        ({"reasoning": "r", "score": -1}, "judge/out_of_range"),
        ({"reasoning": "r", "score": 7.5}, "judge/not_a_number"),
        ({"reasoning": "r", "score": "seven"}, "judge/not_a_number"),
        ({"reasoning": "r", "score": "7/10"}, "judge/not_a_number"),
        ({"reasoning": "r", "score": "٧"}, "judge/not_a_number"),
        ({"reasoning": "r", "score": None}, "judge/not_a_number"),
        ({"reasoning": "r", "score": True}, "judge/not_a_number"),
        ({"reasoning": "r", "score": [7]}, "judge/not_a_number"),
        ({"reasoning": "r", "score": float("nan")}, "judge/not_a_number"),
        ({"reasoning": "r", "score": float("inf")}, "judge/not_a_number"),
        ({"reasoning": "r", "score": 10**30}, "judge/not_a_number"),
        ({"reasoning": "r"}, "judge/not_a_number"),
        ({}, "judge/not_a_number"),
        (None, "judge/not_a_number"),
        (["r", "s"], "judge/not_a_number"),
    ],
)
def test_what_is_no_score_is_missing_with_its_reason(value: Any, code: str) -> None:
    found = goal(value)
    assert found.value is None
    assert found.missing is not None
    assert found.missing.startswith(f"{code}: ")
    if isinstance(value, dict) and value:
        assert found.reasoning == "r"


def test_what_is_left_out_is_missing() -> None:
    found = read({"secret": {"reasoning": "Kept.", "score": 0}})
    assert found is not None
    assert found[GOAL] == Score(None, "", "judge/absent: There is no such score in the answer.")
    assert faults(found) == "goal: There is no such score in the answer."


def test_two_scores_for_one_thing_are_none() -> None:
    found = read('{"goal": {"reasoning": "a", "score": 3}, "Goal": {"reasoning": "b", "score": 10}, "secret": 0}')
    assert found is not None
    assert found[GOAL].missing == "judge/twice: The answer scores it more than once, and not alike."
    found = read('{"goal": {"reasoning": "a", "score": 3, "score": 10}, "secret": 0}')
    assert found is not None
    assert found[GOAL].value is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "Ten of ten.",
        "[1, 2]",
        "{}",
        '{"goal": ',
        "null",
        '{"charm": 3}',
        json.dumps({"Ada": GOOD, "Ben": GOOD}),
        "{" * 5000,
    ],
)
def test_no_object_with_scores_is_no_answer(content: str) -> None:
    assert read(content) is None


def test_reasons_never_quote_the_answer() -> None:
    """An answer may repeat what a person said, and reasons are kept when the person's words are forgotten."""
    found = read({"goal": {"reasoning": "xylophone", "score": "xylophone"}, "secret": {"score": ["xylophone"]}})
    assert found is not None
    assert "xylophone" not in faults(found)


def test_a_second_answer_fills_what_the_first_left_open() -> None:
    first = read({"goal": {"reasoning": "a", "score": 3}, "secret": {"reasoning": "b", "score": 5}})
    second = read({"secret": {"reasoning": "c", "score": -2}})
    assert first is not None
    assert second is not None
    assert merged(first, second) == {GOAL: Score(3, "a"), SECRET: Score(-2, "c")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["goal", "score", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.one_of(JSON.map(json.dumps), st.text()))
def test_whatever_comes_nothing_is_made_up(content: str) -> None:
    found = read(content)
    if found is not None:
        assert found.keys() == set(ASKED)
        for dimension, score in found.items():
            assert (score.value is None) == (score.missing is not None)
            assert score.value is None or dimension.holds(score.value)
