"""Whether an audit finds what it is for, and its numbers against their definitions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.chat.client import ChatClient
from agents.chat.settings import Endpoint
from agents.judge.agreement import Pair, agreement
from agents.judge.audit import Audit, Change, audit, changed
from agents.judge.episode import Episode, episode_of
from agents.judge.judge import Judge
from agents.judge.names import KINDS, SURNAMES, other_names
from agents.judge.prompt import judge_messages
from arena.games.names import NAMES
from arena.games.scenario.dimensions import Dimension
from tests.fakes.chat_server import Body, Move, chat_server, completion, error
from tests.fakes.scene import SceneGame, events, judged_person, said

GOAL = Dimension.GOAL


def pairs(first: list[int | None], second: list[int | None], match_size: int = 2) -> list[Pair]:
    return [Pair(f"m{n // match_size}", a, b) for n, (a, b) in enumerate(zip(first, second, strict=True))]


def kappa_by_table(first: list[int], second: list[int], low: int, high: int) -> float | None:
    """Quadratic-weighted kappa by its definition: observed and expected tables of all categories."""
    size = high - low + 1
    observed = np.zeros((size, size))
    for a, b in zip(first, second, strict=True):
        observed[a - low, b - low] += 1
    expected = np.outer(observed.sum(1), observed.sum(0)) / observed.sum()
    weights = (np.arange(size)[:, None] - np.arange(size)[None, :]) ** 2 / (size - 1) ** 2
    by_chance = (weights * expected).sum()
    return None if by_chance < 1e-9 else 1 - (weights * observed).sum() / by_chance


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=12))
def test_kappa_is_that_of_the_table(scores: list[tuple[int, int]]) -> None:
    first, second = [a for a, _ in scores], [b for _, b in scores]
    found = agreement(pairs([*first], [*second]), draws=50).kappa
    expected = kappa_by_table(first, second, -5, 5)
    assert found == (None if expected is None else pytest.approx(expected))


def test_numbers_worked_by_hand() -> None:
    found = agreement(pairs([1, 2, 3, 4, None, 6], [1, 2, 4, 6, 5, None]))
    assert (found.pairs, found.missing) == (4, 2)
    assert found.exact == 0.5
    assert found.mean_absolute_difference == 0.75
    assert found.pearson == pytest.approx(np.corrcoef([1, 2, 3, 4], [1, 2, 4, 6])[0, 1])
    assert found.kappa_low is not None
    assert found.kappa_high is not None
    assert found.kappa is not None
    assert found.kappa_low <= found.kappa <= found.kappa_high


def test_full_agreement_and_none_at_all() -> None:
    same = agreement(pairs([1, 5, 9, 2, 7, 3], [1, 5, 9, 2, 7, 3]))
    assert (same.exact, same.mean_absolute_difference, same.kappa) == (1.0, 0.0, 1.0)
    assert (same.kappa_low, same.kappa_high) == (1.0, 1.0)
    opposed = agreement(pairs([0, 10, 0, 10], [10, 0, 10, 0]))
    assert opposed.kappa == pytest.approx(-1.0)
    assert opposed.pearson == pytest.approx(-1.0)


def test_what_cannot_be_computed_is_none() -> None:
    nothing = agreement(pairs([None, 3], [4, None]))
    assert (nothing.pairs, nothing.missing, nothing.exact, nothing.kappa) == (0, 2, None, None)
    assert agreement([]).missing == 0
    constant = agreement(pairs([5, 5, 5, 5], [5, 5, 5, 5]))
    assert (constant.exact, constant.pearson, constant.kappa, constant.kappa_low) == (1.0, None, None, None)
    one_match = agreement(pairs([1, 5], [2, 5]))
    assert one_match.kappa is not None
    assert one_match.kappa_low is None


def test_the_interval_draws_whole_matches() -> None:
    """Seats of a match that are wholly alike add no knowledge: the interval stays that of one seat a match."""
    rng = np.random.default_rng(1)
    first = [int(x) for x in rng.integers(0, 11, 40)]
    second = [min(10, max(0, x + int(d))) for x, d in zip(first, rng.integers(-3, 4, 40), strict=True)]
    once = agreement(pairs([*first], [*second], match_size=1))
    many = agreement(pairs([x for x in first for _ in range(5)], [x for x in second for _ in range(5)], match_size=5))
    assert many.kappa == pytest.approx(once.kappa)
    assert (many.kappa_low, many.kappa_high) == pytest.approx((once.kappa_low, once.kappa_high))


def test_the_bootstrap_is_repeatable() -> None:
    scores = pairs([1, 2, 3, 4, 5, 9], [2, 2, 5, 4, 7, 9], match_size=1)
    assert agreement(scores, seed=3) == agreement(scores, seed=3)
    assert agreement(scores, seed=3) != agreement(scores, seed=4)


# -- changes ---------------------------------------------------------------------------------------------------------


def scene(
    match_id: str = "m1", names: tuple[str, ...] = ("Ada", "Ben"), words: str = "Ada greets Ben, Adam, Ada's"
) -> Episode:
    return episode_of(match_id, SceneGame(), events([said(0, words), said(1, "Fine.")], names))  # type: ignore[arg-type]


def whole(of: Episode) -> str:
    return judge_messages(of, 0)[1]["content"]


def test_new_names_are_of_the_same_kind_and_go_everywhere() -> None:
    before, after = scene(), changed(scene(), Change.RENAMED)
    ada, ben = (p.name for p in after.people)
    assert ada in KINDS[0]
    assert ben in KINDS[1]
    assert "Ada " not in whole(after).replace("Adam", "")
    assert f"{ada} greets {ben}, Adam, {ada}'s" in whole(after)
    back = after.renamed({ada: "Ada", ben: "Ben"})
    assert whole(back) == whole(before)
    assert changed(scene(), Change.RENAMED) == after


@given(st.lists(st.sampled_from([n for kind in KINDS for n in kind]), min_size=2, max_size=8, unique=True))
def test_no_new_name_is_one_of_the_old_ones(names: list[str]) -> None:
    others = other_names(names)
    assert set(others) == set(names)
    assert len(set(others.values())) == len(names)
    assert not set(others.values()) & set(names)


def test_every_name_that_games_draw_has_a_kind() -> None:
    known = [name for kind in KINDS for name in kind]
    assert len(known) == len(set(known))
    assert set(NAMES) <= set(known)


def test_surnames_are_kept_common_and_titles_stay() -> None:
    others = other_names(["Maria Holm", "Dr. Ivan Holm", "Zzyzx"])
    assert others.keys() == {"Maria", "Holm", "Ivan", "Zzyzx"}
    assert others["Holm"] in SURNAMES
    assert others["Zzyzx"] in KINDS[2]


def test_the_other_order_changes_only_the_list() -> None:
    before, after = scene(), changed(scene(), Change.REVERSED)
    assert [p.seat for p in after.people] == [1, 0]
    assert sorted(whole(before).splitlines()) == sorted(whole(after).splitlines())
    assert after.lines == before.lines


async def audited(score: Callable[[Body], int | None], matches: int = 8) -> Audit:
    def answers(body: Body) -> Move:
        value = score(body)
        if value is None:
            return error(401)
        return completion(json.dumps({"goal": {"reasoning": "So.", "score": value}}))

    async with chat_server(answers) as server:
        client = ChatClient("fake", Endpoint(base_url=server.url, model="m", attempts=1))
        try:
            many = [scene(f"m{n}", words=f"Case {n}.") for n in range(matches)]
            return await audit(Judge(client, [GOAL]), many, draws=200)
        finally:
            await client.close()


def digest(*words: str) -> int:
    return hashlib.sha256("|".join(words).encode()).digest()[0] % 11


def case(body: Body) -> str:
    return body["messages"][1]["content"].split("Case ")[1].split(".")[0]


def first_listed(body: Body) -> bool:
    people = body["messages"][1]["content"].split("only that person knew:\n")[1]
    return json.loads(people.splitlines()[0])["name"] == judged_person(body)


async def test_a_judge_that_looks_at_the_case_alone_agrees_with_itself() -> None:
    found = await audited(lambda body: digest(case(body)))
    assert found.matches == 8
    assert list(found.agreements) == list(Change)
    for by_dimension in found.agreements.values():
        assert by_dimension[GOAL].pairs == 16
        assert by_dimension[GOAL].exact == 1.0
        assert by_dimension[GOAL].kappa == 1.0
    assert found.failures == {}


async def test_a_judge_that_looks_at_names_is_found() -> None:
    found = await audited(lambda body: digest(case(body), judged_person(body)))
    assert found.agreements[Change.AGAIN][GOAL].exact == 1.0
    assert found.agreements[Change.REVERSED][GOAL].exact == 1.0
    assert (found.agreements[Change.RENAMED][GOAL].exact or 0) < 0.5


async def test_a_judge_that_favours_the_first_is_found() -> None:
    found = await audited(lambda body: 9 if first_listed(body) else 2)
    assert found.agreements[Change.RENAMED][GOAL].exact == 1.0
    assert found.agreements[Change.REVERSED][GOAL].exact == 0.0
    assert found.agreements[Change.REVERSED][GOAL].mean_absolute_difference == 7.0


async def test_what_is_missing_is_counted() -> None:
    found = await audited(lambda body: None if judged_person(body) == "Ben" else digest(case(body)))
    again = found.agreements[Change.AGAIN][GOAL]
    assert (again.pairs, again.missing) == (8, 8)
    assert found.agreements[Change.RENAMED][GOAL].missing == 8
    assert found.failures == {"engine/refused": 24}
