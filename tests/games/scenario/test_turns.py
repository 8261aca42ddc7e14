"""Turns, orders and endings, at tables where the test says what everybody does."""

from __future__ import annotations

import pytest

from arena.errors import IllegalAct
from arena.games.chance import Chance
from arena.games.core import Act, step
from arena.games.scenario.pay import paid
from tests.games.scenario.tables import GAME, Table, people, pot, riddle, terms, vote

WAIT, LEAVE = ("wait",), ("leave",)

# -- endings ---------------------------------------------------------------------------------------------------------


def test_they_agree() -> None:
    table = Table(terms()).offer(0, "mid", "Monday").do(1, "accept")
    assert table.why == "agreed"
    assert table.state.deal == ("mid", "Monday")
    assert table.state.agreed == {0, 1}
    assert table.all("talk_over") == [
        {"reason": "agreed", "issues": ["price", "day"], "deal": {"terms": ["mid", "Monday"], "seats": [0, 1]}}
    ]
    outcome = GAME.outcome(table.state)
    assert outcome is not None
    assert outcome.returns == pytest.approx(tuple(paid((), scores) for scores in GAME.scores(table.state)))
    assert (outcome.winner, outcome.sides) == ("everyone", ("first", "second"))


def test_who_made_an_offer_cannot_accept_it_and_a_new_one_replaces_it() -> None:
    table = Table(terms()).offer(0, "high", "Monday").offer(1, "low", "Tuesday")
    assert "accept" in table.turn(0).choices
    table.offer(0, "mid", "Tuesday")
    assert table.state.offer is not None
    assert table.state.offer.agreed == {0}
    table.do(1, "wait")
    assert "accept" not in table.turn(0).choices


@pytest.mark.parametrize("order", ["round", "parallel", "open"])
def test_too_few_are_left(order: str) -> None:
    table = Table(terms(), order)
    match order:
        case "round":
            table.do(0, "leave")
        case "parallel":
            table.round(LEAVE, WAIT)
        case _:
            table.do(0, "urgent").do(1, "silent").do(0, "leave")
    assert (table.why, table.state.gone) == ("left", {0})
    outcome = GAME.outcome(table.state)
    assert outcome is not None
    assert outcome.winner == "nobody"
    assert outcome.returns[0] < outcome.returns[1], "walking out costs"


@pytest.mark.parametrize("order", ["round", "parallel", "open"])
def test_nobody_has_anything_to_add(order: str) -> None:
    table = Table(people(3), order)
    match order:
        case "round":
            table.do(0, "speak", "Hello.").do(1, "wait").do(2, "wait")
            assert table.why is None
            table.do(0, "wait")
        case "parallel":
            table.round(WAIT, ("speak", "Hello."), WAIT)
            assert table.why is None
            table.round(WAIT, WAIT, WAIT)
        case _:
            table.round(("silent",), ("silent",), ("silent",))
            assert table.all("silence") == [{"turn": 1}]
    assert table.why == "stale"


@pytest.mark.parametrize("order", ["round", "parallel", "open"])
def test_there_is_no_time_left(order: str) -> None:
    table = Table(people(), order, turns=3)
    for n in range(3):
        assert table.why is None
        match order:
            case "round":
                table.do(n % 2, "speak", "Hello.")
            case "parallel":
                table.round(("speak", "Hello."), WAIT)
            case _:
                table.round(("speak",), ("urgent",)).do(1, "speak", "Hello.")
    assert table.why == "turns"


def test_one_who_waits_twice_does_not_end_the_talk_of_another() -> None:
    table = Table(people(), "open")
    for _ in range(3):
        table.do(0, "urgent").do(1, "speak").do(0, "wait")
    assert table.why is None
    assert table.state.idle == {0}
    table.do(0, "silent").do(1, "speak").do(1, "wait")
    assert table.why == "stale"


def test_everybody_may_leave_a_parallel_round() -> None:
    for scenario in (terms(), pot(), riddle()):
        table = Table(scenario, "parallel").round(LEAVE, LEAVE)
        assert table.why == "left"
        assert table.all("guessed") == []


def test_the_pot_and_the_guesses_come_after_the_talk() -> None:
    table = Table(pot(3), turns=2).do(0, "pledge", "8").do(1, "wait")
    assert sorted(table.open()) == [(0, "give"), (1, "give"), (2, "give")]
    table.do(2, "8").do(0, "2").do(1, "0")
    assert table.all("shared_out") == [{"gave": [2, 0, 8]}]
    assert table.kinds(1).count("gave") == 1
    table = Table(riddle(), turns=2).do(0, "wait").do(1, "wait")
    assert sorted(table.open()) == [(0, "guess"), (1, "guess")]
    assert table.do(1, "Rome").why is None
    assert table.do(0, "jealous").why == "stale"
    assert table.all("ended")[0]["guesses"][0] == [0, 1, "Why does Ben ask?", "jealous", "bored"]


def test_who_left_gives_and_guesses_no_more() -> None:
    assert Table(riddle()).do(0, "leave").open() == [(1, "guess")]
    assert sorted(Table(pot(3)).do(0, "leave").do(1, "leave").open()) == [(2, "give")]


# -- one after the other ---------------------------------------------------------------------------------------------


def test_turns_go_round_from_the_first_and_pass_over_who_left() -> None:
    table = Table(people(4), first=2)
    seats = []
    for deed in ("wait", "wait", "leave", "speak", "wait", "wait", "speak"):
        ((seat, _),) = table.open()
        seats.append(seat)
        table.do(seat, deed, *(["Hello."] if deed == "speak" else []))
    assert seats == [2, 3, 0, 1, 2, 3, 1]


def test_an_offer_falls_with_whoever_made_it() -> None:
    table = Table(vote(4)).offer(0, "pool").do(1, "accept").do(2, "wait").do(3, "wait").do(0, "leave")
    assert table.state.offer is None
    assert table.why is None
    assert "accept" not in table.turn(1).choices


def test_agreement_leaves_with_whoever_agreed() -> None:
    table = Table(vote(5)).offer(0, "pool").do(1, "accept").do(2, "wait").do(3, "wait").do(4, "wait")
    table.do(0, "speak", "Well?").do(1, "leave").do(2, "accept")
    assert table.state.offer is not None
    assert table.state.offer.agreed == {0, 2}
    assert table.do(3, "accept").why == "agreed"


# -- all at once -----------------------------------------------------------------------------------------------------


def test_a_parallel_round_is_seen_when_all_have_acted() -> None:
    table = Table(people(3), "parallel").do(1, "speak", "One.").do(0, "gesture", "nods.")
    assert table.kinds(None) == ["started"]
    assert "held" in table.kinds(1)
    assert "held" not in table.kinds(2)
    table.do(2, "wait")
    assert sorted(table.kinds(None)[1:]) == ["gestured", "round_over", "said", "waited"]
    assert table.state.taken == 1


def test_an_acceptance_answers_what_lay_there_when_the_round_began() -> None:
    for first in (0, 1):
        table = Table(terms(), "parallel", first=first).round(("propose", "mid", "Monday"), WAIT)
        table.round(("propose", "high", "Monday"), ("accept",))
        assert table.why == "agreed"
        assert table.state.deal == ("mid", "Monday")
        assert len(table.all("proposed")) == 2


def test_of_two_proposals_the_later_lies_there_and_the_order_changes_from_round_to_round() -> None:
    by = []
    table = Table(terms(), "parallel", first=1)
    for _ in range(4):
        assert "accept" not in table.turn(0).choices or "accept" not in table.turn(1).choices
        table.round(("propose", "high", "Tuesday"), ("propose", "low", "Monday"))
        assert table.state.offer is not None
        assert len(table.state.offer.agreed) == 1
        by.append(table.state.offer.by)
    assert by == [0, 1, 0, 1]


@pytest.mark.parametrize("proposer", range(3))
def test_who_leaves_in_the_round_takes_an_offer_along(proposer: int) -> None:
    """Whoever it is, and wherever it sits: of those that stay nobody is bound to it."""
    deeds = [("accept",)] * 3
    table = Table(vote(3), "parallel")
    table.round(*[("propose", "pool") if s == proposer else WAIT for s in range(3)])
    deeds[proposer] = LEAVE
    table.round(*deeds)
    assert table.state.offer is None
    assert table.why is None
    kinds = [k for k in table.kinds(None) if k in ("accepted", "left")]
    assert kinds == ["accepted", "accepted", "left"]


def test_others_may_agree_while_one_leaves() -> None:
    table = Table(vote(3), "parallel").round(("propose", "pool"), WAIT, WAIT).round(WAIT, ("accept",), LEAVE)
    assert table.why == "agreed"
    assert table.state.agreed == {0, 1}


def test_the_same_deed_is_not_asked_twice_in_a_round() -> None:
    table = Table(people(), "parallel").do(0, "wait")
    assert table.open() == [(1, "deed")]


# -- the open floor --------------------------------------------------------------------------------------------------


def test_the_floor_goes_to_who_wants_it_most() -> None:
    table = Table(people(3), "open").round(("speak",), ("urgent",), ("silent",))
    assert table.open() == [(1, "deed")]
    table.do(1, "speak", "Me.")
    assert sorted(table.open()) == [(s, "bid") for s in range(3)]
    assert "bid" not in table.kinds(None)
    assert table.kinds(0).count("bid") == 1


def test_among_equals_the_floor_is_drawn() -> None:
    floors = set()
    for seed in range(20):
        table = Table(people(3), "open", seed=seed).round(("speak",), ("speak",), ("silent",))
        floors.add(table.all("floor")[0]["seat"])
    assert floors == {0, 1}


def test_who_left_bids_no_more() -> None:
    table = Table(people(3), "open").round(("urgent",), ("speak",), ("speak",)).do(0, "leave")
    assert sorted(table.open()) == [(1, "bid"), (2, "bid")]


# -- whispers --------------------------------------------------------------------------------------------------------


def test_a_whisper_is_heard_by_those_named_and_seen_by_all() -> None:
    table = Table(people(4)).do(0, "whisper", "Cleo", "enough", "To you alone.")
    assert table.all("whispered") == [{"seat": 0, "to": [2]}]
    assert [s for s in range(4) if "heard" in table.kinds(s)] == [0, 2]
    for seat in (None, 0, 1, 2, 3):
        assert "whispered" in table.kinds(seat)
    names = table.state.spec.names
    lines = [GAME.line(names, e) for e in table.events if e.kind in ("whispered", "heard")]
    assert lines == ["Ada whispers to Cleo.", "Ada whispers: To you alone."]


def test_a_whisper_to_all_others_needs_no_enough() -> None:
    table = Table(people(3)).do(0, "whisper", "Ben")
    assert table.turn(0).choices == ("Cleo", "enough")
    table.do(0, "Cleo")
    assert table.turn(0).kind == "whisper"
    table.do(0, "To both.")
    assert table.all("heard")[0]["to"] == [1, 2]


def test_two_have_nobody_to_whisper_about() -> None:
    assert "whisper" not in Table(people()).turn(0).choices
    table = Table(people(3)).do(0, "leave")
    assert "whisper" not in table.turn(1).choices


# -- a seat that misses its time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "kind"),
    [
        ((), "deed"),
        (("speak",), "speak"),
        (("gesture",), "gesture"),
        (("do",), "do"),
        (("whisper",), "whom"),
        (("whisper", "Ben", "enough"), "whisper"),
        (("propose",), "term"),
        (("pledge",), "pledge"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
@pytest.mark.parametrize("order", ["round", "parallel", "open"])
def test_who_misses_a_turn_waits(begun: tuple[str, ...], kind: str, order: str) -> None:
    table = Table(pot(3) if kind == "pledge" else vote(3), order)
    if order == "open":
        table.round(("urgent",), ("silent",), ("silent",))
    table.do(0, *begun)
    assert table.turn(0).kind == kind
    table.do(0, None)
    if order == "parallel":
        table.do(1, "wait").do(2, "wait")
    assert {"seat": 0} in table.all("waited")
    assert table.state.busy(0) is None


def test_half_a_proposal_is_none() -> None:
    table = Table(terms()).do(0, "propose", "low", None)
    assert table.state.offer is None
    assert table.all("proposed") == []
    assert table.open() == [(1, "deed")]
    assert table.offer(1, "low", "Monday").all("proposed")[0]["seat"] == 1


def test_who_misses_naming_more_whispers_to_those_named() -> None:
    table = Table(people(4)).do(0, "whisper", "Ben", None, "Hush.")
    assert table.all("whispered") == [{"seat": 0, "to": [1]}]


def test_who_misses_the_rest_gives_guesses_and_bids_nothing() -> None:
    table = Table(pot(), turns=2).do(0, "wait").do(1, "wait").do(0, None).do(1, "8")
    assert table.all("shared_out") == [{"gave": [0, 8]}]
    table = Table(riddle(), turns=2).do(0, "wait").do(1, "wait").do(0, None).do(1, None)
    assert [e["choice"] for e in table.all("guessed")] == [None, None]
    assert table.why == "stale"
    table = Table(people(), "open").do(0, None).do(1, None)
    assert table.all("silence") == [{"turn": 1}]


def test_all_who_miss_everything_come_to_an_end() -> None:
    for scenario in (people(4), vote(3), terms(), pot(4), riddle()):
        for order in ("round", "parallel", "open"):
            assert Table(scenario, order).rest().why == "stale"


# -- what may not be passed ------------------------------------------------------------------------------------------


def test_the_follow_ups_want_an_answer() -> None:
    table = Table(terms()).do(0, "propose")
    with pytest.raises(IllegalAct, match="Choose one of: low, mid, high"):
        step(GAME, table.state, table.turn(0), Act(), Chance(0))
    with pytest.raises(IllegalAct, match="'free' is not possible here"):
        step(GAME, table.state, table.turn(0), Act(choice="free"), Chance(0))


def test_those_outside_talk_among_themselves() -> None:
    """A room adds this event for those who are out of a match; it changes nothing in it."""
    from arena.games.core import Event, fold, only

    table = Table(people(4)).do(0, "leave").do(1, "leave")
    event = Event("dead_said", {"seat": 0, "text": "That went well."}, only(0, 1))
    assert fold(GAME, (event,), table.state) == table.state
    assert GAME.line(table.state.spec.names, event) == "Ada outside: That went well."
