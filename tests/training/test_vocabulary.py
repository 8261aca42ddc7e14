"""A tokenizer learns words: old text reads as before, new words are one token, and a model grows with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from agents.engines.local.codec import HubCodec
from agents.engines.local.weights import load_weights
from arena.games.registry import game_by_name
from training.bootstrap.lessons import scripted_games
from training.bootstrap.vocabulary import TOKENIZER, can_learn, frequent_words, grow, learn_words

SCENARIO, WEREWOLF = game_by_name("scenario"), game_by_name("werewolf")


def lines(game: str, matches: int) -> list[str]:
    rules = game_by_name(game)
    found: list[str] = []
    for played in islice(scripted_games(rules, 5), matches):
        names = played.events[0].data["names"]
        found += [line for e in played.events if (line := rules.line(names, e))]
    return found


@pytest.fixture
def folder(tiny_tokenizer: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_tokenizer, tmp_path / "tokenizer"))


def words_begun_by(tokens: Iterable[str], text: str) -> bool:
    """Whether a word of the text begins with one of the new tokens."""
    return any(f" {text}".find(token.replace("Ġ", " ")) >= 0 for token in tokens)


def test_new_words_are_one_token_and_old_text_reads_as_before(folder: Path) -> None:
    before = HubCodec(folder)
    new = learn_words(folder, SCENARIO.words)
    after = HubCodec(folder)
    assert can_learn(folder)
    assert all(len(after.encode(f" {word}")) == 1 for word in SCENARIO.words)
    assert all(len(after.encode(f" {word}")) == 1 for word in WEREWOLF.words)
    vocabulary = json.loads((folder / TOKENIZER).read_text())["model"]["vocab"]
    tokens = {number: token for token, number in vocabulary.items()}
    same = 0
    for text in lines("werewolf", 6) + lines("scenario", 12):
        old, now = before.encode(text), after.encode(text)
        assert after.decode(now).strip() == before.decode(old).strip() == text
        back = [piece for token in now for piece in new.get(token, (token,))]
        assert tuple(back) == old, "a new token stands for what was read in its place"
        if not words_begun_by((tokens[n] for n in new), text):
            assert now == old
            same += 1
    assert same > 50


def test_learning_again_changes_nothing(folder: Path) -> None:
    learn_words(folder, SCENARIO.words)
    text = (folder / TOKENIZER).read_text()
    assert learn_words(folder, SCENARIO.words) == {}
    assert (folder / TOKENIZER).read_text() == text


def test_new_tokens_follow_all_that_there_are(folder: Path) -> None:
    """Also those that stand outside the vocabulary proper, as a chat model's special ones do."""
    raw = json.loads((folder / TOKENIZER).read_text())
    size = max(raw["model"]["vocab"].values()) + 1
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    raw["added_tokens"].append({"id": size, "content": "<|special|>", **special})
    (folder / TOKENIZER).write_text(json.dumps(raw))
    new = learn_words(folder, ("saxophone",))
    assert sorted(new) == list(range(size + 1, size + 1 + len(new)))
    made = Tokenizer.from_file(str(folder / TOKENIZER))
    assert made.encode(" saxophone", add_special_tokens=False).ids == [max(new)]
    assert made.token_to_id("<|special|>") == size


def test_the_costliest_words_come_first(folder: Path) -> None:
    texts = ["the xylophone is the xylophone", "a zebra", "the the the"]
    assert frequent_words(folder, texts, 2)[0] == "xylophone"
    learn_words(folder, ("xylophone",))
    assert "xylophone" not in frequent_words(folder, texts, 9)


def test_a_grown_model_begins_with_means(folder: Path, tiny_checkpoint: Path) -> None:
    model = load_weights(tiny_checkpoint).model
    before = model.get_input_embeddings().weight.detach().clone()
    new = learn_words(folder, SCENARIO.words)
    grow(model, new)
    after = model.get_input_embeddings().weight
    assert len(after) == max(new) + 1
    assert model.get_output_embeddings().weight is after, "tied as before"
    torch.testing.assert_close(after[: len(before)], before)
    for token, stands_for in new.items():
        torch.testing.assert_close(after[token], before[list(stands_for)].mean(0))


@pytest.mark.parametrize("spare", [0, 40])
def test_both_tables_of_a_model_grow_and_rows_to_spare_are_used(spare: int) -> None:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=10 + spare,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        tie_word_embeddings=False,
    )
    model: Any = LlamaForCausalLM(config)
    tables = [t.weight.detach().clone() for t in (model.get_input_embeddings(), model.get_output_embeddings())]
    grow(model, {10: (1, 2), 11: (1, 2, 3), 12: (4,)})
    for old, table in zip(tables, (model.get_input_embeddings(), model.get_output_embeddings()), strict=True):
        assert len(table.weight) == max(13, 10 + spare)
        torch.testing.assert_close(table.weight[:10], old[:10])
        torch.testing.assert_close(table.weight[10], old[[1, 2]].mean(0))
        torch.testing.assert_close(table.weight[11], old[[1, 2, 3]].mean(0))
        torch.testing.assert_close(table.weight[12], old[4])
    grow(model, {})
