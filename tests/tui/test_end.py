"""The end: which moments decided the match, and how good it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arena.client.client import RequestRefused
from arena.games.core import Event
from arena.games.werewolf.types import Role
from arena.protocol.server_messages import MatchRated
from tests.fakes.arena import FakeArena
from tui import store
from tui.app import ArenaApp
from tui.canned_match import ROOM
from tui.canned_scenario import CannedScenario
from tui.faces import scenario_moments, werewolf_moments
from tui.moments import Moment, decisive
from tui.screens.end import EndScreen
from tui.screenshots import settle
from tui.widgets.stars import ASKED, Stars

Make = Callable[..., ArenaApp]
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia")
ROLES = (Role.SEER, Role.VILLAGER, Role.WEREWOLF, Role.DOCTOR, Role.VILLAGER, Role.WEREWOLF, Role.VILLAGER)


def begun() -> list[Event]:
    cast = {"villager": 3, "werewolf": 2, "seer": 1, "doctor": 1}
    return [Event("started", {"names": list(NAMES), "cast": cast, "options": {}}), Event("night", {"day": 1})]


def died(kind: str, seat: int, **more: int) -> Event:
    return Event(kind, {"seat": seat, "shown": None, **more})


def day(n: int, *said: tuple[int, str], ballots: dict[int, int] | None = None) -> list[Event]:
    talk = [Event("said", {"seat": seat, "text": text}) for seat, text in said]
    votes = [] if ballots is None else [Event("votes", {"day": n, "ballots": [list(b) for b in ballots.items()]})]
    return [Event("day", {"day": n, "order": [0]}), *talk, Event("vote", {"day": n}), *votes]


def told(*events: Event) -> list[tuple[str, str]]:
    return [(m.when, m.text) for m in werewolf_moments.moments(ROLES, [*begun(), *events])]


# -- Werewolf --------------------------------------------------------------------------------------------------------


def test_who_was_found_and_who_was_lost() -> None:
    assert told(died("killed", 0), *day(1), died("exiled", 2), Event("night", {"day": 2}), Event("nobody_died", {}),
                *day(2), died("exiled", 5)) == [
        ("Night 1", "Ada, the seer, was killed."),
        ("Day 1", "The village voted out Cleo, a werewolf: 1 was left."),
        ("Night 2", "The werewolves killed nobody."),
        ("Day 2", "The village voted out Finn, the last werewolf."),
    ]  # fmt: skip


def test_a_lie_that_was_believed() -> None:
    lie = (5, "I am the seer, and I saw Ben: a werewolf!")
    ((when, text),) = told(*day(1, lie, (2, "Ben it is."), ballots={5: 1, 2: 1, 0: 1}), died("exiled", 1))
    assert when == "Day 1"
    assert text == "Finn, a werewolf, claimed to be the seer, and the village voted out Ben, a villager."
    ((_, text),) = told(*day(1, (2, "Ben is too quiet."), ballots={2: 1}), died("exiled", 1))
    assert text.startswith("Cleo, a werewolf, spoke against them, and the village")
    ((_, text),) = told(*day(1, (2, "Ben is too quiet."), ballots={2: 6}), died("exiled", 1))
    assert text.startswith("The village voted out Ben"), "who voted otherwise persuaded nobody of that"
    ((_, text),) = told(*day(1, (0, "I am the seer. Ben!"), ballots={0: 1}), died("exiled", 1))
    assert text.startswith("The village voted out Ben"), "an honest mistake is no lie"


def test_the_exile_that_lost_the_majority_weighs_most() -> None:
    events = [
        *begun(), died("killed", 4), *day(1), died("exiled", 6), Event("night", {"day": 2}), died("killed", 1),
        *day(2), died("exiled", 0),
    ]  # fmt: skip
    found = list(werewolf_moments.moments(ROLES, events))
    assert max(found, key=lambda m: m.weight).text == "The village voted out Ada, the seer: no majority was left."
    assert [m.when for m in decisive(found)] == ["Day 1", "Night 2", "Day 2"]


def test_a_dying_hunter_and_a_poisoned_werewolf() -> None:
    assert told(died("killed", 1), died("shot", 2, by=1), died("killed", 5)) == [
        ("Night 1", "Ben, a villager, was killed."),
        ("Night 1", "Ben, dying, shot Cleo, a werewolf: 1 was left."),
        ("Night 1", "The night took Finn, the last werewolf."),
    ]


def test_three_in_their_order() -> None:
    found = [Moment(str(n), "", weight) for n, weight in enumerate((5, 1, 9, 5, 5))]
    assert [m.when for m in decisive(found)] == ["2", "3", "4"]
    assert decisive([]) == ()


# -- scenarios -------------------------------------------------------------------------------------------------------


def scenario(*events: Event, **started: object) -> list[tuple[str, str]]:
    opening = {"names": ["Ada", "Ben", "Cleo"], "issues": [["price", ["1", "2"]]], "options": {"turns": 9}, "first": 0}
    return [(m.when, m.text) for m in scenario_moments.moments([Event("started", {**opening, **started}), *events])]


def test_the_offer_that_was_taken_and_who_left() -> None:
    assert scenario(
        Event("said", {"seat": 0, "text": "Well."}),
        Event("proposed", {"seat": 1, "terms": ["2"]}),
        Event("left", {"seat": 2}),
        Event("accepted", {"seat": 0}),
        Event("talk_over", {"reason": "agreed", "deal": {"terms": ["2"], "seats": [0, 1]}}),
        needs=2,
    ) == [("Turn 3", "Cleo left the table."), ("Turn 4", "Ada agreed to Ben's offer: price 2.")]


def test_an_offer_that_nobody_took_and_a_broken_promise() -> None:
    assert scenario(
        Event("proposed", {"seat": 1, "terms": ["2"]}),
        Event("pledged", {"seat": 0, "amount": 5}),
        Event("pledged", {"seat": 2, "amount": 1}),
        Event("talk_over", {"reason": "turns", "deal": None}),
        Event("shared_out", {"gave": [1, 0, 1]}),
    ) == [
        ("The end", "Ben's last offer found too few: price 2."),
        ("The pot", "Ada promised 5 coins and put 1 into the pot."),
    ]


def test_a_real_scenario_has_its_moments() -> None:
    game = CannedScenario(0)
    arena = FakeArena(game=game)
    arena.skip_to("never")
    world = store.joining(store.World())
    while not arena.queue.empty():
        world = store.receive(world, arena.queue.get_nowait(), 0.0)  # type: ignore[arg-type]
    assert world.table is not None
    assert world.table.face.moments(world.table)


# -- the screen ------------------------------------------------------------------------------------------------------


class RatedArena(FakeArena):
    refuses = False

    async def rate(self, room: str, stars: int) -> MatchRated:
        self.asked.append(f"rate {room} {stars}")
        if self.refuses:
            raise RequestRefused("Not now.", code="act/not_stored")
        return await super().rate(room, stars)


def shown(app: ArenaApp) -> str:
    return app.screen.query_one(Stars).render().plain


async def test_by_key_and_by_mouse_and_changed(make_app: Make) -> None:
    arena = RatedArena()
    arena.skip_to("never")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, EndScreen)
        assert shown(app).count("★") == 0
        await pilot.press("4")
        await settle(pilot)
        assert shown(app).count("★") == 4
        assert "Thank you" in shown(app)
        await pilot.click(Stars, offset=(len(ASKED) + 4, 0))
        await settle(pilot)
        assert shown(app).count("★") == 2
        await pilot.click(Stars, offset=(2, 0))
        await settle(pilot)
        await pilot.press("escape", "enter")
        await settle(pilot)
        assert shown(app).count("★") == 2, "it is known when one comes back"
    assert arena.asked[-2:] == [f"rate {ROOM} 4", f"rate {ROOM} 2"]


async def test_what_is_not_stored_is_said(make_app: Make) -> None:
    arena = RatedArena()
    arena.refuses = True
    arena.skip_to("never")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        assert shown(app).count("★") == 0
        assert "could not save that" in shown(app)


async def test_who_watched_has_no_say(make_app: Make) -> None:
    arena = RatedArena()
    app = make_app(arena, watch=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, EndScreen)
        assert not app.screen.query_one(Stars).display
        await pilot.press("5")
        await settle(pilot)
    assert not any(asked.startswith("rate") for asked in arena.asked)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_moments_stand_above_the_result(make_app: Make, size: tuple[int, int]) -> None:
    arena = FakeArena()
    arena.skip_to("never")
    app = make_app(arena)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        table = app.world.table
        assert table is not None
        assert 1 <= len(found := table.face.moments(table)) <= 3
        moments = app.screen.query_one("#moments")
        assert all(moment.when in str(moments.render()) for moment in found)
        assert moments.region.y < app.screen.query_one("#result").region.y
