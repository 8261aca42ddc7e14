"""Belief: what a careful reader of the table must conclude, whatever the exact numbers."""

from __future__ import annotations

import pytest

from agents.scripted.belief import Eyes, believe, suspicion
from arena.games.core import Event
from arena.games.names import NAMES
from arena.games.werewolf.casts import CAST
from arena.games.werewolf.view import SeatView, view

NAMED = list(NAMES[:7])
ADA, BEN, CLEO, DAN, EVA, FINN, GIA = range(7)


def table(*events: Event, role: str = "villager", fellows: tuple[int, ...] = ()) -> SeatView:
    """Ada's view on the first day, after these events."""
    cast = {str(r): CAST[7].count(r) for r in CAST[7]}
    return view(
        (
            Event("started", {"names": NAMED, "options": {}, "cast": cast}),
            Event("dealt", {"seat": ADA, "role": role, "fellows": list(fellows)}),
            Event("night", {"day": 1}),
            Event("day", {"day": 1, "order": list(range(7))}),
            *events,
        )
    )


def said(seat: int, text: str) -> Event:
    return Event("said", {"seat": seat, "text": text})


def died(kind: str, seat: int, shown: str | None) -> Event:
    return Event(kind, {"seat": seat, "shown": shown})


def test_knowing_nothing_every_other_is_equally_likely() -> None:
    assert list(suspicion(table()).values()) == pytest.approx([2 / 6] * 6)


def test_a_seers_result_raises_suspicion_and_a_good_one_lowers_it() -> None:
    wolf = suspicion(table(said(BEN, "I am the seer and Dan is a werewolf.")))
    assert wolf[DAN] > 0.7
    wolf = suspicion(table(said(BEN, "I am the seer and Dan is innocent.")))
    assert wolf[DAN] < 0.15


def test_a_counter_claim_splits_the_belief_and_marks_both() -> None:
    one = said(BEN, "I am the seer and Dan is a werewolf.")
    alone, contested = suspicion(table(one)), suspicion(table(one, said(CLEO, "I am the seer. Ben is a fake seer.")))
    assert contested[DAN] < alone[DAN]
    assert contested[BEN] > 0.35
    assert contested[CLEO] > 0.2
    assert contested[BEN] + contested[CLEO] > 0.9


@pytest.mark.parametrize("shown", ["werewolf", "werewolves"])
def test_a_shown_card_settles_a_seat_and_the_claims_about_it(shown: str) -> None:
    events = (said(BEN, "I am the seer and Dan is a werewolf."), said(DAN, "I am the seer and Ben is a werewolf."))
    wolf = believe(table(*events, died("exiled", DAN, shown))).wolf
    assert wolf[DAN] == pytest.approx(1.0)
    assert wolf[BEN] < 0.05


def test_the_results_of_a_seer_who_was_shown_are_true() -> None:
    events = (said(BEN, "I am the seer and Dan is a werewolf."), died("killed", BEN, "seer"))
    assert suspicion(table(*events))[DAN] > 0.97


def test_whoever_is_killed_at_night_was_no_werewolf_even_where_nothing_is_shown() -> None:
    assert believe(table(died("killed", FINN, None))).wolf[FINN] == 0.0


def test_voters_against_a_good_seat_are_more_suspicious_than_voters_against_a_werewolf() -> None:
    ballots = [[ADA, GIA], [BEN, GIA], [CLEO, FINN], [DAN, FINN], [EVA, None], [FINN, EVA], [GIA, BEN]]
    votes = Event("votes", {"day": 1, "ballots": ballots})
    events = (votes, died("exiled", FINN, "werewolf"), died("killed", GIA, None))
    wolf = suspicion(table(*events))
    assert wolf[BEN] > wolf[DAN]


def test_my_own_checks_are_facts_and_my_fellows_are_known() -> None:
    mine = table(Event("checked", {"seat": ADA, "target": CLEO, "side": "werewolves"}), role="seer")
    assert suspicion(mine)[CLEO] == pytest.approx(1.0)
    pack = table(role="werewolf", fellows=(EVA,))
    assert believe(pack).wolf[EVA] == pytest.approx(1.0)
    assert believe(pack, eyes=Eyes.VILLAGER).wolf[EVA] == pytest.approx(2 / 6)
    assert believe(pack, eyes=Eyes.PUBLIC).wolf[EVA] == pytest.approx(2 / 7)


def test_probabilities_add_up_to_the_number_of_werewolves() -> None:
    talk = (said(BEN, "I am the seer and Dan is a wolf"), said(DAN, "I suspect Ben"))
    events = (*talk, died("killed", FINN, "villager"))
    for eyes in Eyes:
        assert sum(believe(table(*events), eyes=eyes).wolf) == pytest.approx(2.0)


def test_contradictory_facts_leave_even_odds() -> None:
    events = (died("exiled", BEN, "werewolf"), died("exiled", CLEO, "werewolf"), died("exiled", DAN, "werewolf"))
    assert max(believe(table(*events)).wolf) <= 0.5
