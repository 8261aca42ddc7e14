"""Every score by rule, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from arena.games.scenario.spec import Issue, Terms
from tests.games.scenario.tables import GAME, Table, people, pot, riddle, terms, vote


def close(value: float) -> object:
    return pytest.approx(value)


def test_one_comes_down_and_the_other_wins_it_over() -> None:
    """Ada asks for (0.8, 0.2), Ben for (0.2, 0.8), Ada for (1, 0.4), and Ben takes that."""
    table = Table(terms()).offer(0, "high", "Tuesday").offer(1, "mid", "Tuesday").offer(0, "mid", "Monday")
    ada, ben = (table.do(1, "accept").scores(0), table.scores(1))
    assert (ada["goal"], ben["goal"]) == (close(10), close(4))
    assert (ada["financial"], ben["financial"]) == (close(5), close(2))
    assert (ada["relationship"], ben["relationship"]) == (close(2), close(5))
    assert (ada["compromise"], ben["compromise"]) == (close(0), close(4)), "Ben came down by 0.4, unmatched"
    assert (ada["persuasion"], ben["persuasion"]) == (close(8), close(2)), (
        "Ben moved from 0.2 to 1, Ada from 0.2 to 0.4"
    )
    assert ada["mutual_benefit"] == ben["mutual_benefit"] == close(10)
    assert (ada["nash"], ada["fairness"], ada["pareto_gap"]) == (close(1), close(0.4), close(0))
    assert (ada["commitment"], ada["social_rules"]) == (10, 0)
    assert ada["believability"] == 10
    assert "knowledge" not in ada
    assert "overall" not in ada, "one of the seven is missing"
    assert "empathy" not in ada


def test_a_concession_is_matched_and_a_poor_deal_leaves_a_gap() -> None:
    """Ada comes down from 0.8 to 0.2, Ben from 1 to 0.8; at low Monday both would have 0.2 more."""
    table = Table(terms()).offer(0, "high", "Tuesday").offer(1, "low", "Monday").offer(0, "mid", "Tuesday")
    ada, ben = (table.do(1, "accept").scores(0), table.scores(1))
    assert ada["compromise"] == close(5 + 5 / 3)
    assert ben["compromise"] == close(5 * 0.4 + 5 / 3)
    assert ada["pareto_gap"] == close(0.2)
    assert ada["nash"] == close(0.2 * 0.8 / 0.4)
    assert ada["fairness"] == close(0.25)
    assert ada["mutual_benefit"] == close(10 * 1.0 / 1.4)


def test_who_only_agrees_has_come_down_from_its_best() -> None:
    table = Table(terms()).offer(0, "mid", "Monday").do(1, "accept")
    assert table.scores(1)["compromise"] == close(5 * 1.0 + 0), "from 1 to 0.4"
    assert table.scores(0)["persuasion"] == close(0), "nobody was seen to move"


def test_an_offer_taken_back_is_a_broken_promise() -> None:
    table = Table(terms()).offer(0, "mid", "Tuesday").do(1, "wait").offer(0, "high", "Tuesday")
    table.do(1, "speak", "What?").offer(0, "low", "Monday").rest()
    ada = table.scores(0)
    assert (ada["social_rules"], ada["commitment"]) == (close(-5), close(5)), (
        "one of two later offers was worse for Ben"
    )
    assert table.scores(1)["social_rules"] == 0


def test_an_offer_that_is_better_for_one_of_the_others_is_not_taken_back() -> None:
    table = Table(vote(3)).offer(0, "pool").do(1, "wait").do(2, "wait").offer(0, "park").rest()
    assert table.scores(0)["social_rules"] == 0


def test_no_agreement_is_nothing() -> None:
    table = Table(terms(), turns=2).offer(0, "high", "Monday").do(1, "wait")
    for seat in (0, 1):
        scores = table.scores(seat)
        assert (scores["goal"], scores["financial"], scores["relationship"]) == (0, 0, 0)
        assert (scores["mutual_benefit"], scores["nash"]) == (0, 0)
        assert "fairness" not in scores
        assert scores["pareto_gap"] == close(0.4), "both could have had that"


def test_a_deal_below_what_one_walks_away_with() -> None:
    table = Table(terms()).offer(0, "high", "Monday").do(1, "accept")
    ada, ben = table.scores(0), table.scores(1)
    assert (ada["goal"], ben["goal"]) == (10, 0)
    assert (ada["financial"], ben["financial"]) == (5, close(-1))
    assert (ada["relationship"], ben["relationship"]) == (close(-1), 5)
    outcome = GAME.outcome(table.state)
    assert outcome is not None
    assert outcome.winner == "some"
    assert outcome.returns[0] > outcome.returns[1]


def test_walking_out_costs_the_tie() -> None:
    table = Table(terms()).do(0, "leave")
    assert table.scores(0)["relationship"] == -2
    assert table.scores(1)["relationship"] == 0
    table = Table(pot(), turns=2).do(0, "leave").do(1, "8")
    assert table.scores(0)["relationship"] == close(-5 / 3 - 2), "and the other has lost by it"


@pytest.mark.parametrize("words", ["I go to ROME, yes.", "A Roman holiday!", "rome"])
@pytest.mark.parametrize("deed", ["speak", "gesture", "do"])
def test_a_secret_given_away(words: str, deed: str) -> None:
    table = Table(riddle(), turns=2).do(0, deed, words).do(1, "wait").do(0, None).do(1, "Oslo")
    assert table.scores(0)["secret"] == -10


def test_a_secret_whispered_away() -> None:
    table = Table(vote(3)).do(0, "whisper", "Ben", "enough", "It is Rome.").rest()
    assert table.scores(0)["secret"] == -10


def test_words_that_hold_it_as_part_of_another_word_or_are_anothers_give_nothing_away() -> None:
    table = Table(riddle(), turns=2).do(0, "speak", "I love romeo and chrome.").do(1, "speak", "Is it Rome?")
    assert table.do(0, None).do(1, None).scores(0)["secret"] == 0
    assert table.scores(1)["secret"] == 0


@pytest.mark.parametrize(("hidden", "guess", "secret"), [(True, "Rome", -5), (True, "Oslo", 0), (False, "Rome", 0)])
def test_a_secret_found_out(hidden: bool, guess: str, secret: int) -> None:
    table = Table(riddle(hidden), turns=2).do(0, "wait").do(1, "wait").do(0, "bored").do(1, guess)
    ada, ben = table.scores(0), table.scores(1)
    assert ada["secret"] == secret
    assert (ada["knowledge"], ada["empathy"]) == (10, 10)
    found = guess == "Rome"
    assert (ben["knowledge"], ben["empathy"]) == (10 * found, 10 * found)
    kept = found != hidden
    assert ada["goal"] == close(10 * (1 + kept) / 2), "her own guess, and what becomes of her secret"
    assert ben["goal"] == close(10 * (found + 1) / 2), "his own guess, and that he was understood"
    assert ada["financial"] == 0
    assert set(ada) == {
        *("goal", "financial", "relationship", "secret", "social_rules", "believability", "knowledge", "overall"),
        *("commitment", "empathy"),
    }
    assert ada["overall"] == close(sum(ada[d] for d in list(ada)[:7]) / 7)


def test_a_pledge_half_kept() -> None:
    """Twelve coins become eighteen. Ada has 4 + 9, Ben 0 + 9; at most one could gain 6."""
    table = Table(pot(), turns=2).do(0, "pledge", "8").do(1, "wait").do(0, "4").do(1, "8")
    ada, ben = table.scores(0), table.scores(1)
    assert (ada["social_rules"], ada["commitment"]) == (close(-5), close(5))
    assert (ben["social_rules"], ben["commitment"]) == (0, 10)
    assert (ada["goal"], ben["goal"]) == (close(10 * 5 / 6), close(10 / 6))
    assert ada["mutual_benefit"] == close(7.5)
    assert "nash" not in ada


def test_the_last_pledge_counts_and_more_is_no_fault() -> None:
    table = Table(pot(), turns=4).do(0, "pledge", "8").do(1, "wait").do(0, "pledge", "2").do(1, "wait")
    assert table.do(0, "4").do(1, "0").scores(0)["commitment"] == 10


def test_who_promises_and_leaves_has_broken_it() -> None:
    table = Table(pot(), turns=4).do(0, "pledge", "8").do(1, "wait").do(0, "leave").do(1, "0")
    assert table.scores(0)["commitment"] == 0


@pytest.mark.parametrize(
    ("said", "share"),
    [
        (["Hello there.", "How are you?"], 1.0),
        (["...", "How are you?"], 0.5),
        (["Hello there.", "hello THERE"], 0.5),
        (["Это очень хорошо.", "How are you?"], 0.5),
        (["I would like the low price, on Monday, please.", "How are you?"], 0.5),
        (["Nice.", "nice!"], 0.0),
    ],
)
def test_degenerate_messages_are_not_believable(said: list[str], share: float) -> None:
    """Ben speaks first, so that there is something to copy."""
    heard = "Nice" if share == 0.0 else "I would like the low price, on Monday, please."
    table = Table(riddle(), turns=5, first=1).do(1, "speak", heard)
    for text in said:
        table.do(0, "speak", text).do(1, "wait")
    assert table.rest().scores(0)["believability"] == close(10 * share)
    assert table.scores(1)["believability"] == 10


def test_what_was_whispered_is_copied_only_by_those_who_heard_it() -> None:
    words = "We should never build this pool at all."
    for to, worth in (("Ben", 0.0), ("Cleo", 10.0)):
        table = Table(vote(3)).do(0, "whisper", to, "enough", words).do(1, "speak", words).rest()
        assert table.scores(1)["believability"] == worth


def test_nothing_is_scored_where_nothing_is_at_stake() -> None:
    assert Table(people(3)).rest().state.spec.terms is None
    assert GAME.scores(Table(people(3)).rest().state) == ({}, {}, {})


def test_where_no_deal_is_better_than_none_keeping_out_is_all_that_can_be_had() -> None:
    plan = Terms((Issue("plan", ("a", "b")),), (((5, 0),), ((0, 5),), ((0, 5),)), (1, 1, 1), needs=2)
    table = Table(replace(people(3), terms=plan), turns=2).do(0, "wait").do(1, "wait")
    assert [table.scores(s)["goal"] for s in range(3)] == [10, 0, 0]
    agreed = Table(replace(people(3), terms=plan)).do(0, "wait").offer(1, "b").do(2, "accept")
    assert [agreed.scores(s)["goal"] for s in range(3)] == [0, 10, 10]
    assert agreed.scores(0)["mutual_benefit"] == close(10), (
        "what the first would have liked nobody could have agreed to"
    )


def test_the_winner_says_who_gained() -> None:
    assert GAME.outcome(Table(vote(3)).offer(0, "pool").do(1, "accept").state).winner == "everyone"  # type: ignore[union-attr]
    assert GAME.outcome(Table(pot(), turns=2).do(0, "wait").do(1, "wait").do(0, "0").do(1, "8").state).winner == "some"  # type: ignore[union-attr]
