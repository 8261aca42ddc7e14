"""Options and casts: what may be asked for, what is dealt, and that the classic game is written as it always was."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from arena.errors import OptionError
from arena.games.chance import Chance
from arena.games.werewolf import Werewolf
from arena.games.werewolf.casts import CAST, roles_of
from arena.games.werewolf.types import Role, Side, Tie, WerewolfOptions

GAME = Werewolf()


@pytest.mark.parametrize("seats", range(5, 17))
def test_the_table_deals_a_playable_cast(seats: int) -> None:
    options = GAME.options({"seats": seats})
    roles = roles_of(options)
    assert len(roles) == seats
    wolves = roles.count(Role.WEREWOLF)
    assert 1 <= wolves < seats - wolves
    assert sum(r.side is Side.WEREWOLVES for r in roles) < seats / 2
    assert max(Counter(r for r in roles if r not in (Role.WEREWOLF, Role.VILLAGER)).values()) == 1
    dealt = GAME.opening(options, Chance(seats))
    assert dealt[0].data["cast"] == Counter(map(str, roles))
    assert len(dealt[0].data["names"]) == seats


def test_seven_is_the_classic_cast_and_twelve_has_every_role() -> None:
    assert CAST[7] == (Role.WEREWOLF,) * 2 + (Role.SEER, Role.DOCTOR) + (Role.VILLAGER,) * 3
    assert set(CAST[12]) == set(Role)


def test_a_cast_of_ones_own_counts_its_seats() -> None:
    options = GAME.options({"cast": {"werewolf": 1, "witch": 1, "villager": 3, "seer": 0}})
    assert options.seats == 5
    assert Counter(roles_of(options)) == {Role.WEREWOLF: 1, Role.WITCH: 1, Role.VILLAGER: 3}
    assert GAME.options_json(options)["cast"] == {"werewolf": 1, "witch": 1, "villager": 3}
    assert GAME.options(GAME.options_json(options)) == options


def test_the_tables_own_cast_is_the_table() -> None:
    assert GAME.options({"cast": {"werewolf": 2, "seer": 1, "doctor": 1, "villager": 3}}) == WerewolfOptions()


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"cast": {}}, "how many of each role"),
        ({"cast": ["werewolf"]}, "how many of each role"),
        ({"cast": {"werewolf": 1, "vampire": 1, "villager": 4}}, "no role 'vampire'.*doctor, hunter"),
        ({"cast": {"werewolf": 1, 7: 1, "villager": 4}}, "no role '7'"),
        ({"cast": {"werewolf": True, "villager": 4}}, "True of werewolf"),
        ({"cast": {"werewolf": 1, "villager": 4.0}}, "4.0 of villager"),
        ({"cast": {"werewolf": -1, "villager": 8}}, "-1 of werewolf"),
        ({"cast": {"werewolf": 1, "villager": 3}}, "4 seats; it can have 5 to 16"),
        ({"cast": {"werewolf": 4, "villager": 13}}, "17 seats"),
        ({"cast": {"seer": 1, "villager": 5}}, "no werewolf"),
        ({"cast": {"werewolf": 3, "villager": 3}}, "fewer than the others"),
        ({"cast": {"werewolf": 2, "possessed": 3}}, "nobody on the village's side"),
        ({"cast": {"werewolf": 1, "villager": 4}, "seats": 7}, "5 seats, but seats is 7"),
        ({"seats": 4}, "5 to 16"),
        ({"seats": 17}, "5 to 16"),
        ({"seats": True}, "5 to 16"),
        ({"tie": "coin"}, "none, second_vote, random"),
        ({"discussion": "chaos"}, "rounds, parallel, open"),
        ({"open_slots": 6}, "0 to 5"),
        ({"bid_budget_s": 0}, "1 to 86400"),
        ({"mayor": 1}, "true or false"),
        ({"open_vote": "no"}, "true or false"),
        ({"self_protect": None}, "true or false"),
        ({"dead_talk": True}, "no option 'dead_talk'"),
    ],
    ids=str,
)
def test_what_cannot_be_played_is_refused_with_a_reason(raw: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        GAME.options(raw)


def test_the_classic_options_are_written_as_they_always_were() -> None:
    assert GAME.options_json(GAME.options({})) == {
        "seats": 7,
        "discussion": "rounds",
        "talk_rounds": 1,
        "reveal": "role",
        "first_night_kill": True,
        "max_days": 10,
        "text_limit": 280,
        "talk_budget_s": 90.0,
        "choice_budget_s": 45.0,
    }


def test_a_log_without_the_newer_options_takes_their_defaults() -> None:
    old = {"seats": 7, "discussion": "parallel", "reveal": "side"}
    options = GAME.options(old)
    assert (options.tie, options.mayor, options.open_vote, options.cast) == (Tie.NONE, False, True, None)


def test_only_what_differs_is_told_at_the_start() -> None:
    def first_line(**raw: Any) -> str:
        (started, *_) = GAME.opening(GAME.options(raw), Chance(1))
        return GAME.line(started.data["names"], started)

    classic = first_line()
    assert classic.endswith("one doctor, one seer, three villagers and two werewolves. The dead show their role.")
    assert first_line(mayor=True, open_vote=False) == (
        f"{classic} The village elects a mayor, whose vote counts twice. Only the count of a vote is shown."
    )
    assert "A tie is voted on once more." in first_line(tie="second_vote")
    assert "eleven villagers" in first_line(cast={"werewolf": 1, "witch": 2, "possessed": 2, "villager": 11})
    assert "two possessed" in first_line(cast={"werewolf": 1, "witch": 2, "possessed": 2, "villager": 11})
