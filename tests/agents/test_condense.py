"""What stays of a past that is too long: by weight, then by age, with a marker, and the same for everybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.engines.local.codec import HubCodec
from agents.llm.condense import Line, condensed
from agents.llm.prompt import SeatReader, Trunk, trunk_limit
from agents.scripted.registry import WEREWOLF
from agents.scripted.table import play
from arena.games.core import Event, Weight, only, visible
from arena.games.werewolf import Werewolf

GAME = Werewolf()


@pytest.fixture(scope="module")
def codec(tiny_tokenizer: Path) -> HubCodec:
    return HubCodec(tiny_tokenizer)


def letters(text: str) -> tuple[int, ...]:
    """A token a letter."""
    return tuple(map(ord, text))


def lines(*told: tuple[str, Weight]) -> list[Line]:
    return [Line(letters(text), weight) for text, weight in told]


def text_of(tokens: tuple[int, ...]) -> str:
    return "".join(map(chr, tokens))


PAST = lines(
    ("The rules.\n", Weight.FRAME),
    ("Ada: Good morning to all of you, my dear friends.\n", Weight.CHATTER),
    ("Ben: I am the seer.\n", Weight.CLAIM),
    ("Cleo: Ben is a wolf.\n", Weight.OPINION),
    ("Dan died.\n", Weight.FACT),
    ("Ada: Oh no, this is terrible, what will we do.\n", Weight.CHATTER),
)
WHOLE = sum(len(line.tokens) for line in PAST)


def test_what_fits_is_not_touched() -> None:
    assert condensed(letters, PAST, WHOLE) == tuple(token for line in PAST for token in line.tokens)


def test_light_lines_go_first_and_the_older_ones_of_them() -> None:
    assert text_of(condensed(letters, PAST, WHOLE - 1)).splitlines() == [
        "The rules.", "[1 lines from here on are left out.]", "Ben: I am the seer.", "Cleo: Ben is a wolf.",
        "Dan died.", "Ada: Oh no, this is terrible, what will we do.",
    ]  # fmt: skip
    assert text_of(condensed(letters, PAST, 100)).splitlines() == [
        "The rules.", "[2 lines from here on are left out.]", "Ben: I am the seer.", "Cleo: Ben is a wolf.",
        "Dan died.",
    ]  # fmt: skip
    assert text_of(condensed(letters, PAST, 80)).splitlines() == [
        "The rules.", "[3 lines from here on are left out.]", "Ben: I am the seer.", "Dan died.",
    ]  # fmt: skip


def test_the_frame_stays_whatever_the_room() -> None:
    assert text_of(condensed(letters, PAST, 0)).splitlines() == ["The rules.", "[5 lines from here on are left out.]"]


@pytest.mark.parametrize("room", range(50, WHOLE + 1, 7))
def test_it_fits(room: int) -> None:
    assert len(condensed(letters, PAST, room)) <= room


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("I am the seer.", Weight.CLAIM),
        ("Vote for me as MAYOR!", Weight.CLAIM),
        ("Two witches, really?", Weight.CLAIM),
        ("Ben is a werewolf.", Weight.OPINION),
        ("I am no Wolf.", Weight.OPINION),
        ("I foresee trouble, and the wolfhound barks.", Weight.CHATTER),
        ("", Weight.CHATTER),
    ],
)
def test_a_message_weighs_what_it_names(text: str, weight: Weight) -> None:
    assert GAME.weight(Event("said", {"seat": 1, "text": text})) is weight


def test_facts_and_frame_of_werewolf() -> None:
    assert GAME.weight(Event("votes", {"day": 1, "ballots": []})) is Weight.FACT
    assert GAME.weight(Event("killed", {"seat": 1, "shown": None})) is Weight.FACT
    assert GAME.weight(Event("checked", {"seat": 1, "target": 2, "side": "village"}, only(1))) is Weight.FACT
    assert GAME.weight(Event("dealt", {"seat": 1, "role": "seer", "fellows": []}, only(1))) is Weight.FRAME


@pytest.mark.parametrize("options", [{"talk_rounds": 3}, {"seats": 12, "discussion": "open"}], ids=str)
def test_every_seat_and_a_spectator_read_one_trunk(codec: HubCodec, options: dict[str, object]) -> None:
    """When it is shortened, and to what, depends on nothing but what everybody sees."""
    rules = GAME.options(options)
    played = play(GAME, rules, "shared", [WEREWOLF["careful"]] * GAME.seat_count(rules))
    trunks: list[Trunk] = []
    for seat in (None, *range(GAME.seat_count(rules))):
        trunk, reader = Trunk.open(codec, trunk_limit(400)), SeatReader(GAME)
        reader.read_on(codec, trunk, visible(played.events, seat))
        trunks.append(trunk)
    assert len(trunks[0].epochs) > 1
    assert all((t.epochs, t.places) == (trunks[0].epochs, trunks[0].places) for t in trunks)


def test_every_epoch_opens_with_the_cast_and_stays_below_the_limit(codec: HubCodec) -> None:
    rules = GAME.options({"talk_rounds": 3})
    played = play(GAME, rules, "limit", [WEREWOLF["careful"]] * 7)
    limit = trunk_limit(400)
    assert limit == 300
    trunk, reader = Trunk.open(codec, limit), SeatReader(GAME)
    reader.read_on(codec, trunk, visible(played.events, None))
    unlimited = Trunk.open(codec)
    SeatReader(GAME).read_on(codec, unlimited, visible(played.events, None))
    opening = GAME.line(reader.names, played.events[0])
    assert len(trunk.epochs) > 2
    assert trunk.epochs[0] == unlimited.tokens[: len(trunk.epochs[0])]
    for n, epoch in enumerate(trunk.epochs):
        text = codec.decode(epoch)
        assert len(epoch) <= limit
        assert text.strip().startswith(opening)
        assert ("are left out.]" in text) is (n > 0)


def test_a_line_longer_than_the_limit_ends_nothing(codec: HubCodec) -> None:
    trunk = Trunk.open(codec, 40)
    for _ in range(5):
        trunk.append(codec, "Ada: " + "why " * 60, Weight.CHATTER)
    assert len(trunk.places) == 6
    assert all(len(epoch) > 40 for epoch in trunk.epochs[1:])


def test_what_only_one_seat_knows_is_shortened_too(codec: HubCodec) -> None:
    names = ["Ada", "Ben", "Cleo"]
    events = [
        Event("started", {"names": names, "options": {"reveal": "role"}, "cast": {"werewolf": 1, "villager": 2}}),
        Event("dealt", {"seat": 0, "role": "seer", "fellows": []}, only(0)),
        *(Event("pack_said", {"seat": 1, "text": f"The plan number {n} is long."}, only(0)) for n in range(20)),
        Event("checked", {"seat": 0, "target": 1, "side": "werewolves"}, only(0)),
    ]
    trunk, reader = Trunk.open(codec), SeatReader(GAME)
    reader.read_on(codec, trunk, events)
    branch = reader.asked(codec, ("Ben", "Cleo"), codec.encode("Ada votes"), 90)
    assert len(branch) <= 90
    said = codec.decode(branch)
    assert "You are Ada, the seer." in said
    assert "You saw: Ben is a werewolf." in said
    assert "are left out.]" in said
    assert "number 19" in said
    assert "number 0 " not in said
    assert said.endswith("Ben Cleo\n Ada votes")
