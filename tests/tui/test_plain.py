"""The headless twin: lines in, lines out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arena.client.happenings import ConnectionBack, ConnectionLost, SeatGone
from arena.errors import UserError
from arena.protocol.server_messages import EventHappened, MatchRated, RoomJoined, SeatChanged, SeatInfo, SeatLost
from tests.fakes.arena import FakeArena
from tests.tree import ROOT
from tui.canned import CannedGame
from tui.canned_match import ROOM
from tui.faces.werewolf_hints import LESSON
from tui.memory import Memory
from tui.plain import play
from tui.plain_lines import COMMANDS
from tui.wish import Wish


async def played(arena: FakeArena, *typed: str | None, **how: Any) -> tuple[int, list[str]]:
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    for line in typed:
        lines.put_nowait(line)
    out: list[str] = []
    code = await asyncio.wait_for(play(arena, typed=lines, write=out.append, **how), 10)
    return code, out


async def test_a_whole_game_from_typed_lines() -> None:
    arena = FakeArena()
    code, out = await played(arena, "2", "I doubt everybody.", "finn", *["", ""], None)
    assert code == 0
    assert "? Whom do you look at tonight?" in out
    assert arena.acts[:3] == [
        ("night1.check", "", "Cleo"),
        ("day1.talk1", "I doubt everybody.", None),
        ("day1.vote", "", "Finn"),
    ]
    assert any(line.startswith("(only you see this) You saw: Cleo is a werewolf") for line in out)
    assert any(line in ("You won.", "You lost.") for line in out)
    assert "Ada: seer, survived" in out or any(line.startswith("Ada: seer, ") for line in out)


async def test_an_unknown_name_is_asked_again() -> None:
    arena = FakeArena()
    _, out = await played(arena, "Zorro", "1", None)
    assert "! There is no 'Zorro' here." in out
    assert arena.acts[0] == ("night1.check", "", "Ben")


async def test_a_refused_line_takes_the_next_one() -> None:
    arena = FakeArena(options={"text_limit": 20})
    _, out = await played(arena, "1", "x" * 30, "short", None)
    assert any("at most 20 are allowed" in line for line in out)
    assert arena.acts[2][1] == "short"


async def test_leaving_gives_the_seat_up() -> None:
    arena = FakeArena()
    code, out = await played(arena, "/leave")
    assert code == 0
    assert arena.left
    assert out[-1] == "You have left."


async def test_a_lost_connection_ends_with_status_1() -> None:
    arena = FakeArena()
    arena.close()
    code, _ = await played(arena)
    assert code == 1


async def test_escape_sequences_are_never_printed() -> None:
    arena = FakeArena()
    _, out = await played(arena, "1", "\x1b[2J hello \x07", None)
    assert not any("\x1b" in line or "\x07" in line for line in out)


# -- coming back, stand-ins, the dead ---------------------------------------------------------------------------------


async def started(arena: FakeArena, **how: Any) -> tuple[asyncio.Queue[str | None], list[str], asyncio.Task[int]]:
    """A game in the background; lines can be typed as it goes."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    out: list[str] = []
    task = asyncio.create_task(play(arena, typed=lines, write=out.append, **how))
    await until(out, lambda line: line.startswith("?"))
    return lines, out, task


async def until(out: list[str], wanted: Callable[[str], bool]) -> None:
    async with asyncio.timeout(10):
        while not any(wanted(line) for line in out):
            await asyncio.sleep(0.01)


async def test_an_outage_is_told_and_the_question_comes_again() -> None:
    arena = FakeArena()
    lines, out, task = await started(arena)
    table_room = arena.game.info()
    assert arena.game.opened is not None
    back = RoomJoined(room=table_room, seat=0, resume_token="x", since=arena.game.seq)
    arena.put(ConnectionLost("x", 1, 1.0), ConnectionLost("x", 2, 2.0), back, arena.game._open(arena.game.opened))
    arena.put(ConnectionBack())
    await until(out, lambda line: line == "! Connected again.")
    assert out.count("! Connection lost. Trying again …") == 1
    assert out.count("? Whom do you look at tonight?") == 2
    lines.put_nowait("/leave")
    assert await asyncio.wait_for(task, 10) == 0


async def test_a_gone_match_ends_with_status_1() -> None:
    arena = FakeArena()
    _, out, task = await started(arena)
    arena.put(SeatGone(ROOM, "room/unknown", "x"))
    assert await asyncio.wait_for(task, 10) == 1
    assert out[-1] == "! The server no longer has this match."


async def test_another_window_ends_with_status_1() -> None:
    arena = FakeArena()
    _, out, task = await started(arena)
    arena.put(SeatLost(room=ROOM))
    assert await asyncio.wait_for(task, 10) == 1
    assert "another window" in out[-1]


async def test_a_stand_in_is_told_and_one_word_ends_it() -> None:
    arena = FakeArena()
    lines, out, task = await started(arena)
    arena.put(SeatChanged(room=ROOM, seat=SeatInfo(seat=0, name="Ada", mind="model")))
    await until(out, lambda line: line == "! A stand-in plays for you. /back takes your seat back.")
    lines.put_nowait("/back")
    lines.put_nowait("/leave")
    await asyncio.wait_for(task, 10)
    assert f"take back {ROOM}" in arena.asked


async def test_the_dead_talk_in_lines() -> None:
    arena = FakeArena()
    arena.game = CannedGame(0, 6, dead_talk=True)
    lines, out, task = await started(arena)
    killed = {"seat": 0, "shown": "seer"}
    arena.put(EventHappened(room=ROOM, seq=90, kind="killed", data=killed, public=True, line="Ada was killed."))
    spoken = {"seat": 0, "text": "boo"}
    arena.put(EventHappened(room=ROOM, seq=91, kind="dead_said", data=spoken, public=False, line="x"))
    await until(out, lambda line: line == "(among the dead) Ada: boo")
    lines.put_nowait("hello down here")
    lines.put_nowait("/leave")
    await asyncio.wait_for(task, 10)
    assert arena.asked[-1] == "to the dead: hello down here"


async def test_the_memory_decides_about_training_and_the_way_back(tmp_path: Path) -> None:
    memory = Memory("ws://here", tmp_path)
    arena = FakeArena()
    await played(arena, "/leave", memory=memory)
    assert arena.asked == ["join None"]
    memory.train = True
    memory.keep(CannedGame().info(), "secret")
    arena = FakeArena()
    _, out = await played(arena, "/leave", memory=memory)
    assert arena.asked == ["join None train"]
    assert any("--resume" in line for line in out)
    arena = FakeArena()
    await played(arena, "/leave", memory=memory, wish=Wish(resume=True))
    assert arena.asked == [f"resume {ROOM} secret"]
    memory.forget(ROOM)
    with pytest.raises(UserError, match="no match to go back to"):
        await played(FakeArena(), memory=memory, wish=Wish(resume=True))


async def test_a_blind_room_needs_agreement_in_words() -> None:
    arena = FakeArena()
    arena.blind = True
    with pytest.raises(UserError, match="--blind"):
        await played(arena, wish=Wish(room="KRTWN"))
    await played(arena, "/leave", wish=Wish(room="KRTWN", blind=True))
    assert arena.asked == ["join KRTWN", "join KRTWN blind"]


# -- stars ------------------------------------------------------------------------------------------------------------


class Rated(FakeArena):
    stars = 0

    async def rate(self, room: str, stars: int) -> MatchRated:
        assert self.game.game.outcome(self.game.state) is not None, "only what is over can be rated"
        self.stars = stars
        return await super().rate(room, stars)


async def test_stars_that_come_early_count_at_the_end() -> None:
    arena = Rated()
    code, out = await played(arena, "/rate six", "/rate 4", None)
    assert (code, arena.stars) == (0, 4)
    assert "! Stars are 1 to 5: /rate 4" in out
    assert out[-1] == "You gave it 4 of 5."


async def test_who_sits_there_is_asked_for_stars() -> None:
    arena = Rated()
    lines, out, task = await started(arena, asks=True)
    await until(out, lambda line: line.startswith("?"))
    while not any("How good was it" in line for line in out):
        lines.put_nowait("1" if arena.game.opened is not None and arena.game.opened.choices else "")
        await asyncio.sleep(0.02)
    lines.put_nowait("5")
    lines.put_nowait("no")
    assert await asyncio.wait_for(task, 10) == 0
    assert arena.stars in (1, 5)
    assert "? Play again? yes or no." in out


async def test_nobody_is_asked_and_nothing_waits_in_a_pipe() -> None:
    arena = Rated()
    code, out = await played(arena, *["1"] * 40)
    assert (code, arena.stars) == (0, 0)
    assert not any("How good" in line for line in out)
    assert out[-1] == f"To rate it later: arena rate {ROOM} STARS"
    assert f"Turn by turn, with every secret: arena replay {ROOM} --server {arena.url}" in out


# -- what can be typed at any time -----------------------------------------------------------------------------------


async def test_help_seats_hint_and_connection() -> None:
    arena = FakeArena()
    lines, out, task = await started(arena)
    for command in ("/help", "/seats", "/time", "/hint", "/connection", "/card", "/hlep", "/leave"):
        lines.put_nowait(command)
    assert await asyncio.wait_for(task, 10) == 0
    assert "  /again: play another one when this one is over" in out
    assert "1 Ada: you, seer" in out
    assert sum(line.endswith((": model", ": script", ": person")) for line in out) == 6
    assert any(line.startswith("Hint: Nobody has spoken yet") for line in out)
    assert "Round trip: 12.3 ms" in out
    assert any(line.endswith(("seconds are left.", "Nothing hurries you.")) for line in out)
    assert "! There is no /hlep; /help names what there is. Nothing was said." in out
    assert "Protocol: 1 there, 1 here" in out
    assert arena.acts == [], "nothing of it is an answer"


def test_every_command_is_in_the_help_and_is_one() -> None:
    source = (ROOT / "tui" / "plain_game.py").read_text()
    for command, _ in COMMANDS:
        assert f'"{command.split()[0]}"' in source


# -- play again, and the game that teaches ---------------------------------------------------------------------------


class Another(Rated):
    """Each room that is asked for is a match of its own."""

    async def leave(self, room: str) -> None:
        await super().leave(room)
        self.asked.append(f"leave {room}")
        self.game = CannedGame(0, 6)


async def test_again_from_a_pipe_is_by_the_same_rules() -> None:
    arena = Another()
    wish = Wish(options={"talk_rounds": 1}, people=2, others="scripted:sly", terms={"private": True})
    code, out = await played(arena, "/rate 3", "/again", *["1"] * 80, None, wish=wish)
    assert code == 0
    assert arena.created == [{"talk_rounds": 1}] * 2
    for terms in arena.terms:
        assert terms["private"] is True
        assert sorted(terms["fills"]) == ["open"] * 2 + ["scripted:sly"] * 5
    assert sum(line in ("You won.", "You lost.") for line in out) == 2
    assert out.count("You gave it 3 of 5.") == 1, "stars are for one match"
    assert arena.asked == [f"join {ROOM}", f"leave {ROOM}", f"join {ROOM}"]


async def test_again_at_the_keyboard() -> None:
    arena = Another()
    lines, out, task = await started(arena, asks=True)
    arena.skip_to("never")
    await until(out, lambda line: line.startswith("? How good was it"))
    lines.put_nowait("4")
    lines.put_nowait("yes")
    async with asyncio.timeout(10):
        while out.count("? Whom do you look at tonight?") < 2:
            await asyncio.sleep(0.01)
    lines.put_nowait("/leave")
    assert await asyncio.wait_for(task, 10) == 0
    assert arena.asked.count("join None") == 2
    assert arena.stars == 4


async def test_the_lesson_has_advice_and_after_it_any_seat_will_do(tmp_path: Path) -> None:
    memory = Memory("ws://here", tmp_path)
    arena = Another()
    code, out = await played(arena, "/again", *["1"] * 80, None, wish=Wish(learn=True), memory=memory)
    assert code == 0
    assert arena.created == [dict(LESSON.options)]
    assert arena.terms == [{"fills": list(LESSON.fills), "private": True, "night_s": 0.0}]
    first = out.index("? Whom do you look at tonight?")
    assert out[first - 1].startswith("Hint: Nobody has spoken yet")
    assert "join None" in arena.asked
    assert not memory.newcomer
    with pytest.raises(UserError, match="No game teaches kuhn"):
        await played(FakeArena(), wish=Wish(learn=True, game="kuhn"))


@pytest.mark.parametrize("hints", ["always", "never"])
async def test_hints_are_as_the_settings_want_them(tmp_path: Path, hints: str) -> None:
    memory = Memory("ws://here", tmp_path)
    memory.settings = replace(memory.settings, hints=hints)
    wish = Wish() if hints == "always" else Wish(learn=True)
    lines, out, task = await started(FakeArena(), memory=memory, wish=wish)
    lines.put_nowait("/leave")
    await asyncio.wait_for(task, 10)
    assert any(line.startswith("Hint: ") for line in out) == (hints == "always")


async def test_a_newcomer_at_the_keyboard_is_told_of_it_once(tmp_path: Path) -> None:
    for told in (True, False):
        _, out = await played(FakeArena(), "/leave", memory=Memory("ws://here", tmp_path), asks=True)
        assert any("--learn" in line for line in out) == told
