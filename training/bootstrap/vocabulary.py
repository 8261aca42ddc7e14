"""Teaches a byte-pair tokenizer more words without changing how it reads what it can read already.

A new word is merged from the pieces that it is read as now, from the left; the new merges come after all old ones, so
they apply only to the word itself and to words that begin with the same pieces.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import Tokenizer

TOKENIZER: Final = "tokenizer.json"
_WORD: Final = re.compile(r"(?<!\S)[A-Za-z]+(?![^\s.,;:!?])")


def can_learn(folder: Path) -> bool:
    """Whether the tokenizer in this folder is a byte-pair one whose merges are its own."""
    return _read(folder)["model"]["type"] == "BPE"


def learn_words(folder: Path, words: Sequence[str]) -> dict[int, tuple[int, ...]]:
    """Give each word a token of its own where it stands after a space; the tokenizer in ``folder`` is changed.

    Gives the new tokens, each with the old ones that it stands for.
    """
    raw = _read(folder)
    vocabulary: dict[str, int] = raw["model"]["vocab"]
    for added in raw["added_tokens"]:  # one that stands outside of the vocabulary would move when that grows
        vocabulary.setdefault(added["content"], added["id"])
    names = {number: token for token, number in vocabulary.items()}
    before = Tokenizer.from_str(json.dumps(raw))
    new: dict[int, tuple[int, ...]] = {}
    for word in words:
        pieces = before.encode(f" {word}", add_special_tokens=False).ids
        whole, stands_for = names[pieces[0]], (pieces[0],)
        for piece in pieces[1:]:
            merged = whole + names[piece]
            stands_for = (*stands_for, piece)
            if merged not in vocabulary:
                number = max(vocabulary.values()) + 1
                vocabulary[merged], names[number], new[number] = number, merged, stands_for
            if [whole, names[piece]] not in raw["model"]["merges"]:
                raw["model"]["merges"].append([whole, names[piece]])
            whole = merged
    (folder / TOKENIZER).write_text(json.dumps(raw, ensure_ascii=False))
    return new


def frequent_words(folder: Path, lines: Iterable[str], count: int) -> list[str]:
    """The words that cost most in these lines: how often they occur, times their tokens beyond the first."""
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    counted = Counter(word for line in lines for word in _WORD.findall(line))
    cost = {w: n * (len(tokenizer.encode(f" {w}", add_special_tokens=False).ids) - 1) for w, n in counted.items()}
    return sorted((w for w, saved in cost.items() if saved), key=lambda w: -cost[w])[:count]


@torch.no_grad()
def grow(model: Any, new: dict[int, tuple[int, ...]]) -> None:
    """Make room for the new tokens: each begins as the mean of those that it stands for."""
    size = max(new, default=-1) + 1
    if size > model.get_input_embeddings().weight.shape[0]:  # some models have rows to spare
        model.resize_token_embeddings(size, mean_resizing=False)
    tables = {id(t.weight): t.weight for t in (model.get_input_embeddings(), model.get_output_embeddings())}
    for table in tables.values():
        for token, stands_for in sorted(new.items()):
            table[token] = table[list(stands_for)].mean(0)


def _read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / TOKENIZER).read_text())
