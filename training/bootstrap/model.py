"""The architecture of the shipped model: a small Qwen3 through ``transformers``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import Qwen3Config, Qwen3ForCausalLM

from agents.engines.local.codec import HubCodec


@dataclass(frozen=True, slots=True)
class ModelSize:
    """``width`` is a multiple of 64: heads are 32 wide, two of them share one key/value head."""

    width: int = 128
    layers: int = 5
    context: int = 2048


def new_model(size: ModelSize, codec: HubCodec) -> Any:
    """A model with random weights (fp32), with the codec's vocabulary."""
    config = Qwen3Config(
        vocab_size=len(codec),
        hidden_size=size.width,
        intermediate_size=3 * size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.width // 32,
        num_key_value_heads=size.width // 64,
        head_dim=32,
        max_position_embeddings=size.context,
        tie_word_embeddings=True,
        bos_token_id=codec.bos_id,
        pad_token_id=codec.pad_id,
        eos_token_id=None,
    )
    return Qwen3ForCausalLM(config)
