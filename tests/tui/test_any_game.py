"""Games that the terminal has no words of its own for: a whole match as each seat is told it, on the screens and in
plain lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from arena.games.chance import Chance
from arena.games.conformance import drawn_act
from arena.games.core import Event, begin, step
from arena.games.registry import GAMES
from arena.protocol.server_messages import EventHappened, MatchEnded, RoomInfo, RoomJoined, SeatInfo
from tui import store
from tui.faces.registry import face_of
from tui.lines import LineKind
from tui.state import Table, World

OTHERS = sorted(GAMES.keys() - {"werewolf", "scenario"})


def told(name: str, seat: int | None, seed: int = 5) -> Iterator[RoomJoined | EventHappened | MatchEnded]:
    """The messages of a whole match of drawn acts, to one seat."""
    game, chance = GAMES[name], Chance(seed)
    options = game.options({})
    minds = [SeatInfo(seat=s, name=None, mind="script") for s in range(game.seat_count(options))]
    room = RoomInfo(room="r", game=name, status="playing", seats=minds, options=game.options_json(options))
    yield RoomJoined(room=room, seat=seat, resume_token=None)
    state, events = begin(game, options, chance)
    names = game.seat_names(state)
    seq = n = 0

    def tell(new: tuple[Event, ...]) -> Iterator[EventHappened]:
        nonlocal seq
        for event in new:
            if event.audience.is_public or (seat is not None and seat in event.audience):
                yield EventHappened(
                    room="r", seq=seq, kind=event.kind, data=dict(event.data), public=event.audience.is_public,
                    line=game.line(names, event),
                )  # fmt: skip
                seq += 1

    yield from tell(events)
    while turns := game.turns(state):
        n += 1
        state, events = step(game, state, turns[0], drawn_act(turns[0], chance, f"act/{n}"), chance)
        yield from tell(events)
    outcome = game.outcome(state)
    assert outcome is not None
    yield MatchEnded(
        room="r", winner=outcome.winner, reason=outcome.reason, sides=list(outcome.sides), returns=list(outcome.returns)
    )


def table_of(name: str, seat: int | None) -> Table:
    world = World()
    for message in told(name, seat):
        world = store.receive(world, message, 0.0)
    assert world.table is not None
    return world.table


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("seat", [0, 1, None])
def test_a_match_is_told_from_its_rules_to_its_end(name: str, seat: int | None) -> None:
    table = table_of(name, seat)
    assert table.over
    assert table.lines[0].kind is LineKind.INTRO
    assert table.lines[0].text.startswith(GAMES[name].title + "\n")
    assert any(line.kind is LineKind.END for line in table.lines)
    assert len(table.face.winner(table)) > 4
    assert table.face.why(table).endswith(".")
    won = table.face.won(table)
    assert table.ended is not None
    if seat is None or table.ended.winner not in table.ended.sides:
        assert won is None
    else:
        assert won == (table.ended.returns[seat] > 0)
    assert all(table.known_role(s) for s in range(table.count()))


def test_what_only_i_know_is_a_note_and_no_line() -> None:
    mine, watching = table_of("kuhn", 0), table_of("kuhn", None)
    assert [n.text for n in mine.notes if "hold" in n.text]
    assert not any("hold" in line.text for line in mine.lines)
    assert watching.notes == ()


def test_the_board_is_a_picture() -> None:
    table = table_of("tictactoe", 1)
    rows = [row.plain for row in table.face.look.picture(table, 40)]
    assert len(rows) == 5
    assert sum(row.count("X") for row in rows) >= 3
    assert table_of("kuhn", 0).face.look.picture(table_of("kuhn", 0), 40) == ()


def test_a_game_of_another_server_is_shown_by_its_lines() -> None:
    assert face_of("chess\x1b").title == "chess"
    assert face_of("chess").rules(()) == ()
