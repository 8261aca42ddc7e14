"""A table of sixteen with every role: nothing is cut off at 80x24, and each new turn can be seen and answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from arena.games.werewolf.types import Phase, Role
from arena.protocol.server_messages import TurnOpened
from tests.fakes.arena import FakeArena, quiet
from tests.tui.test_table import press, text_of
from tui import store
from tui.app import ArenaApp
from tui.canned import CannedGame
from tui.canned_match import ROOM
from tui.faces import werewolf_words
from tui.lines import LineKind
from tui.screens.help import help_text
from tui.screenshots import settle
from tui.settings import Settings
from tui.state import Table, World

Make = Callable[..., ArenaApp]


def arena_for(role: Role, seed: int = 3, **options: Any) -> FakeArena:
    """A fake arena whose person has this card among sixteen."""
    options = {"seats": 16, **options}
    me = CannedGame(0, seed, options).state.roles.index(role)
    return FakeArena(me, seed, options)


TURNS = [
    (Role.WITCH, {}, "night1.save", "Whom do you save tonight?", "nobody"),
    (Role.WEREWOLF, {}, "night1.pack", "What do you say to your fellow werewolves?", ""),
    (Role.VILLAGER, {"discussion": "open"}, "day1.bid1", "How much do you want to speak next?", "urgent"),
    (Role.POSSESSED, {"mayor": True}, "day1.elect", "Who shall be mayor?", ""),
    (Role.MEDIUM, {}, "day1.vote", "Whom do you vote to exile?", ""),
]


@pytest.mark.parametrize(("role", "options", "turn", "question", "choice"), TURNS, ids=lambda x: str(x))
async def test_each_turn_stands_on_a_small_screen(
    role: Role, options: dict[str, Any], turn: str, question: str, choice: str, make_app: Make
) -> None:
    arena = arena_for(role, **options)
    arena.skip_to(turn)
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        page = text_of(app)
    opened = arena.game.opened
    assert opened is not None
    assert opened.id == turn
    for text in (question, choice, str(role), *opened.choices, *arena.game.names):
        assert text in page


async def test_silence_is_offered_once_to_who_bids(make_app: Make) -> None:
    arena = arena_for(Role.VILLAGER, discussion="open")
    arena.skip_to("day1.bid1")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        page = text_of(app)
    assert "silent" in page
    assert "nobody" not in page


async def test_nobody_by_name_has_the_key_of_nobody(make_app: Make) -> None:
    arena = arena_for(Role.WITCH)
    arena.skip_to("night1.save")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "0")
    assert arena.acts[0] == ("night1.save", "", "nobody")


def told(arena: FakeArena, until: str = "") -> Table:
    """The table after the whole match, or up to a turn of mine."""
    world = store.joining(World())
    for message in (arena.game.joined(), *arena.game.run()):
        world = store.receive(world, message, 0.0)
    while arena.game.opened is not None and not (until and arena.game.opened.kind == until):
        turn = arena.game.opened
        for message in (*arena.game.act(quiet(turn)), *arena.game.run()):
            world = store.receive(world, message, 0.0)
    assert world.table is not None
    return world.table


def test_secret_ballots_show_as_a_count_and_leave_no_matrix() -> None:
    table = told(arena_for(Role.VILLAGER, open_vote=False, mayor=True))
    facts = [line.text for line in table.lines if line.kind is LineKind.FACT]
    assert any(text.startswith("Votes: ") for text in facts)
    assert any(text.startswith("For mayor: ") for text in facts)
    assert any(text.endswith(" is mayor.") for text in facts)
    assert not [line for line in table.lines if line.kind is LineKind.VOTES]
    assert table.view.votes == {}


def test_what_the_witch_and_the_medium_learn_are_notes() -> None:
    notes = [n.text for n in told(arena_for(Role.WITCH)).notes]
    assert any(text.endswith(" tonight.") for text in notes)
    assert any(text.startswith(("You saved", "You poisoned")) for text in notes)
    notes = [n.text for n in told(arena_for(Role.MEDIUM)).notes]
    assert any(text.startswith("You learn: ") for text in notes)


def test_bids_leave_no_trace_on_the_screen() -> None:
    table = told(arena_for(Role.VILLAGER, discussion="open", open_slots=1))
    assert not [n for n in table.notes if "bid" in n.text]
    assert [line for line in table.lines if line.kind is LineKind.TALK]


def test_a_dead_hunter_is_asked() -> None:
    opened = TurnOpened(
        room=ROOM, turn_id="night1.shoot", kind="shoot", question="Whom?", choices=["Ada", "nobody"],
        text_limit=0, may_pass=True, deadline_s=None, remaining_s=None,
    )  # fmt: skip
    table = _dead(told(arena_for(Role.HUNTER)))
    assert table.dead
    assert not table.my_turn
    world = store.receive(World(table=table), opened, 0.0)
    assert world.table is not None
    assert world.table.my_turn


def _dead(table: Table) -> Table:
    assert table.me is not None
    table.view.alive[table.me] = False
    table.view.phase = Phase.NIGHT
    return replace(table, ended=None, turn=None, answer=None)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_is_explained(role: Role) -> None:
    table = told(arena_for(role))
    first, second, third = werewolf_words.intro(table.view)
    assert str(role) in first
    assert second.startswith("By night")
    assert third == (werewolf_words.WIN_WOLVES if role.side == "werewolves" else werewolf_words.WIN_VILLAGE)
    assert str(role) in help_text("werewolf", (), Settings()).plain.lower()
    for seat in range(16):
        assert table.face.fate(table, seat)
    assert table.face.why(table)


def test_the_line_of_a_big_cast_names_everybody() -> None:
    table = told(arena_for(Role.VILLAGER))
    opening = table.lines[0].text
    assert all(name in opening for name in table.view.names)
    assert "four werewolves" in opening
