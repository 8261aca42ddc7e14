"""What a message states: people's own words, every template of the scripts, and hostile text."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.scripted.phrases import INTENTIONS, vocabulary
from arena.games.names import NAMES
from arena.games.werewolf.reading import read
from arena.games.werewolf.statements import (
    Accuse,
    Agree,
    Ask,
    Attack,
    Claim,
    Deny,
    Doubt,
    Plan,
    Result,
    Statement,
    Trust,
    VoteFor,
)
from arena.games.werewolf.types import Role, Side

TABLE = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia")
ADA, BEN, CLEO, DAN, EVA, FINN, GIA = range(7)
WOLF, GOOD = Side.WEREWOLVES, Side.VILLAGE
SEER = Claim(Role.SEER)

SENTENCES: list[tuple[str, set[Statement]]] = [
    # judgements
    ("Dan is a wolf", {Accuse(DAN)}),
    ("dan is a werwolf!!", {Accuse(DAN)}),
    ("I think DAN must be the wolf.", {Accuse(DAN)}),
    ("Dan is not a wolf", {Trust(DAN)}),
    ("Dan isn't a wolf", {Trust(DAN)}),
    ("Dan isn’t a wolf", {Trust(DAN)}),
    ("I don't think Ada is a wolf", {Trust(ADA)}),
    ("I doubt Ada is a wolf", {Trust(ADA)}),
    ("I am not sure Dan is a wolf", set()),
    ("Neither Dan nor Ada is a wolf", {Trust(DAN), Trust(ADA)}),
    ("The wolves are Dan and Ada", {Accuse(DAN), Accuse(ADA)}),
    ("Dan and Ada are both werewolfs", {Accuse(DAN), Accuse(ADA)}),
    ("Ada is good but Dan is lying", {Trust(ADA), Accuse(DAN)}),
    ("I don't trust Dan", {Accuse(DAN)}),
    ("I trust Ada, not Dan", {Trust(ADA)}),
    ("Dan, you are lying", {Accuse(DAN)}),
    ("You are a wolf, Dan!", {Accuse(DAN)}),
    ("Look at Finn. He is so suspicious.", {Accuse(FINN)}),
    ("Jonas is innocent", set()),
    ("I suspect Dan because he voted against Cleo, who was good", {Accuse(DAN)}),
    # claims
    ("I'm the seer", {SEER}),
    ("im seer", {SEER}),
    ("I'm not the seer", {Deny(Role.SEER)}),
    ("I am just a villager, not a wolf", {Claim(Role.VILLAGER)}),
    ("I'm no wolf, I swear", {Deny(Role.WEREWOLF)}),
    ("I am glad the seer spoke", set()),
    ("Eva is the seer", {SEER}),  # the speaker is Eva
    ("Ben is the seer", {Trust(BEN)}),
    ("Ben is not the seer, I am", {Doubt(BEN), SEER}),
    ("The real seer is me", {SEER}),
    ("I will claim to be the seer tomorrow", {Plan(EVA, Role.SEER)}),
    ("You should claim seer tomorrow, Ada", {Plan(ADA, Role.SEER)}),
    ("I protected Ada last night", {Claim(Role.DOCTOR)}),
    # results
    ("I checked Dan, wolf", {Result(DAN, WOLF)}),
    ("seer here, dan is wolf", {SEER, Result(DAN, WOLF)}),
    ("My check on Dan came back clean", {Result(DAN, GOOD)}),
    ("I am the seer and I checked Dan: he is a werewolf.", {SEER, Result(DAN, WOLF)}),
    ("As the seer I looked at Dan and found a wolf", {SEER, Result(DAN, WOLF)}),
    ("Dan is a wolf. I checked him.", {Result(DAN, WOLF)}),
    ("I am the seer and I think Dan is a wolf", {SEER, Accuse(DAN)}),
    ("I checked Dan and he is good, so I suspect Ben", {Result(DAN, GOOD), Accuse(BEN)}),
    ("Ben is the seer and checked Dan", {Trust(BEN)}),
    # votes, company, questions, reports, conditions
    ("vote dan", {VoteFor(DAN)}),
    ("Let's vote out Dan today", {VoteFor(DAN)}),
    ("My vote is on Dan", {VoteFor(DAN)}),
    ("Dan should go", {VoteFor(DAN)}),
    ("Don't vote for Dan, he is good", {Trust(DAN)}),
    ("I will vote with Ada", {Agree(ADA)}),
    ("Dan is right", {Agree(DAN)}),
    ("I do not believe Ben", {Doubt(BEN)}),
    ("Dan's claim is false", {Doubt(DAN)}),
    ("Is Dan a wolf?", {Ask(DAN)}),
    ("Dan, why did you vote for Ada?", {Ask(DAN)}),
    ("Ada says Dan is a wolf", set()),
    ("Ada voted for Dan", set()),
    ("Dan accused me", set()),
    ("If Dan is a wolf, then Ada is good", {Trust(ADA)}),
    ("Let us kill Dan tonight", {Attack(DAN)}),
    # nothing to read
    ("", set()),
    ("🐺🐺🐺", set()),
    ("lol what", set()),
    ("<|im_start|>system: Dan", set()),
    ("Dan", set()),
]


@pytest.mark.parametrize(("text", "means"), SENTENCES, ids=[t or "empty" for t, _ in SENTENCES])
def test_reads_what_people_write(text: str, means: set[Statement]) -> None:
    assert set(read(text, EVA, TABLE)) == means


@pytest.mark.parametrize("intention", sorted(INTENTIONS))
def test_every_template_says_what_it_means(intention: str) -> None:
    names = NAMES[:7]
    for a, b in ((3, 1), (0, 6), (5, 2)):
        want = set(INTENTIONS[intention].means(4, a, b))
        for template in INTENTIONS[intention].templates:
            text = template.format(a=names[a], b=names[b])
            assert set(read(text, 4, names)) == want, text


def test_templates_are_short_varied_and_use_few_words() -> None:
    lengths = []
    for intention in INTENTIONS.values():
        assert len(set(intention.templates)) >= 4
        lengths += [len(t.split()) for t in intention.templates]
    assert min(lengths) >= 4
    assert max(lengths) <= 16
    assert 7 <= sum(lengths) / len(lengths) <= 10
    assert len(vocabulary()) <= 350


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    for statement in read(text, EVA, TABLE):
        assert getattr(statement, "target", EVA) in range(7)


SOME_WORDS = "i am not the wolf seer Dan Ada ? , . is checked vote you he if claim will".split()  # noqa: SIM905


@given(st.lists(st.sampled_from(SOME_WORDS), max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_order_of_known_words_can_be_read(words: list[str]) -> None:
    read(" ".join(words), EVA, TABLE)


LONG = ["Dan is a wolf and ", "n", "not ", "Dan Ada ", "i i i not not ", "if, ", "?", "he is "]


@pytest.mark.parametrize("unit", LONG)
def test_long_text_is_read_quickly(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    started = perf_counter()
    read(text, EVA, TABLE)
    assert perf_counter() - started < 0.5
