"""Pictures of the screens, drawn from the canned game: ``python -m tui.screenshots OUT``, or ``docs/images --docs``."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from textual.app import App
from textual.pilot import Pilot

from arena.client.happenings import ConnectionLost, Happening, SeatGone
from arena.client.trace import Way
from arena.games.core import Act, Turn
from arena.protocol.client_messages import Hello, JoinRoom, TakeTurn
from arena.protocol.server_messages import EventHappened, RoomJoined, SeatChanged, SeatInfo
from tui.app import TAKING, ArenaApp
from tui.board_scenes import SCENES as BOARD_SCENES
from tui.canned import NAMES, ROLES, CannedGame
from tui.canned_link import CannedLink
from tui.canned_match import CODE, ROOM
from tui.faces.werewolf_hints import LESSON
from tui.messages import Received
from tui.replay_scenes import SCENES as REPLAY_SCENES
from tui.scenario_scenes import SCENES as SCENARIO_SCENES
from tui.screens.debug import DebugScreen
from tui.screens.new_game import NewGameScreen
from tui.screens.question import QuestionScreen, back_question, lesson_question, train_question
from tui.themes import DARK, LIGHT


class StillClock:
    """Time stands still in a picture."""

    def monotonic_s(self) -> float:
        return 0.0

    def wall_s(self) -> float:
        return 0.0


Scene = tuple[App[Any], Callable[[Pilot[int]], Awaitable[None]]]
"""The app, and what to do before the picture is taken."""
SAID: Final = {
    "day1.talk1": "I have a reason to doubt Finn, and I will give it when it helps the village most.",
    "day2.talk1": "I am the seer. I saw Finn on the first night: a werewolf. Now you know my reason.",
}


STAND_INS: Final = ((4, "person"), (4, "model"), (0, "model"))


def answers(until: str | None) -> Callable[[Turn], Act | None]:
    """Plays my turns sensibly up to the one whose id begins with ``until``."""

    def answer(turn: Turn) -> Act | None:
        if until is not None and turn.id.startswith(until):
            return None
        if turn.choices:
            wanted = ("Dan", "Eva") if turn.id.startswith("night2") else ("Finn", "Cleo", "Gia", "Ben")
            return Act(choice=next((c for c in wanted if c in turn.choices), turn.choices[0]))
        if turn.kind == "pack_talk":
            return Act(text="Then Gia. I will miss her by day.")
        return Act(text=SAID.get(turn.id, "I have said what I know: Finn and Cleo. Vote with me."))

    return answer


async def settle(pilot: Pilot[int]) -> None:
    """Until everything that was sent is drawn."""
    for _ in range(4):
        await pilot.pause()
        for taking in [w for w in pilot.app.workers if w.group == TAKING]:
            await taking.wait()


def at_table(
    until: str | None,
    me: int | None = 0,
    seed: int = 3,
    typed: str = "",
    theme: str = DARK.name,
    dead_talk: bool = False,
) -> Scene:
    """The table at my turn ``until``, or at the end."""
    link = CannedLink(CannedGame(me, seed, dead_talk=dead_talk))
    link.put(*link.game.play(answers(until)))

    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for character in typed:
            await pilot.press("space" if character == " " else character)
        await settle(pilot)

    return ArenaApp(link, "Robin", clock=StillClock(), theme=theme), prepare


def lobby(theme: str = DARK.name, dialog: bool = False) -> Scene:
    app = ArenaApp(CannedLink(), "Robin", clock=StillClock(), theme=theme)

    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        if dialog:
            app.push_screen(NewGameScreen())
            await settle(pilot)

    return app, prepare


def dead(theme: str = DARK.name) -> Scene:
    """I was killed on the first night; the talk goes on."""
    link = CannedLink()
    game = CannedGame(4, 3, spare_me=False)
    messages = list(game.play(lambda _: Act()))
    said = [i for i, m in enumerate(messages) if isinstance(m, EventHappened) and m.kind == "said"]
    link.put(*messages[: said[3] + 1])

    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)

    return ArenaApp(link, "Robin", clock=StillClock(), theme=theme), prepare


def at_table_then(*happenings: Happening, dead_talk: bool = False, typed: str = "", theme: str = DARK.name) -> Scene:
    """The table in the talk of the second day, and what happens then."""
    app, before = at_table("day2.talk", typed=typed, theme=theme, dead_talk=dead_talk)

    async def prepare(pilot: Pilot[int]) -> None:
        await before(pilot)
        for happening in happenings:
            app.post_message(Received(happening))
        await settle(pilot)

    return app, prepare


def seat_of(seat: int, mind: str) -> SeatChanged:
    return SeatChanged(room=ROOM, seat=SeatInfo(seat=seat, name=NAMES[seat], mind=mind))


def event(seq: int, kind: str, seat: int, line: str, public: bool, **data: Any) -> EventHappened:
    return EventHappened(room=ROOM, seq=seq, kind=kind, data={"seat": seat, **data}, public=public, line=line)


def among_dead(theme: str = DARK.name) -> Scene:
    """I am dead, and so is somebody who talks to me."""
    return at_table_then(
        event(200, "killed", 0, "Ada was killed: the seer.", True, shown="seer"),
        event(201, "dead_said", 3, "", False, text="Welcome. It was Finn, was it not?"),
        event(202, "dead_said", 0, "", False, text="Finn and Cleo both. If only they had listened."),
        dead_talk=True, theme=theme,
    )  # fmt: skip


def waiting(theme: str = DARK.name) -> Scene:
    """A private room of mine that waits for two people."""
    link = CannedLink()
    minds = ["person", "open", "open", *["model"] * 4]
    seats = [SeatInfo(seat=s, name=None, mind=mind) for s, mind in enumerate(minds)]
    room = link.game.info("waiting").model_copy(update={"seats": seats, "private": True})
    app = ArenaApp(link, "Robin", clock=StillClock(), theme=theme)

    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        app.world = replace(app.world, mine=ROOM)
        app.post_message(Received(RoomJoined(room=room, seat=0, resume_token="x")))
        await settle(pilot)

    return app, prepare


def all_seeing(theme: str = DARK.name) -> Scene:
    """A spectator who may see the secrets."""
    link = CannedLink(CannedGame(None, 3))
    messages = list(link.game.play(answers(None)))
    cards = [
        event(0, "dealt", s, f"You are {NAMES[s]}, the {role}.", False, role=str(role), fellows=[])
        for s, role in enumerate(ROLES)
    ]
    night = [
        event(0, "pack_said", 2, "", False, text="Ben is too quiet. Tonight?"),
        event(0, "checked", 0, "You saw: Finn is a werewolf.", False, target=5, side="werewolves"),
    ]
    told = [*messages[:2], *cards, messages[2], *night, *messages[3:12]]
    numbered = [m.model_copy(update={"seq": n}) if isinstance(m, EventHappened) else m for n, m in enumerate(told)]
    app = ArenaApp(link, "Robin", clock=StillClock(), theme=theme)

    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        app.world = replace(app.world, everything=True)
        for message in numbered:
            app.post_message(Received(message))
        await settle(pilot)

    return app, prepare


def asked(question: QuestionScreen, theme: str = DARK.name) -> Scene:
    app, before = lobby(theme)

    async def prepare(pilot: Pilot[int]) -> None:
        await before(pilot)
        app.push_screen(question)
        await settle(pilot)

    return app, prepare


def helping(theme: str = DARK.name) -> Scene:
    app, before = at_table("day1.talk", theme=theme)

    async def prepare(pilot: Pilot[int]) -> None:
        await before(pilot)
        await pilot.press("f1")
        await settle(pilot)

    return app, prepare


def in_settings(*keys: str, theme: str = DARK.name) -> Scene:
    """The settings, after some keys."""
    app, before = lobby(theme)

    async def prepare(pilot: Pilot[int]) -> None:
        await before(pilot)
        for key in ("f4", *keys):
            await pilot.press(key)
            await settle(pilot)

    return app, prepare


def debugging(theme: str = DARK.name) -> Scene:
    """The connection, after a turn with all that belongs to it."""
    app, before = at_table("day2.vote", theme=theme)
    assert isinstance(app, ArenaApp)
    link = app.link
    wire: list[tuple[Way, BaseModel]] = [
        ("sent", Hello(name="Robin", client="terminal", token="secret")),
        ("heard", link.welcome),
        ("sent", JoinRoom()),
        ("heard", RoomJoined(room=CannedGame().info("playing"), seat=0, resume_token="secret")),
        ("heard", event(3, "said", 3, "Dan: [bold]Look at Finn", True, text="[bold]Look at Finn")),
        ("sent", TakeTurn(room=ROOM, turn_id="day2.vote", act_id="0a", choice="Finn")),
    ]
    for way, message in wire:
        link.trace.note(way, message)

    async def prepare(pilot: Pilot[int]) -> None:
        await before(pilot)
        screen = DebugScreen(link, app.world, "social-arena, Textual, Python")
        app.push_screen(screen)
        await settle(pilot)
        await screen.measure()
        await settle(pilot)

    return app, prepare


def taught(theme: str = DARK.name) -> Scene:
    """My first vote, with advice."""
    app, prepare = at_table("day1.vote", theme=theme)
    assert isinstance(app, ArenaApp)
    app.world = replace(app.world, lesson=ROOM)
    return app, prepare


SCENES: Final[dict[str, Callable[[str], Scene]]] = {
    "lobby": lambda theme: lobby(theme),
    "new-game": lambda theme: lobby(theme, dialog=True),
    "table": lambda theme: at_table("day2.talk", typed="it is finn", theme=theme),
    "first-night": lambda theme: at_table("night1.check", theme=theme),
    "vote": lambda theme: at_table("day2.vote", theme=theme),
    "pack": lambda theme: at_table("night2.pack", me=2, theme=theme),
    "watching": lambda theme: at_table(None, me=None, theme=theme),
    "dead": lambda theme: dead(theme),
    "among-dead": lambda theme: among_dead(theme),
    "lost": lambda theme: at_table_then(ConnectionLost("gone", 2, 3.0), typed="it is finn", theme=theme),
    "stand-in": lambda theme: at_table_then(
        seat_of(1, "person"), seat_of(1, "model"), seat_of(0, "model"), theme=theme
    ),
    "gone": lambda theme: at_table_then(SeatGone(ROOM, "room/unknown", ""), theme=theme),
    "waiting": lambda theme: waiting(theme),
    "everything": lambda theme: all_seeing(theme),
    "consent": lambda theme: asked(train_question(), theme),
    "lesson": lambda theme: taught(theme),
    "lesson-offer": lambda theme: asked(lesson_question(LESSON.text), theme),
    "go-back": lambda theme: asked(back_question(CODE), theme),
    "help": lambda theme: helping(theme),
    "debug": lambda theme: debugging(theme),
    "settings": lambda theme: in_settings(theme=theme),
    "settings-clash": lambda theme: in_settings(*["tab"] * 5, *["down"] * 5, "enter", "n", theme=theme),
    "end": lambda theme: at_table(None, theme=theme),
    **SCENARIO_SCENES,
    **REPLAY_SCENES,
    **BOARD_SCENES,
}


DOCS: Final = {
    "table": (120, 36),
    "end": (100, 30),
    "replay-map": (100, 30),
    "ladder": (100, 30),
    "training": (100, 30),
    "settings": (100, 30),
}
"""The scenes whose pictures stand in the README and in docs/tui.md, and their sizes."""


async def draw(scene: str, size: tuple[int, int], theme: str) -> str:
    """One picture as SVG."""
    app, prepare = SCENES[scene](theme)
    async with app.run_test(size=size) as pilot:
        await prepare(pilot)
        return app.export_screenshot(title="Social Arena", simplify=True)


async def draw_all(out: Path, sizes: list[tuple[int, int]], scenes: list[str]) -> None:
    for scene in scenes:
        for size in sizes:
            for theme in (DARK.name, LIGHT.name):
                path = out / f"{scene}-{size[0]}x{size[1]}-{theme.removeprefix('arena-')}.svg"
                path.write_text(await draw(scene, size, theme))


async def draw_docs(out: Path) -> None:
    """One picture a scene, by the scene's name."""
    for scene, size in DOCS.items():
        (out / f"{scene}.svg").write_text(await draw(scene, size, DARK.name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", action="append", metavar="WIDTHxHEIGHT", help="repeatable; 80x24, 120x36 and 160x48")
    parser.add_argument("--scene", action="append", choices=sorted(SCENES), help="repeatable; all of them")
    parser.add_argument("--docs", action="store_true", help="only the pictures of the README and the documents")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.docs:
        asyncio.run(draw_docs(args.out))
        return
    sizes = [(int(w), int(h)) for w, h in (s.split("x") for s in args.size or ("80x24", "120x36", "160x48"))]
    asyncio.run(draw_all(args.out, sizes, args.scene or list(SCENES)))


if __name__ == "__main__":
    main()
