"""Who has met whom."""

from __future__ import annotations

from arena.rating.head_to_head import Meeting, head_to_head
from arena.rating.ladder import Result

SIDES = ("village", "werewolves")


def won(first: tuple[str, ...], second: tuple[str, ...], score: float = 1.0) -> Result:
    return Result("werewolf {}", SIDES, (first, second), score)


def test_a_match_counts_once_whichever_side_and_however_many_seats() -> None:
    results = [won(("a",) * 5, ("b",) * 2), won(("b",) * 5, ("a",) * 2), won(("a",) * 5, ("b",) * 2, 0.5)]
    assert head_to_head(results, "ab") == (Meeting("a", "b", 3, 1.5),)
    assert head_to_head(results, "ba") == (Meeting("b", "a", 3, 1.5),)
    assert head_to_head(results[:1], "ba") == (Meeting("b", "a", 1, 0.0),)


def test_partners_have_not_met_and_who_sat_on_both_sides_has_drawn() -> None:
    assert head_to_head([won(("a", "b"), ("c", "c"))], "abc") == (Meeting("a", "c", 1, 1.0), Meeting("b", "c", 1, 1.0))
    assert head_to_head([won(("a", "b"), ("a", "b"))], "ab") == (Meeting("a", "b", 1, 0.5),)


def test_who_is_not_asked_for_is_left_out() -> None:
    results = [won(("a",), ("b",)), won(("a",), ("c",)), won(("a",), ("a",))]
    assert head_to_head(results, ["c", "a", "d"]) == (Meeting("c", "a", 1, 0.0),)
    assert head_to_head([], "ab") == ()
