"""Reading what a chat model answers: clean, forgiven, or asked again; never a guess, never a thought spoken aloud."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.chat.answer import NotRead, Read, read_answer
from agents.chat.thought import split_thought
from arena.games.core import Turn, checked

VOTE = Turn("day1.vote", 0, "vote", "Whom do you vote to exile?", ("Ben", "Cleo", "Dan"))
BID = Turn("day1.bid1", 0, "bid", "How much do you want to speak?", ("silent", "speak", "urgent"))
POTION = Turn("night1.save", 0, "save", "Whom do you save?", ("Ben", "nobody"))
TALK = Turn("day1.talk1", 0, "talk", "What do you say?", text_limit=40)
BOTH = Turn("both", 0, "both", "Both?", ("Ben", "Cleo"), text_limit=40)


@pytest.mark.parametrize(
    ("content", "forgiven"),
    [
        ('{"choice": "Ben"}', False),
        ('{"thought": "He was quiet.", "choice": "Ben"}', False),
        (' {"choice":"Ben"}\n', False),
        ('{"choice": "ben"}', True),
        ('{"choice": " Ben. "}', True),
        ('{"vote": "Ben"}', True),
        ('{"Choice": "Ben"}', True),
        ('{"choice": "Ben", "confidence": 0.7}', True),
        ('{"choice": "I vote for Ben"}', True),
        ('```json\n{"choice": "Ben"}\n```', True),
        ('Sure! Here is my answer: {"choice": "Ben"} Good luck.', True),
        ('{"choice": "Cleo"} No, wait. {"choice": "Ben"}', True),
        ("Ben", True),
        ("ben!", True),
        ("**Ben**", True),
        ("I vote for Ben.", True),
        ("I vote for BEN, because he lies.", True),
        ("I do not trust Cleo and Dan is quiet, so I vote for Ben.", True),
        ("My choice is: Ben", True),
        ("I would not vote for Cleo. I vote for Ben.", True),
    ],
)
def test_a_choice_is_understood(content: str, forgiven: bool) -> None:
    read = read_answer(content, VOTE)
    assert isinstance(read, Read), read
    assert read.act.choice == "Ben"
    assert read.forgiven == forgiven
    checked(VOTE, read.act)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "   ",
        "{}",
        "[]",
        "null",
        '{"choice": null}',
        '{"choice": 3}',
        '{"choice": "Zoe"}',
        '{"choice": "Ben or Cleo"}',
        '{"thought": "Ben"}',
        "Benedict",
        "Ben or Cleo.",
        "I will not vote for Ben.",
        "Anyone but Ben.",
        "I don't think that it is Ben.",
        "Never Ben!",
        "I vote for Ben. I vote for Cleo.",
        "I abstain.",
        '{"choice": "Ben',
        "{" * 5000,
        '{"a":' * 5000,
    ],
)
def test_what_may_mean_something_else_is_not_guessed(content: str) -> None:
    read = read_answer(content, VOTE)
    assert isinstance(read, NotRead), read
    assert "\n" not in read.reason


def test_words_of_other_choices() -> None:
    assert read_answer("I want to speak.", BID) == Read(read_answer('{"choice":"speak"}', BID).act, True)  # type: ignore[union-attr]
    assert isinstance(read_answer("silent or urgent", BID), NotRead)
    read = read_answer("nobody", POTION)
    assert isinstance(read, Read)
    assert read.act.choice == "nobody"


@pytest.mark.parametrize(
    ("content", "text", "forgiven"),
    [
        ('{"text": "I am new."}', "I am new.", False),
        ('{"thought": "Lie.", "text": "I am new."}', "I am new.", False),
        ('{"text": ""}', "", False),
        ('{"text": "I  am\\nnew."}', "I am new.", False),
        ('{"message": "I am new."}', "I am new.", True),
        ('```\n{"text": "I am new."}\n```', "I am new.", True),
        ('{"text": "' + "long " * 20 + '"}', ("long " * 20)[:39], True),
        ("I am new.", "I am new.", True),
        ('"I am new."', "I am new.", True),
        ('{"text": "I am\nnew."}', "I am new.", False),
        ('{"text": "\\u202eI am\\u0007 new."}', "I am new.", False),
    ],
)
def test_talk_is_understood(content: str, text: str, forgiven: bool) -> None:
    read = read_answer(content, TALK)
    assert isinstance(read, Read), read
    assert read.act.text == text
    assert read.forgiven == forgiven
    checked(TALK, read.act)


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"thought": "I am the werewolf."}',
        '{"text": "I am n',
        '{"thought": "I am the werewolf, so I',
        "I am the werewolf, so I should lie.\n\nI am new.",
        '{"text": "\\u200b\\u200b"}',
        "```json\n```",
        '{"text": 5}',
    ],
)
def test_what_may_hold_thoughts_is_not_spoken(content: str) -> None:
    assert isinstance(read_answer(content, TALK), NotRead)


def test_both_at_once() -> None:
    read = read_answer('{"text": "It is Ben.", "choice": "Ben"}', BOTH)
    assert isinstance(read, Read)
    assert (read.act.text, read.act.choice, read.forgiven) == ("It is Ben.", "Ben", False)
    assert isinstance(read_answer('{"text": "It is Ben."}', BOTH), NotRead)
    assert isinstance(read_answer("Ben", BOTH), NotRead)


@given(st.text(max_size=300) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_whatever_comes_an_act_that_is_read_is_legal(content: str) -> None:
    for turn in (VOTE, BID, TALK, BOTH):
        read = read_answer(content, turn)
        if isinstance(read, Read):
            assert checked(turn, read.act) == read.act
        else:
            assert read.reason


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<THINK>", "secret", "said", "\n", "</thinking>"]), max_size=12)
)
def test_no_tag_of_a_thought_is_left_in_what_is_said(parts: list[str]) -> None:
    _, said = split_thought("".join(parts))
    assert "<think>" not in said.lower()
    assert "</think" not in said.lower()


def test_an_unclosed_thought_is_all_thought() -> None:
    assert split_thought("<think>a") == ("a", "")
    assert split_thought("a</think>b") == ("a", "b")
    assert split_thought("b<think>a") == ("a", "b")
    assert split_thought("<think>a</think>b</think>c") == ("a\nb", "c")
    assert split_thought("b") == ("", "b")
