"""Each role by itself, and the chains in which deaths follow from deaths."""

from __future__ import annotations

import pytest

from arena.errors import IllegalAct
from arena.games.core import Act, Event, step, visible
from arena.games.werewolf.types import Role
from tests.games.village import GAME, D, H, M, P, S, T, V, Village, W

# -- the witch -------------------------------------------------------------------------------------------------------


def test_the_witch_learns_whom_the_wolves_attack_when_all_others_are_done() -> None:
    v = Village(W, T, S, V, V)
    v.act(v.open("kill")[0], 3)
    assert not v.open("save"), "the seer has not looked yet"
    (checked, warned) = v.act(v.open("check")[2], 0)
    assert (checked.kind, warned.kind, warned.data["target"]) == ("checked", "warned", 3)
    assert [s for s in range(5) if s in warned.audience] == [1]
    assert v.open("save")[1].choices == (v.state.names[3], "nobody")


def test_a_saved_seat_lives_and_nobody_learns_why() -> None:
    v = Village(W, T, V, V, V)
    v.go(until="vote", kill=2, save=2)
    assert v.dead() == []
    assert [e.kind for e in visible(v.events, 3)] == ["started", "dealt", "night", "nobody_died", "day", "vote"]
    assert not [t for t in v.asked if t.kind == "poison"], "one potion a night"


def test_each_potion_is_there_once_and_a_spent_save_tells_nothing() -> None:
    v = Village(W, T, V, V, V, V, V)
    v.go(until="vote", kill=2, save=2)
    v.go(until="vote", kill=3, poison=4)
    assert v.dead() == [3, 4]
    assert len(v.told(1, "warned")) == 1, "the second night has no warning"
    v.asked.clear()
    v.go(until="vote", kill=5)
    assert {t.kind for t in v.asked if t.seat == 1} == {"vote"}


def test_the_witch_may_save_herself_and_the_poison_works_though_she_dies() -> None:
    v = Village(W, T, V, V, V)
    v.go(until="vote", kill=1, save=1)
    assert v.dead() == []
    v.go(until="vote", kill=1, poison=3)
    assert v.dead() == [1, 3]


def test_the_doctor_does_not_stop_poison_and_two_rescues_do_no_harm() -> None:
    v = Village(W, T, D, V, V, V)
    v.go(until="vote", kill=3, protect=3, save=3)
    assert v.dead() == []
    v.go(until="vote", kill=4, protect=4, poison=4)
    assert v.dead() == [4]


def test_the_dead_of_a_night_are_named_by_seat_whoever_killed_them() -> None:
    for kill, poison in ((3, 5), (5, 3)):
        v = Village(W, T, V, V, V, V, V, reveal="nothing")
        v.go(until="vote", kill=kill, poison=poison)
        assert v.told(None, "killed") == [Event("killed", {"seat": s, "shown": None}) for s in (3, 5)]


def test_the_witch_sleeps_in_a_first_night_without_a_kill() -> None:
    v = Village(W, T, V, V, V, first_night_kill=False)
    assert not v.turns or {t.kind for t in v.turns} == {"vote"}


def test_the_witch_who_is_asked_to_save_must_name_the_attacked_or_nobody() -> None:
    v = Village(W, T, V, V, V)
    v.act(v.open("kill")[0], 2)
    with pytest.raises(IllegalAct) as refused:
        step(GAME, v.state, v.open("save")[1], Act(choice=v.state.names[3]), v.chance)
    assert refused.value.code == "act/choice_unknown"
    assert {e.kind for e in v.act(v.open("save")[1], "nobody")} == {"saved"}
    assert v.open("poison")


def test_the_witch_learns_of_a_night_without_an_attack() -> None:
    v = Village(W, T, V, V, V)
    v.go(until="poison")
    assert v.told(1, "warned")[0].data["target"] is None
    assert not [t for t in v.asked if t.kind == "save"]


def test_two_witches_have_their_own_potions() -> None:
    v = Village(W, T, T, V, V, V, V)
    v.go(until="vote", kill=3, save={1: 3, 2: None})
    assert v.dead() == []
    assert v.state.spent == ((1, "save"),)
    v.go(until="vote", kill=3, save={2: 3})
    assert v.dead() == []
    assert v.state.spent == ((1, "save"), (2, "save"))


# -- the hunter ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["kill", "vote"])
def test_the_dying_hunter_shoots(how: str) -> None:
    v = Village(W, H, V, V, V, V)
    v.go(until="shoot", **{how: 1})
    (turn,) = v.turns
    assert turn.seat == 1
    assert turn.id == ("night1.shoot" if how == "kill" else "day1.shoot")
    assert set(turn.choices) == {"nobody", *(v.state.names[s] for s in (0, 2, 3, 4, 5))}
    (shot, *_) = v.act(turn, 3)
    assert shot == Event("shot", {"seat": 3, "by": 1, "shown": "villager"})
    assert v.dead() == [1, 3]


def test_a_hunter_who_holds_fire_looks_like_anybody() -> None:
    told = []
    for role in (H, V):
        v = Village(W, role, H if role is V else V, V, V, V, reveal="nothing")
        v.go(until="vote", kill=1)
        told.append(visible(v.events, 3))
    assert told[0] == told[1]


def test_a_poisoned_hunter_does_not_shoot_even_when_attacked_as_well() -> None:
    for kill in (1, 4):
        v = Village(W, H, T, V, V, V, V)
        v.go(until="vote", kill=kill, poison=1)
        assert v.dead() == sorted({1, kill})
        assert not [t for t in v.asked if t.kind == "shoot"]


def test_a_hunter_shot_by_a_hunter_shoots_too() -> None:
    v = Village(W, H, H, V, V, V, V)
    v.go(until="shoot", kill=1)
    v.act(v.turns[0], 2)
    (turn,) = v.turns
    assert (turn.seat, turn.kind) == (2, "shoot")
    v.act(turn, 0)
    assert v.outcome is not None
    assert (v.outcome.winner, v.outcome.reason) == ("village", "wolves_dead")


def test_the_match_ends_only_after_the_shot() -> None:
    for target, reason in ((0, "wolves_dead"), (2, "wolves_equal"), (None, "wolves_equal")):
        v = Village(W, H, V, V, V)
        v.go(until="vote", kill=3)
        v.go(until="kill", vote=4)
        assert v.state.living() == (0, 1, 2)
        v.go(until="vote")
        v.go(until="shoot", vote=1)
        assert v.state.living() == (0, 2), "the werewolf is as many as the rest, but the hunter has not shot"
        assert v.outcome is None
        v.act(v.turns[0], target)
        assert v.outcome is not None
        assert v.outcome.reason == reason


def test_a_shot_can_bring_the_wolves_to_parity() -> None:
    v = Village(W, H, V, V, V)
    v.go(until="vote", kill=4)
    v.go(until="shoot", kill=1)
    assert v.state.living() == (0, 2, 3)
    v.act(v.turns[0], 2)
    assert v.outcome is not None
    assert (v.outcome.winner, v.outcome.reason) == ("werewolves", "wolves_equal")


# -- the medium and the possessed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("reveal", ["nothing", "side", "role"])
def test_the_medium_alone_learns_what_the_exiled_was(reveal: str) -> None:
    v = Village(W, M, P, V, V, V, V, reveal=reveal)
    v.go(until="vote", kill=3)
    v.go(until="kill", vote=2)
    (sensed,) = v.told(None, "sensed")
    assert sensed.data == {"seat": 1, "target": 2, "role": "possessed"}
    assert [s for s in range(7) if s in sensed.audience] == [1]


def test_a_medium_learns_nothing_of_the_killed_or_when_dead() -> None:
    v = Village(W, M, V, V, V, V, V)
    v.go(until="vote", kill=3)
    v.go(until="vote", kill=4)
    assert not v.told(None, "sensed")
    v.go(until="kill", vote=1)
    assert not v.told(None, "sensed")


def test_the_possessed_is_human_to_the_seer_and_to_the_count_but_wins_with_the_wolves() -> None:
    v = Village(W, P, S, V, V)
    v.go(until="vote", check=1, kill=3)
    assert v.told(2, "checked")[0].data["side"] == "village"
    assert v.state.living_wolves() == (0,)
    assert v.outcome is None
    assert v.told(1, "dealt")[0].data["fellows"] == []
    assert len(v.state.living()) == 4, "a werewolf and the possessed are not half of the living"
    v.go(until="check", vote=4)
    assert v.state.living() == (0, 1, 2), "nor here"
    assert v.outcome is None


def test_sides_and_returns_of_the_possessed() -> None:
    v = Village(W, P, S, V, V)
    v.go(until="vote")
    v.go(vote=dict.fromkeys(range(1, 5), 0))
    assert v.outcome is not None
    assert v.outcome.sides == ("werewolves", "werewolves", "village", "village", "village")
    assert v.outcome.returns == (-1.0, -1.0, 1.0, 1.0, 1.0)


def test_a_shown_side_is_what_the_seer_would_see() -> None:
    v = Village(W, P, S, V, V, reveal="side")
    v.go(until="vote", kill=1)
    assert v.told(None, "killed")[0].data["shown"] == "village"


# -- the doctor's house rules ----------------------------------------------------------------------------------------


def test_the_doctor_may_be_kept_from_herself_and_from_the_same_seat_twice() -> None:
    v = Village(W, D, V, V, V, V, V, self_protect=False, same_target=False)
    assert v.state.names[1] not in v.open("protect")[1].choices
    v.go(until="vote", protect=2, kill=2)
    v.go(until="protect")
    assert v.state.names[2] not in v.open("protect")[1].choices
    v.go(until="vote", protect=3)
    v.go(until="protect")
    assert v.state.names[2] in v.open("protect")[1].choices
    assert v.state.names[3] not in v.open("protect")[1].choices


def test_a_night_of_rest_frees_the_doctors_choice() -> None:
    v = Village(W, D, V, V, V, V, V, same_target=False)
    v.go(until="vote", protect=2)
    v.go(until="vote")
    v.go(until="protect")
    assert v.state.names[2] in v.open("protect")[1].choices


# -- several in one night --------------------------------------------------------------------------------------------


def test_the_last_wolf_is_poisoned_in_the_night_of_its_last_kill() -> None:
    v = Village(W, T, V, V, V)
    v.go(until="vote", kill=2, poison=0)
    assert v.dead() == [0, 2]
    assert v.outcome is not None
    assert (v.outcome.winner, v.outcome.reason) == ("village", "wolves_dead")


def test_when_both_sides_die_out_the_village_has_won() -> None:
    v = Village(W, T, H, V, V)
    v.go(until="kill", vote=3)
    v.go(until="vote")
    v.go(until="kill", vote=4)
    v.go(until="shoot", kill=2, poison=0)
    assert v.state.living() == (1,)
    v.act(v.turns[0], 1)
    assert v.state.living() == ()
    assert v.outcome is not None
    assert (v.outcome.winner, v.outcome.reason) == ("village", "nobody_left")
    assert [e.kind for e in v.events[-4:]] == ["killed", "killed", "shot", "ended"]


def test_every_card_of_a_role_names_it() -> None:
    for role in Role:
        line = GAME.line(["Ada"], Event("dealt", {"seat": 0, "role": str(role), "fellows": []}))
        assert str(role) in line


def test_whoever_has_a_last_act_is_not_out_yet() -> None:
    """The dead may talk to each other: nobody shoots or names an heir with what they know."""
    v = Village(W, H, V, V, V, V, V, mayor=True)
    v.go(until="vote", elect=1)
    v.go(until="kill", vote=3)
    v.go(until="shoot", kill=1)
    assert GAME.out(v.state) == {3}
    v.act(v.turns[0], 4)
    assert GAME.out(v.state) == {3, 4}, "the mayor has still to name an heir"
    v.act(v.turns[0], 5)
    assert GAME.out(v.state) == {1, 3, 4}
