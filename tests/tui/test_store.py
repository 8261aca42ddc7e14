"""The fold from server messages to what the screens show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from arena.client.happenings import ConnectionBack, ConnectionLost, Happening, SeatGone
from arena.games.core import Act, Turn
from arena.games.werewolf.types import Role
from arena.protocol.server_messages import (
    ActAccepted,
    AnyServerMessage,
    EventHappened,
    Refused,
    RoomJoined,
    RoomsListed,
    SeatChanged,
    SeatInfo,
    SeatLost,
    TurnClosed,
    TurnOpened,
    TurnWarned,
    Welcomed,
)
from tests.fakes.arena import quiet
from tui import store, words
from tui.canned import CannedGame
from tui.canned_link import sample_rooms
from tui.canned_match import ROOM
from tui.faces import werewolf_words
from tui.lines import LineKind
from tui.state import Answer, Connection, Table, World


def told(messages: Iterable[AnyServerMessage], now_s: float = 100.0) -> World:
    world = World()
    for message in messages:
        world = store.receive(world, message, now_s)
    return world


def table_at(turn: str | None, me: int | None = 0, **game: object) -> Table:
    player: Callable[[Turn], Act | None] = lambda t: None if turn and t.id.startswith(turn) else quiet(t)  # noqa: E731
    table = told(CannedGame(me, 6, **game).play(player)).table  # type: ignore[arg-type]
    assert table is not None
    return table


def test_welcome_connects() -> None:
    world = told([Welcomed(server="a\x1b[2Jb", games=[], live_checkpoint="c1")])
    assert (world.connection, world.server, world.checkpoint) == (Connection.CONNECTED, "a[2Jb", "c1")


def test_rooms_are_listed() -> None:
    world = told([RoomsListed(rooms=sample_rooms())])
    assert world.rooms is not None
    assert [r.room for r in world.rooms][:2] == ["room-krtwn", "room-bdfgh"]


def test_the_game_opens_with_what_to_do() -> None:
    table = table_at("night1")
    intro = next(line for line in table.lines if line.kind is LineKind.INTRO)
    first, second, third = intro.text.split("\n")
    assert first == "You are Ada, the seer."
    assert second.startswith("By night you look at one player")
    assert third == "Win by voting out every werewolf."


def test_a_turn_is_open_until_it_is_answered_and_accepted() -> None:
    table = table_at("night1")
    assert table.my_turn
    assert table.turn is not None
    assert table.turn.left_s(100.0) == 45.0
    assert table.turn.left_s(140.0) == 5.0
    assert table.turn.left_s(999.0) == 0.0
    table = store.sent(table, "a1", "", "Ben")
    assert not table.my_turn
    world = store.receive(World(table=table), ActAccepted(room=ROOM, turn_id=table.turn.turn_id, act_id="a1"), 0)
    assert world.table is not None
    assert world.table.answer is not None
    assert world.table.answer.accepted


def test_a_refused_act_opens_the_turn_again_with_the_reason() -> None:
    table = store.sent(table_at("day1.talk"), "a1", "hello", None)
    other = store.receive(World(table=table), Refused(code="x", message="no", act_id="other"), 0)
    assert other.table is not None
    assert not other.table.my_turn
    assert other.notice == "no"
    world = store.receive(
        World(table=table), Refused(code="act/text_too_long", message="That is too long.", act_id="a1"), 0
    )
    assert world.table is not None
    assert world.table.my_turn
    assert world.table.notice == "That is too long."


def test_a_stale_act_says_so_in_plain_words() -> None:
    table = store.sent(table_at("day1.talk"), "a1", "hello", None)
    world = store.receive(World(table=table), Refused(code="act/stale_turn", message="x", act_id="a1"), 0)
    assert world.table is not None
    assert world.table.notice.startswith("Too late")


def test_a_turn_that_times_out_says_so() -> None:
    table = table_at("day1.talk")
    assert table.turn is not None
    closed = TurnClosed(room=ROOM, turn_id=table.turn.turn_id, reason="timed_out")
    world = store.receive(World(table=table), closed, 0)
    assert world.table is not None
    assert world.table.turn is None
    assert world.table.notice == "Time is up: you passed."
    other = store.receive(World(table=table), closed.model_copy(update={"turn_id": "older"}), 0)
    assert other.table is not None
    assert other.table.turn == table.turn


def test_an_event_seen_twice_counts_once() -> None:
    game = CannedGame(0, 6)
    messages = list(game.run())
    once, twice = told(messages).table, told([*messages, *messages]).table
    assert once is not None
    assert twice is not None
    assert once.lines == twice.lines
    assert once.events == twice.events


def test_messages_of_another_room_change_nothing() -> None:
    table = table_at("day1.talk")
    foreign = EventHappened(room="elsewhere", seq=99, kind="said", data={"seat": 1, "text": "x"}, public=True, line="x")
    assert store.receive(World(table=table), foreign, 0).table is table


def test_the_speaker_is_known_in_rounds_and_all_vote_at_once() -> None:
    talk = table_at("day1.talk")
    assert talk.speaking() == {0}
    vote = table_at("day1.vote")
    assert vote.speaking() == set(vote.view.living())
    assert table_at("night1").speaking() == frozenset()


def test_in_a_parallel_discussion_all_speak() -> None:
    talk = table_at("day1.talk", options={"discussion": "parallel"})
    assert talk.parallel
    assert talk.speaking() == set(talk.view.living())


def test_secrets_go_to_the_notes_and_never_to_the_talk() -> None:
    seer = table_at("day1.talk")
    assert [n.text for n in seer.notes] == ["You saw: Ben is no werewolf."]
    wolf = table_at("day1.talk", me=2)
    assert any(n.seat == 5 for n in wolf.notes)
    assert any(n.text.startswith("You chose") for n in wolf.notes)
    for table in (seer, wolf):
        assert not any("You saw" in line.text or "You chose" in line.text for line in table.lines)


def test_what_is_known_of_a_seat() -> None:
    seer, wolf, watcher = table_at("day1.talk"), table_at("day1.talk", me=2), table_at(None, me=None)
    assert (seer.known_role(0), seer.known_role(1), seer.known_role(2)) == ("seer", "no werewolf", "")
    assert (wolf.known_role(2), wolf.known_role(5), wolf.known_role(0)) == ("werewolf", "werewolf", "")
    assert [watcher.known_role(s) for s in range(7)].count("werewolf") == 2


def test_votes_are_kept_as_ballots() -> None:
    table = table_at("night2")
    votes = next(line for line in table.lines if line.kind is LineKind.VOTES)
    assert len(votes.ballots) == len(table.view.votes[1]) == 7


def test_the_dead_are_dead_and_the_end_is_the_end() -> None:
    messages = list(CannedGame(0, 6).play(quiet))
    killed = EventHappened(
        room=ROOM, seq=2, kind="killed", data={"seat": 0, "shown": "seer"}, public=True, line="Ada was killed."
    )
    opening = [m for m in messages if getattr(m, "seq", 0) < 2 and m.type in ("room_joined", "event_happened")]
    dead = told([*opening, killed]).table
    assert dead is not None
    assert dead.dead
    over = told(messages).table
    assert over is not None
    assert over.over
    assert not over.dead
    assert not over.playing
    assert over.turn is None


def test_another_mind_in_a_seat_is_told_once_the_game_runs() -> None:
    table = table_at("day1.talk")
    world = store.receive(
        World(table=table), SeatChanged(room=ROOM, seat=SeatInfo(seat=1, name="Ben", mind="person")), 0
    )
    assert world.table is not None
    assert world.table.mind(1) == "person"
    assert world.table.lines[-1].text == "Ben is now played by a person."


HOSTILE = [
    "\x1b]52;c;ZXZpbA==\x07 clipboard",
    "\x1b[2J\x1b[H cleared",
    "\x9b31m C1",
    "‮txt.exe",
    "[/] [bold] [TODO] x [red]y[/red] [@click=app.quit]z[/]",
    "👩‍👩‍👧‍👦 emoji ❤️ 🏳️‍🌈",
    "שלום عليكم",
    "Z" + "̴" * 200,
    "word " * 2000,
    "x" * 10_000,
    "\ud800 lone",
    "a\nb\r\nc\tq",
]
"""Text that other people may send; used by the widgets' tests too."""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_cleaned_everywhere(text: str) -> None:
    opening = list(CannedGame(0, 6).run())
    started = next(m for m in opening if isinstance(m, EventHappened) and m.kind == "started")
    evil_names = started.model_copy(update={"data": {**started.data, "names": [text] * 7}, "line": text})
    said = EventHappened(room=ROOM, seq=50, kind="said", data={"seat": 1, "text": text}, public=True, line=text)
    strange = EventHappened(room=ROOM, seq=51, kind=text, data={"deep": [{"text": text}]}, public=True, line=text)
    turn = TurnOpened(
        room=ROOM, turn_id="t", kind="vote", question=text, choices=[text], text_limit=0, may_pass=True,
        deadline_s=None, remaining_s=None,
    )  # fmt: skip
    table = told([*(evil_names if m is started else m for m in opening), said, strange, turn]).table
    assert table is not None
    assert table.turn is not None
    shown = [*table.view.names, *(line.text for line in table.lines), table.turn.question]
    for each in shown:
        assert len(each) <= store.TEXT_LIMIT
        assert each.replace("\n", "").isprintable()
        assert "‮" not in each
    assert table.turn.choices == (text,), "a choice is sent back as it came"


# -- coming back, stand-ins, the dead, secrets -----------------------------------------------------------------------


def after(table: Table, *messages: Happening, now_s: float = 0.0) -> World:
    world = World(connection=Connection.CONNECTED, table=table)
    for message in messages:
        world = store.receive(world, message, now_s)
    return world


def at_table(world: World) -> Table:
    assert world.table is not None
    return world.table


def joined(table: Table, since: int, me: int | None = 0) -> RoomJoined:
    room = table.room.model_copy(update={"seats": list(table.seats)})
    return RoomJoined(room=room, seat=me, resume_token="x", since=since)


def test_a_lost_connection_keeps_the_table_and_counts_down() -> None:
    table = table_at("day1.talk")
    world = after(table, ConnectionLost("gone \x1b[2J", 3, 4.0), now_s=10.0)
    assert world.connection is Connection.LOST
    assert world.table is table
    assert world.lost is not None
    assert words.lost(world.lost, 11.5) == "Connection lost. Trying again in 3 s (attempt 3) …"
    assert words.lost(world.lost, 20.0) == "Connection lost. Trying again now (attempt 3) …"
    assert "\x1b" not in world.lost.why
    back = store.receive(world, ConnectionBack(), 15.0)
    assert (back.connection, back.lost, back.table) == (Connection.CONNECTED, None, table)


def test_coming_back_goes_on_where_it_stood() -> None:
    table = store.sent(table_at("day1.talk"), "a1", "hello", None)
    assert table.turn is not None
    told_again = TurnOpened(
        room=ROOM, turn_id=table.turn.turn_id, kind="talk", question="?", choices=[], text_limit=280, may_pass=True,
        deadline_s=None, remaining_s=15.0,
    )  # fmt: skip
    now = at_table(after(table, joined(table, table.seen)))
    assert (now.lines, now.turn, now.told) == (table.lines, None, 0), "a turn that was closed meanwhile is gone"
    now = at_table(after(table, joined(table, table.seen), told_again))
    assert now.turn is not None
    assert not now.my_turn, "the answer is on its way"


def test_a_stream_that_begins_anew_replaces_what_was_known() -> None:
    game = CannedGame(0, 6)
    messages = list(game.run())
    table = told(messages).table
    assert table is not None
    world = after(table, joined(table, 0), *[m for m in messages if isinstance(m, EventHappened)])
    now = at_table(world)
    assert now.told == 1
    assert (now.events, now.lines) == (table.events, table.lines)


def test_a_stand_in_in_my_seat_and_back() -> None:
    table = table_at("day1.talk")
    assert table.turn is not None
    closed = TurnClosed(room=ROOM, turn_id=table.turn.turn_id, reason="handed_over")
    assert at_table(after(table, closed)).away
    away = at_table(after(table, SeatChanged(room=ROOM, seat=SeatInfo(seat=0, name="Ada", mind="model"))))
    assert away.away
    assert not away.my_turn
    assert away.stand_ins == {0}
    assert away.lines[-1].text == "A stand-in plays for you now."
    back = at_table(after(away, SeatChanged(room=ROOM, seat=SeatInfo(seat=0, name="Ada", mind="person"))))
    assert not back.away
    assert back.stand_ins == frozenset()
    assert back.lines[-1].text == "You play your seat again."


def test_somebody_elses_stand_in_is_told() -> None:
    def changed(mind: str) -> SeatChanged:
        return SeatChanged(room=ROOM, seat=SeatInfo(seat=1, name="Ben", mind=mind))

    table = at_table(after(table_at("day1.talk"), changed("person"), changed("model")))
    assert table.stand_ins == {1}
    assert table.lines[-1].text == "A stand-in (model) plays Ben now."
    table = at_table(after(table, changed("person")))
    assert table.stand_ins == frozenset()
    assert table.lines[-1].text == "Ben's player is back."


def test_a_warning_shortens_the_countdown() -> None:
    table = table_at("day1.talk")
    assert table.turn is not None
    warned = at_table(after(table, TurnWarned(room=ROOM, turn_id=table.turn.turn_id, remaining_s=9.0), now_s=50.0))
    assert warned.warned
    assert warned.turn is not None
    assert warned.turn.left_s(50.0) == 9.0
    other = at_table(after(table, TurnWarned(room=ROOM, turn_id="older", remaining_s=9.0)))
    assert not other.warned


@pytest.mark.parametrize(
    ("code", "says"),
    [("room/unknown", "no longer has this match"), ("seat/bad_token", "given up"), ("room/failed", "because")],
)
def test_a_seat_that_is_gone_leaves_the_table_to_look_at(code: str, says: str) -> None:
    table = table_at("day1.talk")
    gone = at_table(after(table, SeatGone(ROOM, code, "because \x1b[2J")))
    assert says in gone.gone
    assert "\x1b" not in gone.gone
    assert gone.lines == table.lines
    assert not gone.my_turn
    assert not gone.playing
    assert at_table(after(table, SeatGone("elsewhere", code, "x"))) is table


def test_a_match_that_the_server_gave_up_is_gone() -> None:
    assert at_table(after(table_at("day1.talk"), Refused(code="room/failed", message="An error."))).gone == "An error."


def test_who_went_on_elsewhere_is_told_in_the_lobby() -> None:
    world = after(table_at("day1.talk"), SeatLost(room=ROOM))
    assert world.table is None
    assert "another window" in world.notice


def test_the_dead_among_themselves() -> None:
    messages = list(CannedGame(0, 6, dead_talk=True).run())
    table = told(messages).table
    assert table is not None
    assert not table.may_speak_among_dead
    died = EventHappened(room=ROOM, seq=90, kind="killed", data={"seat": 0, "shown": "seer"}, public=True, line="x")
    said = EventHappened(room=ROOM, seq=91, kind="dead_said", data={"seat": 0, "text": "boo"}, public=False, line="x")
    dead = at_table(after(table, died, said))
    assert dead.may_speak_among_dead
    assert (dead.lines[-1].kind, dead.lines[-1].text) == (LineKind.GHOST, "boo")
    assert dead.notes == table.notes
    sent = store.sent_among_dead(dead, "a1", "again")
    yes = ActAccepted(room=ROOM, turn_id="dead_talk", act_id="a1")
    assert at_table(after(sent, yes)).answer == Answer(store.AMONG_DEAD, "a1", "again", None, accepted=True)


def test_who_watches_everything_sees_secrets_apart_from_the_talk() -> None:
    watching = World(everything=True)
    secret = [
        EventHappened(
            room=ROOM, seq=1, kind="dealt", public=False, line="You are Ada, the seer.",
            data={"seat": 0, "role": "seer", "fellows": []},
        ),
        EventHappened(
            room=ROOM, seq=2, kind="pack_said", public=False, line="x", data={"seat": 2, "text": "Ben tonight."}
        ),
    ]  # fmt: skip
    opening = list(CannedGame(None, 6).run())[:2]
    for message in (*opening, *secret):
        watching = store.receive(watching, message, 0)
    table = at_table(watching)
    assert table.everything
    assert (table.known_role(0), table.view.me, table.view.role) == ("seer", None, None)
    shown = [(line.seat, line.text) for line in table.lines if line.kind is LineKind.SECRET]
    assert shown == [(0, "You are Ada, the seer."), (2, "(to the werewolves) Ben tonight.")]


def test_the_larger_casts_open_with_words_too() -> None:
    table = table_at("night1")
    for role in Role:
        first, second, third = werewolf_words.intro(replace(table.view, role=role, fellows=(1, 2, 3)))
        assert first.endswith(", together with Ben, Cleo and Dan.")
        assert second.endswith("votes one player out.")
        wolves = role in (Role.WEREWOLF, Role.POSSESSED)
        assert third == (werewolf_words.WIN_WOLVES if wolves else werewolf_words.WIN_VILLAGE)
        assert werewolf_words.goal(role)


def test_the_dying_are_asked_after_their_death() -> None:
    table = table_at("day1.talk")
    killed = EventHappened(room=ROOM, seq=90, kind="killed", data={"seat": 0, "shown": "hunter"}, public=True, line="x")
    dying = at_table(after(table, killed))
    assert not dying.my_turn
    shoot = TurnOpened(
        room=ROOM, turn_id="day1.shoot", kind="shoot", question="Whom do you shoot?", choices=["Ben", "nobody"],
        text_limit=0, may_pass=True, deadline_s=None, remaining_s=45.0,
    )  # fmt: skip
    assert at_table(after(dying, shoot)).my_turn


def test_secret_ballots_are_told_as_a_line() -> None:
    counted = EventHappened(
        room=ROOM, seq=90, kind="votes", data={"day": 1, "tally": [[1, 4]]}, public=True, line="Votes: Ben 4."
    )
    assert at_table(after(table_at("day1.talk"), counted)).lines[-1].text == "Votes: Ben 4."
