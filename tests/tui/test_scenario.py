"""A social scenario at the table: every key path of a turn, what is seen of it, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Static

from arena.games.scenario.library import library
from arena.protocol.server_messages import EventHappened
from tests.fakes.arena import FakeArena
from tests.tui.test_plain import played
from tests.tui.test_store import HOSTILE
from tests.tui.test_table import press, text_of, type_
from tui import store
from tui.app import ArenaApp
from tui.canned_match import ROOM
from tui.canned_scenario import CannedScenario
from tui.lines import LineKind
from tui.scenario_scenes import answers
from tui.screens.card import CardScreen
from tui.screens.end import EndScreen
from tui.screens.new_game import NewGameScreen
from tui.screens.question import QuestionScreen
from tui.screens.table import TableScreen
from tui.screenshots import settle
from tui.state import Table, World
from tui.widgets.choices import Choices
from tui.widgets.draft import Draft
from tui.widgets.pick import Pick
from tui.widgets.private_panel import PrivatePanel

Make = Callable[..., ArenaApp]
SMALL, TALL = (80, 24), (120, 36)


def arena_at(until: str | None, me: int | None = 0, **options: Any) -> FakeArena:
    """A fake arena at my turn ``until`` of the canned scenario, or at its end."""
    arena = FakeArena(game=CannedScenario(me, options=options or None))
    arena.put(*arena.game.play(answers(until)))
    return arena


def table_at(until: str | None, me: int | None = 0, **options: Any) -> Table:
    world = World()
    for message in CannedScenario(me, options=options or None).play(answers(until)):
        world = store.receive(world, message, 0.0)
    assert world.table is not None
    return world.table


def _flat(drawn: object) -> str:
    return " ".join(str(drawn).split())


# -- what is told -----------------------------------------------------------------------------------------------------


def test_deeds_whispers_and_offers_are_kinds_of_their_own() -> None:
    table = table_at("turn9.deed")
    found = {line.kind: line for line in table.lines}
    assert found[LineKind.INTRO].text.startswith("Three ways to work\nPriya, Goran and Dinah drive")
    assert (found[LineKind.SHOWN].how, found[LineKind.SHOWN].seat) == ("deed:", 2)
    assert found[LineKind.WHISPER].how == "whispered to Goran:"
    assert found[LineKind.OFFER].text == "whose car Priya's, leave at 7:30, on the way talk"
    assert found[LineKind.OFFER].aside == "worth 2 to you"
    watched = [line for line in table_at(None, me=None).lines if line.kind is not LineKind.TALK]
    assert any(line.how.startswith("whispered to ") and not line.text for line in watched)
    assert not any(line.kind is LineKind.WHISPER or line.aside for line in watched)


def test_who_acts_and_what_is_known_of_each() -> None:
    table = table_at("turn9.deed")
    assert table.speaking() == {0}
    assert [table.known_role(s) for s in range(3)] == ["accountant", "bus driver", "offers"]
    over = table_at(None)
    assert over.speaking() == frozenset()
    assert [over.known_role(s) for s in range(3)] == ["0 of 10", "2 of 10", "2 of 10"]
    assert over.face.winner(over) == "They agreed: whose car Priya's, leave at 7:30, on the way talk"
    assert over.face.won(over) is None


@pytest.mark.parametrize("order", ["parallel", "open"])
def test_other_orders_are_told_to_their_end(order: str) -> None:
    table = table_at(None, scenario="car-pool", order=order, turns=6)
    assert table.over
    assert table.face.meanwhile(table) == "The game is over."


@pytest.mark.parametrize("id", library().ids())
def test_every_hand_written_scenario_can_be_shown(id: str) -> None:
    seats = len(library().find(id).parts)
    for me in (0, seats - 1, None):
        table = table_at(None, me, scenario=id, turns=4)
        look = table.face.look
        for width in (24, 44, 90):
            assert look.card(table, width).plain or me is None
            assert look.result(table, width).plain
            assert all(row.cell_length <= width for row in look.picture(table, width))
        assert table.face.result_lines(table)


# -- the turn, by keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, TALL])
async def test_the_table_shows_the_card_the_offer_and_the_turn(make_app: Make, size: tuple[int, int]) -> None:
    app = make_app(arena_at("turn9.deed"))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        page = text_of(app)
        for text in ("Turn 9", "of 20", "Three ways to work", "Goal: Leave at half past six", "The offer on the table"):
            assert text in page
        for text in ("worth 2 to you", "8 without", "whose car", "Priya's", "speak", "accept", "wait"):
            assert text in page
        await press(pilot, "f2")
        assert isinstance(app.screen, CardScreen)
        page = text_of(app)
        for text in ("Your licence is suspended until August.", "No agreement 8", "silence", "thorough and ambitious"):
            assert text in page
        await press(pilot, "f2")
        assert isinstance(app.screen, TableScreen)


@pytest.mark.parametrize(
    ("key", "deed"), [("s", "speak"), ("g", "gesture"), ("d", "do"), ("w", "whisper"), ("p", "propose"), ("t", "wait")]
)
async def test_each_deed_has_its_letter(make_app: Make, key: str, deed: str) -> None:
    arena = arena_at("turn9.deed")
    app = make_app(arena)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, key)
    assert arena.acts[0] == ("turn9.deed", "", deed)


async def test_a_deed_by_number_by_mouse_and_by_passing(make_app: Make) -> None:
    for how in ("2", "mouse", "ctrl+n"):
        arena = arena_at("turn9.deed")
        app = make_app(arena)
        async with app.run_test(size=SMALL) as pilot:
            await settle(pilot)
            choices = app.screen.query_one(Choices)
            if how == "mouse":
                await pilot.click(choices, offset=(choices._cell_width() + 3, 0))
                await settle(pilot)
            else:
                await press(pilot, how)
        assert arena.acts[0][2] == (None if how == "ctrl+n" else "gesture")


async def test_words_follow_the_deed(make_app: Make) -> None:
    arena = arena_at("turn9.deed")
    app = make_app(arena)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "g")
        assert "What do the others see you do" in text_of(app)
        assert app.screen.query_one(Draft).has_focus
        await type_(pilot, "nods at accept p l w")
        await press(pilot, "enter")
    assert arena.acts[1] == ("turn9.gesture", "nods at accept p l w", None)


async def test_what_was_written_ahead_is_spoken_by_enter(make_app: Make) -> None:
    arena = arena_at("turn3.deed")
    app = make_app(arena)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        arena.hold = True
        await press(pilot, "t")
        arena.release(lambda m: m.type == "turn_closed")
        await settle(pilot)
        app.screen.query_one(Draft).focus()
        await type_(pilot, "later")
        arena.release()
        await settle(pilot)
        table = app.world.table
        assert table is not None
        assert table.turn is not None
        assert table.turn.kind == "deed"
        await type_(pilot, "spa")
        draft = app.screen.query_one(Draft)
        assert draft.text == "laterspa", "nothing steals what is being typed"
        await press(pilot, "enter")
        assert draft.text == "laterspa"
        await press(pilot, "enter")
        assert draft.text == ""
    assert [a[1:] for a in arena.acts] == [("", "wait"), ("", "speak"), ("laterspa", None)]


async def test_terms_issue_by_issue_with_their_worths(make_app: Make) -> None:
    arena = arena_at("turn9.deed")
    app = make_app(arena)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "p")
        page = text_of(app)
        assert "What do you propose: whose car?" in page
        assert "+6" in page
        await press(pilot, "2")
        assert "So far Goran's: 6 to you" in _flat(app.screen.query_one("#question", Static).render())
        await press(pilot, "1", "1")
        assert app.world.table is not None
        mine = [line for line in app.world.table.lines if line.kind is LineKind.OFFER and line.seat == 0]
        assert [(o.text, o.aside) for o in mine] == [
            ("whose car Goran's, leave at 6:30, on the way radio", "worth 13 to you")
        ]
    assert [a[2] for a in arena.acts] == ["propose", "Goran's", "6:30", "radio"]


async def test_a_whisper_to_two(make_app: Make) -> None:
    arena = arena_at("turn9.deed")
    app = make_app(arena)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "w", "1")
        assert "besides Goran" in text_of(app)
        await press(pilot, "0")
        assert "What do you whisper to Goran?" in text_of(app)
        await type_(pilot, "psst")
        await press(pilot, "enter")
        assert app.world.table is not None
        (line,) = [line for line in app.world.table.lines if line.text == "psst"]
        assert (line.kind, line.how) == (LineKind.WHISPER, "whispered to Goran:")
    assert [a[1] or a[2] for a in arena.acts] == ["whisper", "Goran", "enough", "psst"]


@pytest.mark.parametrize(
    ("key", "deed", "says"), [("a", "accept", "worth 2 to you"), ("l", "leave", "cannot come back")]
)
async def test_what_cannot_be_undone_is_asked_first(make_app: Make, key: str, deed: str, says: str) -> None:
    arena = arena_at("turn9.deed")
    app = make_app(arena)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, key)
        assert isinstance(app.screen, QuestionScreen)
        assert says in " ".join(app.screen.text.split())
        await press(pilot, "enter")  # the careful answer has the focus
        assert isinstance(app.screen, TableScreen)
        assert arena.acts == []
        await press(pilot, key, "y")
    assert arena.acts == [("turn9.deed", "", deed)]


async def test_a_turn_that_ends_while_it_is_asked_is_not_answered(make_app: Make) -> None:
    from arena.protocol.server_messages import TurnClosed

    arena = arena_at("turn9.deed")
    app = make_app(arena)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "a")
        arena.put(TurnClosed(room=ROOM, turn_id="turn9.deed", reason="timed_out"))
        await settle(pilot)
        await press(pilot, "y")
        assert "Too late" in text_of(app)
    assert arena.acts == []


async def test_the_guess_stands_with_its_question(make_app: Make) -> None:
    arena = arena_at("guess", family="bargain")
    app = make_app(arena)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        page = text_of(app)
        assert "Guesses" in page
        assert "What matters most to" in page
        assert "Ctrl+N: none" in page
        await press(pilot, "1")
        assert isinstance(app.screen, EndScreen)
    assert arena.acts[0][0] == "guess"


async def test_coins_for_the_pot(make_app: Make) -> None:
    arena = arena_at("give", family="pot", seats=4)
    app = make_app(arena)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert "The pot" in text_of(app)
        await press(pilot, "5")
        assert arena.acts == [], "a figure could be meant as the amount"
        await press(pilot, "c")
    assert arena.acts[0] == ("give", "", "10")


# -- the end, and watching --------------------------------------------------------------------------------------------


async def test_the_end_tells_who_wanted_what_and_the_scores(make_app: Make) -> None:
    app = make_app(arena_at(None))
    async with app.run_test(size=TALL) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, EndScreen)
        page = text_of(app)
        for text in ("They agreed", "You reached 0 of 10", "wanted", "Your licence is suspended", "relationship",
                     "believability", "overall", "Why does Priya not want to drive? ", "Play again"):  # fmt: skip
            assert text in page


async def test_a_small_end_starts_at_its_head_and_scrolls(make_app: Make) -> None:
    app = make_app(arena_at(None, family="coalition", seats=8))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        first = text_of(app)
        assert "You" in first.splitlines()[1] + first.splitlines()[2] + first.splitlines()[5]
        assert "overall" not in first
        await press(pilot, "pagedown", "pagedown", "pagedown", "pagedown")
        assert "overall" in text_of(app)


async def test_whoever_watches_sees_no_card_and_no_input(make_app: Make) -> None:
    app = make_app(arena_at(None, me=None), watch=ROOM)
    async with app.run_test(size=TALL) as pilot:
        await settle(pilot)
        await press(pilot, "escape")
        assert not app.screen.query_one(Draft).display
        assert "Goal:" not in text_of(app)


@pytest.mark.parametrize("size", [(60, 16), SMALL, TALL])
async def test_hostile_text_is_shown_as_text(make_app: Make, size: tuple[int, int]) -> None:
    arena = arena_at("turn9.deed")
    app = make_app(arena)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        card = {"seat": 0, "traits": [HOSTILE[4]], "values": [HOSTILE[1]], "goal": HOSTILE[4], "secret": HOSTILE[0],
                "knows": list(HOSTILE), "relations": [[HOSTILE[4], HOSTILE[1]]], "walk": 1,
                "worths": [[HOSTILE[4], [[text, n] for n, text in enumerate(HOSTILE)]]],
                "guess": [1, HOSTILE[4], list(HOSTILE)]}  # fmt: skip
        kinds = [("said", {}), ("gestured", {}), ("did", {}), ("heard", {"to": [0]})]
        events = [("card", card, False)]
        events += [(kind, {"seat": 1, "text": text, **more}, True) for kind, more in kinds for text in HOSTILE]
        events.append(("proposed", {"seat": 1, "issues": list(HOSTILE), "terms": list(HOSTILE)}, True))
        for n, (kind, data, public) in enumerate(events):
            arena.put(EventHappened(room=ROOM, seq=500 + n, kind=kind, data=data, public=public, line=HOSTILE[4]))
        await settle(pilot)
        page = text_of(app)
        assert not any(ord(c) < 32 and c != "\n" for c in page)
        assert "‮" not in page
        assert "[/] [bold] [TODO] x" in str(app.screen.query_one(PrivatePanel).query_one("#goal").render())
        await press(pilot, "f2")
        page = text_of(app)
        assert not any(ord(c) < 32 and c != "\n" for c in page)
        assert "‮" not in page


# -- a new game -------------------------------------------------------------------------------------------------------


async def test_a_hand_written_scenario_is_picked_by_its_title(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, game="scenario")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        screen = app.screen
        assert isinstance(screen, NewGameScreen)
        screen.query_one("#family", Pick).focus()
        await press(pilot, "left")
        assert screen.query_one("#family", Pick).has_focus
        screen.query_one("#seats", Pick).focus()
        await press(pilot, "right")
        screen.query_one("#scenario", Pick).focus()
        await press(pilot, "right", "right")
        assert "Three ways to work" in text_of(app)
        assert "drive the same forty miles" in " ".join(text_of(app).split())
        await press(pilot, "ctrl+o")
    assert arena.created == [{"scenario": "car-pool"}]
    assert sorted(arena.terms[0]["fills"]) == ["open", "scripted:fair", "scripted:fair"]


async def test_a_family_keeps_the_seats_that_it_can_have(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, game="scenario")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        app.screen.query_one("#seats", Pick).focus()
        await press(pilot, "right", "right", "right")
        app.screen.query_one("#family", Pick).focus()
        await press(pilot, "right", "right", "right")  # bargain: two
        assert app.screen.query_one("#seats", Pick).values == ("2",)
        app.screen.query_one("#fill", Pick).focus()
        await press(pilot, "right", "right")
        await press(pilot, "ctrl+o")
    assert arena.created == [{"family": "bargain"}]
    assert sorted(arena.terms[0]["fills"]) == ["open", "scripted:stubborn"]


# -- plain lines ------------------------------------------------------------------------------------------------------


async def test_a_whole_scenario_in_plain_lines() -> None:
    arena = FakeArena(game=CannedScenario())
    typed = ("speak", "Good morning.", "propose", "2", "1", "2", "whisper", "Dinah", "enough", "Only you.", None)
    code, out = await played(arena, *typed)
    assert code == 0
    assert "(only you see this) Secret: Your licence is suspended until August." in out
    assert any(line.startswith("On the table: whose car Priya's") and "worth 2 to you" in line for line in out)
    assert "  1 Priya's (+0), 2 Goran's (+6), 3 Dinah's (+6)" in out
    assert "Priya whispered to Dinah: Only you." in out
    assert any(line.startswith("Priya wanted: Leave at half past six") for line in out)
    assert any(line.startswith("Goran's scores: ") for line in out)


async def test_plain_lines_ask_before_what_cannot_be_undone() -> None:
    arena = FakeArena(game=CannedScenario())
    code, out = await played(arena, "accept", "no", "leave", "", "accept", "yes", "/card", None)
    assert code == 0
    assert [a[2] for a in arena.acts][:1] == ["accept"]
    assert out.count("! Not done. Choose again.") == 2
    assert any(line.startswith("? Leave the table?") for line in out)


async def test_plain_amounts_are_typed_as_they_are_and_cannot_be_passed() -> None:
    arena = FakeArena(game=CannedScenario(options={"family": "pot", "seats": 4, "turns": 4}))
    code, out = await played(arena, "", "", "10", None)
    assert code == 0
    assert "! You cannot pass here." in out
    assert "  0, 5, 10, 15, 20" in out
    assert arena.acts[1] == ("give", "", "10")


async def test_plain_lines_that_have_ended_never_wait_where_nothing_can_be_passed() -> None:
    arena = FakeArena(game=CannedScenario(options={"family": "pot", "seats": 4, "turns": 4}))
    code, _ = await played(arena, None)
    assert code == 0
    assert arena.acts[1] == ("give", "", "0")
