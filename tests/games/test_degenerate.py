"""Messages that say nothing."""

from __future__ import annotations

import pytest

from arena.games.degenerate import Flaw, flaw, plain

LONG = "I would take the piano if you take the boat"


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "“…”".replace("“", '"').replace("”", '"'), " . , ; "])
def test_marks_alone_are_nothing(text: str) -> None:
    assert flaw(text, (), ()) is Flaw.EMPTY


@pytest.mark.parametrize("text", ["Yes.", "yes", " YES!! ", "  yes…"])
def test_the_same_again_is_repeated_whatever_its_marks(text: str) -> None:
    assert flaw(text, ("Yes.",), ()) is Flaw.REPEATED
    assert flaw(text, (), ("Yes.",)) is Flaw.COPIED
    assert flaw(text, ("No.",), ("Well.",)) is None


def test_own_words_before_those_of_others() -> None:
    assert flaw("Yes", ("yes",), ("yes",)) is Flaw.REPEATED


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        (LONG, True),
        (LONG.upper() + "!", True),
        ("take the piano if you take", True),
        ("the piano if you take", False),
        ("If you take the boat I take the piano", False),
        (f"{LONG}, and then we go", False),
    ],
)
def test_six_words_in_anothers_order_are_copied(text: str, copied: bool) -> None:
    assert flaw(text, (), ("Hello.", f"{LONG}.")) is (Flaw.COPIED if copied else None)


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("Это хорошо.", True),
        ("你好", True),
        ("Good 好 morning to you all", False),
        ("Grüß Gott, señor, naïve café", False),
        ("ok да нет", True),
        ("12345", False),
        ("👍👍", True),
        ("20 coins!", False),
    ],
)
def test_another_language_is_told_by_its_script(text: str, foreign: bool) -> None:
    assert flaw(text, (), ()) is (Flaw.OFF_LANGUAGE if foreign else None)


def test_plain() -> None:
    assert plain("  Well,   HELLO there?! ") == "well, hello there"
