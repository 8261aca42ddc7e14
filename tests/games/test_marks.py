"""What a replay can jump to: deaths, votes and lies; offers, agreements, leaving and secrets."""

from __future__ import annotations

import pytest

from arena.games.core import EVERYONE, SERVER, Event, only
from arena.games.registry import game_by_name
from arena.games.werewolf.rules import deal
from arena.games.werewolf.types import Role
from tests.fakes import scene

NAMES = ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia"]
ADA, BEN, CLEO, DAN, EVA, FINN, GIA = range(7)
ROLES = (Role.SEER, Role.VILLAGER, Role.WEREWOLF, Role.DOCTOR, Role.MEDIUM, Role.WEREWOLF, Role.POSSESSED)
OPENING = (
    Event("started", {"names": NAMES, "options": {"reveal": "role"}, "cast": {}}),
    *deal(ROLES),
    Event("checked", {"seat": ADA, "target": CLEO, "side": "werewolves"}, only(ADA)),
    Event("checked", {"seat": ADA, "target": BEN, "side": "village"}, only(ADA)),
    Event("sensed", {"seat": EVA, "target": DAN, "role": "doctor"}, only(EVA)),
)


def lies(seat: int, text: str) -> list[str]:
    said = Event("said", {"seat": seat, "text": text})
    found = game_by_name("werewolf").marks((*OPENING, said))
    assert all(m.event == len(OPENING) and m.secret and m.seat == seat for m in found)
    return [m.says for m in found if m.kind == "lie"]


@pytest.mark.parametrize(
    ("seat", "text", "says"),
    [
        (CLEO, "I am the seer.", "claims to be the seer, and is a werewolf"),
        (CLEO, "I am just a villager.", "claims to be a villager"),
        (FINN, "I am not a werewolf!", "denies being a werewolf"),
        (CLEO, "I am the seer and Ben is a wolf.", "claims to have seen that Ben is a werewolf"),
        (FINN, "I checked Ada: she is a wolf.", "claims to have seen that Ada is a werewolf"),
        (ADA, "I am the seer. I saw Cleo, and Cleo is good.", "claims to have seen that Cleo is no werewolf"),
        (ADA, "I am the seer and Finn is a wolf.", "claims to have seen that Finn is a werewolf"),
        (BEN, "I am the doctor.", "claims to be the doctor, and is a villager"),
        (GIA, "I am the medium. Dan was a wolf.", "claims to have learnt that Dan was a werewolf"),
        (EVA, "I am the medium. Dan was a wolf.", "claims to have learnt that Dan was a werewolf"),
        (ADA, "I am not the seer.", "denies being the seer"),
    ],
)
def test_what_contradicts_ones_card_is_a_lie(seat: int, text: str, says: str) -> None:
    (found,) = lies(seat, text)
    assert says in found
    assert found.startswith(NAMES[seat])


@pytest.mark.parametrize(
    ("seat", "text"),
    [
        (ADA, "I am the seer. I saw Cleo: a werewolf."),
        (ADA, "I am the seer and Ben is good."),
        (BEN, "I am a villager, and no werewolf."),
        (BEN, "Cleo is a werewolf, and Ada is the seer."),
        (CLEO, "Ben is a werewolf."),  # an opinion, even where the speaker knows better
        (CLEO, "I trust Finn. Who is the seer?"),
        (EVA, "I am the medium. Dan was good."),
        (FINN, ""),
        (FINN, "[bold]I\u202e am\x1b[2J"),
    ],
)
def test_the_truth_and_opinions_are_no_lies(seat: int, text: str) -> None:
    assert lies(seat, text) == []


def test_deaths_and_votes() -> None:
    events = (
        *OPENING,
        Event("killed", {"seat": BEN, "shown": "villager"}),
        Event("votes", {"day": 1, "ballots": [[ADA, CLEO], [CLEO, None]]}),
        Event("exiled", {"seat": CLEO, "shown": "werewolf"}),
        Event("shot", {"seat": DAN, "by": EVA, "shown": None}),
    )
    found = game_by_name("werewolf").marks(events)
    first = len(OPENING)
    assert [(m.event - first, m.kind, m.seat) for m in found] == [
        (0, "death", BEN), (1, "vote", None), (2, "death", CLEO), (3, "death", DAN),
    ]  # fmt: skip
    assert found[0].says == "Ben was killed: a villager."
    assert not any(m.secret for m in found)


def test_a_scenario_has_its_own() -> None:
    spec = scene.scenario().to_json()
    events = (
        Event("started", {"names": ["Ada", "Ben"]}),
        Event("dealt", {"scenario": spec}, SERVER),
        Event("said", {"seat": 0, "text": "I would take less."}, EVERYONE),
        Event("said", {"seat": 0, "text": "The truth is that I have debts."}, EVERYONE),
        Event("heard", {"seat": 0, "to": [1], "text": "Debts."}, only(0, 1)),
        Event("said", {"seat": 1, "text": "You have debts?"}, EVERYONE),
        Event("proposed", {"seat": 0, "issues": ["price"], "terms": ["low"]}),
        Event("accepted", {"seat": 1}),
        Event("pledged", {"seat": 1, "amount": 3}),
        Event("left", {"seat": 0}),
    )
    found = game_by_name("scenario").marks(events)
    assert [(m.event, m.kind, m.seat) for m in found] == [
        (3, "secret", 0), (4, "secret", 0), (6, "offer", 0), (7, "agreement", 1), (8, "offer", 1), (9, "leaving", 0),
    ]  # fmt: skip
    assert [m.secret for m in found] == [True, True, False, False, False, False]


@pytest.mark.parametrize("name", ["kuhn", "tictactoe", "negotiation"])
def test_other_games_need_none(name: str) -> None:
    assert game_by_name(name).marks(()) == ()
