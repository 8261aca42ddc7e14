"""Any Hugging Face tokenizer as the codec of a policy.

Words of the game and of its players are always encoded with special tokens, and other marks that were added to a
vocabulary such as ``</think>``, spelled out as ordinary text, so nobody can type one. A tokenizer with a chat template
gets its frame around the match: the template up to the user's words opens the trunk, its turn to the assistant closes
every branch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import AutoTokenizer

from arena.errors import CheckpointError

_SENTINEL = "\x1e"


def first_line(error: BaseException) -> str:
    """What went wrong, without the library's advice."""
    return str(error).strip().split("\n", 1)[0] or type(error).__name__


class HubCodec:
    """Encodes and decodes for one model; see ``agents.llm.prompt.Codec``.

    Raises:
        CheckpointError: the folder (or hub name) holds no tokenizer that can be loaded.
    """

    def __init__(self, source: str | Path) -> None:
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(str(source), trust_remote_code=False)
        except Exception as error:  # the library under it raises bare ones for a file that it cannot read
            raise CheckpointError(f"No tokenizer can be loaded from {source}: {first_line(error)}") from error
        self.fingerprint = hashlib.sha256(self._tokenizer.backend_tokenizer.to_str().encode()).hexdigest()[:16]
        self._unmarked = self._without_marks()
        self.head, self.tail = self._frame()
        self.end_ids = self._line_ends()
        self._cached = lru_cache(maxsize=50_000)(self._encode)

    @property
    def bos_id(self) -> int | None:
        return self._tokenizer.bos_token_id

    @property
    def pad_id(self) -> int | None:
        return self._tokenizer.pad_token_id

    def __len__(self) -> int:
        return len(self._tokenizer)

    def encode(self, text: str) -> tuple[int, ...]:
        return self._cached(text)

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self._unmarked.encode(text, add_special_tokens=False).ids)

    def encode_own(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False))

    def knows(self, mark: str) -> bool:
        return mark in self._tokenizer.get_added_vocab()

    def _without_marks(self) -> Tokenizer:
        """The same tokenizer, to which special tokens and marks are text. Added blanks are no marks: some vocabularies
        have runs of them."""
        described = json.loads(self._tokenizer.backend_tokenizer.to_str())
        added = described["added_tokens"]
        described["added_tokens"] = [t for t in added if t["special"] or not t["content"].strip()]
        unmarked = Tokenizer.from_str(json.dumps(described))
        unmarked.encode_special_tokens = True
        unmarked.no_truncation()  # a model's files may ask for it, which is for other uses than ours
        unmarked.no_padding()
        return unmarked

    def decode(self, tokens: Sequence[int]) -> str:
        return self._tokenizer.decode(list(tokens), skip_special_tokens=True)

    def _frame(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if not self._tokenizer.chat_template:
            bos = self._tokenizer.bos_token_id
            return (() if bos is None else (bos,)), ()
        rendered = self._tokenizer.apply_chat_template(
            [{"role": "user", "content": _SENTINEL}], tokenize=False, add_generation_prompt=True
        )
        before, after = rendered.split(_SENTINEL)
        encode = self._tokenizer.encode
        return tuple(encode(before, add_special_tokens=False)), tuple(encode(after, add_special_tokens=False))

    def _line_ends(self) -> frozenset[int]:
        """The tokens after which a line is over: the model's own ends, and all whose text holds a line end."""
        ends = {i for i in (self._tokenizer.eos_token_id, self._tokenizer.pad_token_id) if i is not None}
        marks = ("Ċ", "\n", "<0x0A>")  # byte-level, literal and byte-fallback spellings of a line end
        ends.update(i for token, i in self._tokenizer.get_vocab().items() if any(m in token for m in marks))
        return frozenset(ends)

    def save(self, folder: Path) -> None:
        self._tokenizer.save_pretrained(folder)
