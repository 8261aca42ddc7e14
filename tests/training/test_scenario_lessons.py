"""Lessons from scripted scenarios: a row a seat where two play, one row where more do."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from agents.engines.local.codec import HubCodec
from agents.llm.prompt import line_tokens
from agents.scripted.table import ScriptedGame
from arena.games.core import visible
from arena.games.registry import game_by_name
from training.bootstrap.lessons import TEACHERS, lessons, scripted_games
from training.bootstrap.vocabulary import learn_words

GAME = game_by_name("scenario")


@pytest.fixture(scope="module")
def codec(tiny_tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> HubCodec:
    """One that can read the game's words."""
    folder = tmp_path_factory.mktemp("words")
    HubCodec(tiny_tokenizer).save(folder)
    learn_words(folder, GAME.words)
    return HubCodec(folder)


@pytest.fixture(scope="module")
def matches() -> list[ScriptedGame]:
    return list(islice(scripted_games(GAME, 3), 40))


def test_every_turn_is_taught_from_what_its_seat_had_seen(codec: HubCodec, matches: list[ScriptedGame]) -> None:
    kinds: set[str] = set()
    for played in matches:
        names = played.events[0].data["names"]
        apart = GAME.apart(len(names))
        taught = lessons(codec, GAME, played)
        assert len(taught) == (len({t.seat for t in played.turns}) if apart else 1)
        assert sum(len(one.targets) for one in taught) == len(played.turns)
        prompts = []
        for one in taught:
            for branch, target in zip(one.game.branches, one.targets, strict=True):
                kinds.add(target.kind)
                prompts.append((*one.game.trunk[: branch.offset], *branch.prompt))
                if target.options:
                    assert sum(target.weights) == pytest.approx(1.0)
                    listed = codec.decode(branch.prompt).split("\n")[-2].split()
                    assert [codec.decode([o]).strip() for o in target.options] == listed
                    assert target.on_truth == ()
                else:
                    assert codec.decode(branch.answer).endswith("\n")
        for turn in played.turns:
            seen = visible(played.events, turn.seat)[: turn.events_seen]
            lines = [(e, line_tokens(codec, line)) for e in seen if (line := GAME.line(names, e))]
            if not apart:
                lines.sort(key=lambda pair: not pair[0].audience.is_public)
            choices = codec.encode(" ".join(turn.turn.choices) + "\n") if turn.turn.choices else ()
            cue = codec.encode(GAME.cue(names, turn.turn))
            assert (*codec.head, *(t for _, x in lines for t in x), *choices, *cue) in prompts
    assert {"deed", "term", "speak", "guess", "give", "bid"} <= kinds


def test_nearly_every_choice_is_of_one_token_and_taught_as_a_distribution(
    codec: HubCodec, matches: list[ScriptedGame]
) -> None:
    targets = [
        (turn.options, bool(b.answer))
        for played in matches
        for one in lessons(codec, GAME, played)
        for b, turn in zip(one.game.branches, one.targets, strict=True)
        if turn.kind not in ("speak", "gesture", "do", "whisper")
    ]
    assert sum(bool(options) for options, _ in targets) == len(targets), "the words of generated scenarios are known"


def test_talk_that_is_left_out_leaves_the_rest_as_it_was(codec: HubCodec, matches: list[ScriptedGame]) -> None:
    for n, played in enumerate(matches[:10]):
        whole, thinner = lessons(codec, GAME, played), lessons(codec, GAME, played, talk_share=0.3, seed=n)
        all_branches = {(one.game.trunk[: b.offset], b) for one in whole for b in one.game.branches}
        kept = [(one.game.trunk[: b.offset], b) for one in thinner for b in one.game.branches]
        assert set(kept) <= all_branches
        spoken = sum(t.turn.text_limit > 0 for t in played.turns)
        assert len(played.turns) - spoken <= len(kept) <= len(played.turns)


def test_teachers_and_seeds(codec: HubCodec, matches: list[ScriptedGame]) -> None:
    assert sum(TEACHERS["scenario"].values()) == pytest.approx(1.0)
    assert [m.events for m in islice(scripted_games(GAME, 3), 5)] == [m.events for m in matches[:5]]
    families = {m.events[0].data["family"] for m in islice(scripted_games(GAME, 11), 80)}
    assert families >= {"bargain", "split", "sale", "pot", "trait", "meeting", "secret"}
    assert {m.events[0].data["options"]["split"] for m in matches} == {"train"}, "test scenarios are never taught"
