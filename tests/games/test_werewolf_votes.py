"""The village's votes: ties, secret ballots, the mayor, and the open discussion's floor."""

from __future__ import annotations

import pytest

from arena.games.core import EVERYONE, Event, Turn, visible
from tests.games.village import GAME, D, H, T, V, Village, W

TIE = {0: 2, 1: 3, 2: 3, 3: 2}


def at_vote(*roles: object, **options: object) -> Village:
    v = Village(*(roles or (W, D, V, V, V, V, V)), **options)  # type: ignore[arg-type]
    v.go(until="vote")
    return v


# -- ties ------------------------------------------------------------------------------------------------------------


def test_a_tie_exiles_nobody() -> None:
    v = at_vote()
    v.go(until="kill", vote=TIE)
    assert v.dead() == []
    assert v.told(None, "nobody_exiled")


def test_a_second_vote_is_held_among_the_tied_only_once() -> None:
    v = at_vote(tie="second_vote")
    for s in range(7):
        v.act(v.open("vote")[s], TIE.get(s))
    assert v.told(None, "runoff")[0].data == {"day": 1, "among": [2, 3]}
    second = v.open("vote")
    assert set(second) == set(range(7))
    assert {t.id for t in second.values()} == {"day1.vote2"}
    names = v.state.names
    assert second[2].choices == (names[3],)
    assert second[0].choices == (names[2], names[3])
    for s in range(7):
        v.act(v.open("vote")[s], TIE.get(s))
    assert v.told(None, "nobody_exiled")
    assert [e.data.get("round") for e in v.told(None, "votes")] == [None, 2]


def test_a_second_vote_can_decide_and_the_next_day_begins_afresh() -> None:
    v = at_vote(tie="second_vote")
    for s in range(7):
        v.act(v.open("vote")[s], TIE.get(s))
    for s in range(7):
        v.act(v.open("vote")[s], {0: 2, 1: 2}.get(s))
    assert v.dead() == [2]
    v.go(until="vote")
    assert len(v.open("vote")[0].choices) == 5


def test_nobody_voting_is_no_tie() -> None:
    for tie in ("second_vote", "random"):
        v = at_vote(tie=tie)
        v.go(until="kill")
        assert v.dead() == []


def test_a_tie_by_lot_exiles_one_of_the_tied_by_the_seed() -> None:
    gone = set()
    for seed in range(12):
        v = Village(W, D, V, V, V, V, V, tie="random", seed=seed)
        v.go(until="vote")
        v.go(until="kill", vote=TIE)
        gone.update(v.dead())
    assert gone == {2, 3}


# -- secret ballots --------------------------------------------------------------------------------------------------


def test_secret_ballots_stay_with_voter_and_server() -> None:
    v = at_vote(open_vote=False)
    v.go(until="kill", vote={0: 2, 1: 3, 2: 3, 4: 3})
    (votes,) = v.told(None, "votes")
    assert votes.data == {"day": 1, "tally": [[3, 3], [None, 3], [2, 1]]}
    assert "Votes: " in GAME.line(v.state.names, votes)
    for seat in range(7):
        ballots = [e for e in visible(v.events, seat) if e.kind == "ballot"]
        assert [e.data["seat"] for e in ballots] == [seat]


def test_a_tally_looks_the_same_whoever_cast_the_ballots() -> None:
    told = []
    for ballots in ({0: 2, 1: 3}, {4: 3, 5: 2}):
        v = at_vote(open_vote=False)
        v.go(until="kill", vote=ballots)
        told.append(visible(v.events, 6))
    assert told[0] == told[1]


def test_a_tally_weighs_a_mayors_abstention_like_a_vote() -> None:
    totals = []
    for target in (None, 2):
        v = Village(W, D, V, V, V, V, V, mayor=True, open_vote=False)
        v.go(until="vote", elect=1)
        v.go(until="kill", vote={1: target, 3: 4})
        totals.append(sum(n for _, n in v.told(None, "votes")[0].data["tally"]))
    assert totals == [8, 8]


# -- the mayor -------------------------------------------------------------------------------------------------------


def test_the_village_elects_a_mayor_on_the_first_day_only() -> None:
    v = Village(W, D, V, V, V, V, V, mayor=True, talk_rounds=1)
    v.go(until="talk")
    v.go(until="elect")
    assert v.open("elect")[2].id == "day1.elect"
    assert v.state.names[2] in v.open("elect")[2].choices, "one may vote for oneself"
    v.go(until="vote", elect={0: 2, 1: 2, 2: 2, 3: 1})
    assert v.state.mayor == 2
    assert [e.kind for e in v.events[-3:]] == ["nominated", "mayor", "vote"]
    v.asked.clear()
    v.go(until="vote")
    assert not [t for t in v.asked if t.kind == "elect"]


def test_the_mayors_vote_counts_twice() -> None:
    v = Village(W, D, V, V, V, V, V, mayor=True)
    v.go(until="vote", elect=1)
    v.go(until="kill", vote={1: 2, 3: 4})
    assert v.dead() == [2]


def test_a_tied_election_is_drawn_and_an_empty_one_gives_no_mayor() -> None:
    mayors = set()
    for seed in range(12):
        v = Village(W, D, V, V, V, V, V, mayor=True, seed=seed)
        v.go(until="vote", elect={0: 2, 1: 3})
        mayors.add(v.state.mayor)
    assert mayors == {2, 3}
    v = Village(W, D, V, V, V, V, V, mayor=True)
    v.go(until="vote")
    assert v.state.mayor is None
    assert v.told(None, "no_mayor") == [Event("no_mayor", {"by": None}, EVERYONE)]
    v.go(until="vote", vote={1: 2, 3: 4})
    assert v.dead() == [], "nobody's vote counts twice"


def test_a_dying_mayor_names_an_heir_or_the_office_ends() -> None:
    for heir in (4, None):
        v = Village(W, D, V, V, V, V, V, mayor=True)
        v.go(until="vote", elect=1)
        v.go(until="succeed", vote={0: 1, 2: 1, 3: 1})
        (turn,) = v.turns
        assert (turn.seat, turn.id) == (1, "day1.succeed")
        assert v.state.names[1] not in turn.choices
        v.act(turn, heir)
        assert v.state.mayor == heir
        v.go(until="vote")


def test_a_mayor_who_hunts_shoots_first_and_the_heir_is_alive() -> None:
    v = Village(W, H, V, V, V, V, V, mayor=True)
    v.go(until="vote", elect=1)
    v.go(until="shoot", vote={0: 1, 2: 1, 3: 1})
    v.act(v.turns[0], 4)
    (turn,) = v.turns
    assert turn.kind == "succeed"
    assert v.state.names[4] not in turn.choices


def test_a_mayor_who_is_shot_names_an_heir() -> None:
    v = Village(W, H, V, V, V, V, V, mayor=True)
    v.go(until="vote", elect=2)
    v.go(until="shoot", kill=1)
    (turn,) = v.turns
    assert turn.id == "night2.shoot"
    v.act(turn, 2)
    (turn,) = v.turns
    assert (turn.seat, turn.kind, turn.id) == (2, "succeed", "night2.succeed")
    v.act(turn, 5)
    assert v.state.mayor == 5


def test_an_office_is_not_handed_on_when_the_match_is_over() -> None:
    v = Village(W, D, V, V, V, mayor=True)
    v.go(until="vote", elect=0)
    v.go(vote=dict.fromkeys(range(1, 5), 0))
    assert v.outcome is not None
    assert v.outcome.reason == "wolves_dead"
    v = Village(W, D, V, V, V, mayor=True, max_days=1)
    v.go(until="vote", elect=1)
    v.go(vote={0: 1, 2: 1})
    assert v.outcome is not None
    assert v.outcome.reason == "out_of_days"


def test_mayor_and_witch_may_die_in_one_night() -> None:
    v = Village(W, T, V, V, V, V, V, mayor=True)
    v.go(until="vote", elect=2)
    v.go(until="succeed", kill=1, poison=2)
    assert v.dead() == [1, 2]
    v.act(v.turns[0], 3)
    assert v.state.mayor == 3


# -- the open discussion ---------------------------------------------------------------------------------------------


def talking(**options: object) -> Village:
    v = Village(W, D, V, V, V, discussion="open", **options)  # type: ignore[arg-type]
    v.go(until="bid")
    return v


def bid(v: Village, bids: dict[int, str]) -> list[Event]:
    out: list[Event] = []
    for seat, turn in v.open("bid").items():
        out += v.act(turn, bids.get(seat, "silent"))
    return out


def test_the_highest_bidder_speaks_and_bids_stay_private() -> None:
    v = talking()
    events = bid(v, {1: "speak", 2: "urgent", 3: "speak"})
    assert events[-1] == Event("floor", {"seat": 2, "slot": 1}, EVERYONE)
    for e in events[:-1]:
        assert e.kind == "bid"
        assert [s for s in range(5) if s in e.audience] == [e.data["seat"]]
    (turn,) = v.turns
    assert (turn.seat, turn.id) == (2, "day1.talk1")
    (said,) = v.act(turn, None, "Listen.")
    assert said == Event("said", {"seat": 2, "text": "Listen."}, EVERYONE)
    assert {t.id for t in v.turns} == {"day1.bid2"}
    assert set(v.open("bid")) == set(range(5))


def test_silence_is_recorded_and_ends_the_day_when_it_is_everybodys() -> None:
    v = talking()
    events = bid(v, {})
    assert [e.kind for e in events] == ["bid"] * 5 + ["vote"]
    assert {e.data["bid"] for e in events[:5]} == {"silent"}


def test_a_missed_bid_is_silence() -> None:
    v = talking()
    (event,) = v.act(v.open("bid")[3], None)
    assert event.data == {"seat": 3, "bid": "silent"}


def test_among_equal_bidders_who_spoke_least_comes_first() -> None:
    v = talking(open_slots=3)
    heard = []
    for _ in range(4):
        heard.append(bid(v, {0: "speak", 1: "speak"})[-1].data["seat"])
        v.act(v.turns[0], None, "Hm.")
    assert sorted(heard[:2]) == sorted(heard[2:]) == [0, 1]


@pytest.mark.parametrize(("slots", "talks"), [(0, 0), (1, 5), (2, 10), (5, 24)])
def test_the_day_has_so_many_slots(slots: int, talks: int) -> None:
    v = Village(W, D, V, V, V, discussion="open", open_slots=slots)
    v.go(until="vote", bid="urgent")
    assert sum(t.kind == "talk" for t in v.asked) == talks


def test_a_seat_is_asked_the_same_whatever_the_others_bid() -> None:
    asked: list[list[Turn]] = []
    for others in ("silent", "urgent"):
        v = talking()
        for seat in (0, 1, 2):
            v.act(v.open("bid")[seat], others)
        asked.append([t for t in v.turns if t.seat == 4])
    assert asked[0] == asked[1]
