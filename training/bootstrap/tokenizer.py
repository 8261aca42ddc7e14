"""A tokenizer for a small model, trained on scripted games: byte-level BPE in which every seat name and role is one
token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

BOS: Final = "<|match|>"
PAD: Final = "<|pad|>"
_WEIGHT: Final = 20_000
"""How often each kept word is added to the corpus: enough that its merges come first."""


def train_tokenizer(lines: Iterable[str], words: Sequence[str], size: int, folder: Path) -> None:
    """Train on ``lines`` and write the tokenizer to ``folder`` in Hugging Face form.

    Args:
        words: each is to be one token when it stands after a space or at the beginning of a line.
        size: of the vocabulary, the 256 bytes included.

    Raises:
        ValueError: ``size`` leaves no room for all of ``words``.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[PAD, BOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )

    def corpus() -> Iterable[str]:
        yield from lines
        for word in words:
            yield f" {word}" * _WEIGHT

    tokenizer.train_from_iterator(corpus(), trainer)
    broken = [w for w in words if len(tokenizer.encode(f" {w}").ids) != 1]
    if broken:
        raise ValueError(f"a vocabulary of {size} has no room for {', '.join(broken)}; use a larger one")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BOS, pad_token=PAD).save_pretrained(folder)
