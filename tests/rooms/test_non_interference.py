"""Exchange two seats' secrets under one seed: what an uninvolved seat is told does not change by a byte."""

from __future__ import annotations

import itertools

import pytest

from arena.games.chance import Chance
from arena.games.core import Event
from arena.games.registry import game_by_name
from arena.rooms.effects import Accepted, CloseTurn, Effect, OpenTurn, Tell
from tests.fakes.minds import blind_act
from tests.rooms.play import play, werewolf_room


def told_to(seat: int, effects: list[Effect]) -> list[str]:
    """Everything that leaves the room for this seat, as text."""
    out = []
    for effect in effects:
        match effect:
            case Tell(seat=to, seq=seq, event=event, line=line) if to == seat:
                out.append(f"{seq} {event.to_json()} {line}")
            case OpenTurn(turn=turn) | CloseTurn(seat=turn) | Accepted(seat=turn) if (
                turn == seat or getattr(turn, "seat", None) == seat
            ):
                out.append(repr(effect))
            case _:
                pass
    return out


def about(seats: tuple[int, ...], said: str) -> bool:
    return any(f"'{key}': {s}" in said for s in seats for key in ("seat", "target"))


@pytest.mark.parametrize("seed", range(12))
def test_an_uninvolved_seat_cannot_tell_two_worlds_apart(seed: int) -> None:
    game = game_by_name("werewolf")
    options = game.options({"first_night_kill": seed % 2 == 0})
    dealt: tuple[Event, ...] = game.opening(options, Chance(seed))
    roles = dealt[1].data["roles"]
    villagers = [s for s, role in enumerate(roles) if role == "villager"]
    compared = 0
    for pair in itertools.combinations(range(7), 2):
        swapped = game.swap_hidden(dealt, *pair)
        if roles[pair[0]] == roles[pair[1]]:
            continue
        worlds = [
            play(
                werewolf_room(seed, range(7), opening=opening, first_night_kill=seed % 2 == 0),
                blind_act,
            )
            for opening in (dealt, swapped)
        ]
        for seat in set(villagers) - set(pair):
            streams = [told_to(seat, effects) for effects in worlds]
            same = sum(1 for _ in itertools.takewhile(lambda ab: ab[0] == ab[1], zip(*streams, strict=False)))
            compared += same
            assert same >= 3, "the opening and the first night look alike"
            for stream in streams:
                # What first differs is a public fact: who died, or how the living voted after somebody had.
                assert same == len(stream) or not stream[same].startswith("0 "), "numbers start alike"
            heads = [s[same] for s in streams if same < len(s)]
            numbers = {h.split(" ")[0] for h in heads if h[0].isdigit()}
            assert len(numbers) <= 1, "the numbers of the stream differ before its events do"
            if heads and "hunted" not in "".join(heads):
                assert all(
                    about(pair, h)
                    or any(k in h for k in ("killed", "nobody", "exiled", "ended", "night", "turn=", "votes"))
                    for h in heads
                )
    assert compared > 100
