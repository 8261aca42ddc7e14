"""The headless twin: lines in, lines out."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.fakes.arena import FakeArena
from tui.plain import play


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
