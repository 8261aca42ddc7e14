"""The scripts with every role, house rule and way to discuss: legal, and sensible where it can be told."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from agents.scripted.base import Script
from agents.scripted.belief import Eyes, _evidence, _sums, believe
from agents.scripted.ledger import Ledger
from agents.scripted.many_worlds import sums
from agents.scripted.measure import MIXED, measure, seating
from agents.scripted.phrases import INTENTIONS
from agents.scripted.registry import WEREWOLF
from agents.scripted.seat import Seat
from agents.scripted.table import play
from arena.games.core import Event, Turn, visible
from arena.games.werewolf import Werewolf
from arena.games.werewolf.reading import read
from arena.games.werewolf.statements import Claim, Sensed, Trust
from arena.games.werewolf.types import Role, Side
from arena.games.werewolf.view import view
from tests.games.house_rules import house_rules, odd_cast
from tests.games.village import H, S, T, V, Village, W
from tests.soak import count

GAME = Werewolf()


def _sound(turn: Turn, weights: dict[str, float] | None, text: str) -> None:
    assert len(text) <= turn.text_limit
    if turn.choices:
        assert weights is not None
        assert set(weights) == set(turn.choices)
        assert sum(weights.values()) == pytest.approx(1.0)
        assert min(weights.values()) >= 0.0
    else:
        assert weights is None
        assert text


@pytest.mark.parametrize("seats", range(5, 17))
def test_plays_any_cast_under_any_rules(seats: int) -> None:
    random, names = Random(seats), list(WEREWOLF)
    for n in range(count(2, 60)):
        rules = house_rules(random, seats)
        if n % 2:
            del rules["seats"]
            rules["cast"] = odd_cast(random)
        options = GAME.options(rules)
        makers: list[Callable[[Random], Script]] = [WEREWOLF[random.choice(names)] for _ in range(options.seats)]
        for turn in play(GAME, options, f"{seats}/{n}", makers).turns:
            if turn.probe is not None:
                _sound(turn.probe, turn.weights, "")
            _sound(turn.turn, None if turn.probe else turn.weights, turn.act.text)


def test_the_same_seed_gives_the_same_open_discussion() -> None:
    options = GAME.options({"seats": 9, "discussion": "open", "mayor": True})
    scripts = seating(options, "open", MIXED, MIXED)
    first, again = (play(GAME, options, "open", scripts) for _ in range(2))
    assert first == again
    bids = [t.act.choice for t in first.turns if t.turn.kind == "bid"]
    assert {"silent", "speak"} <= set(bids), "some want to speak and some do not"
    assert any(t.turn.kind == "talk" for t in first.turns)


def test_the_village_of_scripts_is_a_match_for_its_wolves_in_big_casts() -> None:
    options = GAME.options({"seats": 10, "max_days": 6})
    mixed = measure(12, options, MIXED, MIXED)
    assert mixed["village_votes_on_wolves"] > mixed["by_chance"] + 0.05


# -- single choices --------------------------------------------------------------------------------------------------


def weighed(v: Village, seat: int, name: str = "careful") -> dict[str, float]:
    """What a script in this seat makes of its open turn."""
    script = WEREWOLF[name](Random(0))
    for event in visible(v.events, seat):
        script.see(event)
    (turn,) = (t for t in v.turns if t.seat == seat)
    return script.weigh(turn)


def exposed(*roles: Role, wolf: int, **options: Any) -> Village:
    """Seat 2, the true seer, has said that ``wolf`` is a werewolf."""
    v = Village(*roles, talk_rounds=1, **options)
    v.go(until="talk")
    while v.open("talk"):
        (turn,) = v.turns
        name = v.state.names[wolf]
        v.act(turn, None, f"I am the seer. I checked {name}: {name} is a werewolf." if turn.seat == 2 else "Hm.")
    return v


def test_the_witch_poisons_a_wolf_that_was_found_and_saves_herself() -> None:
    v = exposed(W, T, S, V, V, V, V, wolf=0)
    v.go(until="save", kill=1)
    assert weighed(v, 1)[v.state.names[1]] > 0.9
    v.act(v.turns[0], "nobody")
    assert max(weighed(v, 1), key=weighed(v, 1).__getitem__) == v.state.names[0]


def test_the_witch_keeps_her_poison_while_she_knows_nothing() -> None:
    v = Village(W, T, S, V, V, V, V)
    v.go(until="save", kill=3)
    v.act(v.turns[0], "nobody")
    assert weighed(v, 1)["nobody"] > 0.5


def test_the_hunter_shoots_who_was_found() -> None:
    v = exposed(W, H, S, V, V, V, V, wolf=0)
    v.go(until="shoot", vote=1)
    assert max(weighed(v, 1), key=weighed(v, 1).__getitem__) == v.state.names[0]


def test_nobody_elects_a_wolf_that_was_found() -> None:
    v = exposed(W, H, S, V, V, V, V, wolf=0, mayor=True)
    shares = weighed(v, 3)
    assert shares[v.state.names[0]] == min(shares.values())
    assert weighed(v, 0)[v.state.names[0]] > 1 / 7, "a werewolf would like to be mayor"


def test_a_seer_with_news_wants_to_speak_more_than_a_villager() -> None:
    v = Village(W, T, S, V, V, V, V, discussion="open")
    v.go(until="bid", check=0)
    assert weighed(v, 2)["urgent"] > 0.5 > weighed(v, 3)["urgent"]


def test_who_has_spoken_falls_silent() -> None:
    v = Village(W, T, S, V, V, V, V, discussion="open")
    v.go(until="bid")
    before = weighed(v, 3)["silent"]
    v.go(until="talk", bid={3: "urgent"})
    v.act(v.turns[0], None, "Good morning.")
    assert weighed(v, 3)["silent"] > before


# -- belief and reading ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [{}, {"seats": 9}, {"cast": {"werewolf": 2, "possessed": 1, "villager": 4}}], ids=str)
def test_arrays_and_loop_sum_up_the_same(raw: dict[str, Any]) -> None:
    options = GAME.options({**raw, "max_days": 3})
    compared = 0
    for seed in range(3):
        game = play(GAME, options, f"sums/{seed}", [WEREWOLF["bold"]] * options.seats)
        for turn in game.turns[:: max(1, len(game.turns) // 12)]:
            seen = view(visible(game.events, turn.seat)[: turn.events_seen])
            ledger = Ledger()
            ledger.follow(seen)
            evidence = _evidence(seen, ledger, seen.me, seen.role, own=True)
            wolves = seen.cast["werewolf"]
            loop, arrays = _sums(evidence, wolves), sums(evidence, wolves)
            assert list(arrays[0]) == pytest.approx(loop[0])
            assert arrays[1] == pytest.approx(loop[1])
            assert arrays[2] == pytest.approx(loop[2])
            compared += 1
    assert compared > 20


def test_a_possessed_in_the_cast_makes_a_claim_worth_less() -> None:
    def suspected(*roles: Role) -> float:
        v = exposed(*roles, wolf=0)
        return believe(view(visible(v.events, 3)), eyes=Eyes.OWN).wolf[0]

    assert suspected(W, V, S, V, V, V, V) > suspected(W, Role.POSSESSED, S, V, V, V, V) > 0.4


def test_the_possessed_plays_for_the_wolves_and_knows_none() -> None:
    seat = Seat()
    for event in visible(Village(W, Role.POSSESSED, S, V, V).events, 1):
        seat.see(event)
    assert seat.is_wolf
    assert seat.view.fellows == ()
    assert seat.belief(Eyes.OWN).wolf[1] == 0.0


def test_a_killed_seat_may_have_been_a_wolf_where_a_witch_poisons() -> None:
    for roles, certain in (((W, T, S, V, V, V, W), False), ((W, V, S, V, V, V, W), True)):
        v = Village(*roles, reveal="nothing")
        v.go(until="vote", kill=4)
        assert (believe(view(visible(v.events, 3))).wolf[4] == 0.0) is certain


NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia")


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("I am the witch", {Claim(Role.WITCH)}),
        ("I'm the hunter, don't vote me", {Claim(Role.HUNTER)}),
        ("medium here, Dan was a wolf", {Claim(Role.MEDIUM), Sensed(3, Side.WEREWOLVES)}),
        ("I am the medium and Dan was not a wolf.", {Claim(Role.MEDIUM), Sensed(3, Side.VILLAGE)}),
        ("Dan was a wolf", set()),
        ("Ben is the hunter", {Trust(1)}),
    ],
)
def test_reads_the_newer_claims(text: str, means: set[object]) -> None:
    assert set(read(text, 4, NAMES)) == means


def test_a_card_that_nobody_holds_is_never_spoken_of() -> None:
    """So that random talk in the classic cast is what it always was."""
    cards = {i: intention.card for i, intention in INTENTIONS.items() if intention.card is not None}
    assert set(cards.values()) == {Role.WITCH, Role.HUNTER, Role.MEDIUM}
    options = GAME.options({"talk_rounds": 3})
    for turn in play(GAME, options, 1, [WEREWOLF["random"]] * 7).turns:
        assert not {"witch", "hunter", "medium"} & set(turn.act.text.lower().replace(".", "").split())


def test_a_mediums_word_counts_and_two_of_them_cancel_out() -> None:
    def belief(*claims: tuple[int, str]) -> float:
        cast = {"werewolf": 2, "medium": 1, "villager": 4}
        events = [
            Event("started", {"names": list(NAMES), "options": {"reveal": "nothing"}, "cast": cast}),
            Event("dealt", {"seat": 0, "role": "villager", "fellows": []}),
            Event("night", {"day": 1}),
            Event("day", {"day": 1, "order": list(range(7))}),
            Event("exiled", {"seat": 3, "shown": None}),
            Event("night", {"day": 2}),
            Event("day", {"day": 2, "order": [0, 1, 2, 4, 5, 6]}),
            *(Event("said", {"seat": s, "text": text}) for s, text in claims),
        ]
        return believe(view(events)).wolf[3]

    wolf, good = "I am the medium, and Dan was a wolf.", "I am the medium, and Dan was good."
    assert belief((1, wolf)) > belief() + 0.15
    assert belief((1, good)) < belief() - 0.1
    assert abs(belief((1, wolf), (2, good)) - belief()) < 0.1
