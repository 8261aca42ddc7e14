"""Models of other makes through the same door: other architectures, names of several tokens, a chat template."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.policy import PolicyMind
from agents.runner import Lineup, Played, no_log, play_matches
from arena.games.registry import game_by_name
from training.episodes import Terms, harvest
from training.learner import Learner
from training.plan import LearnPlan

GAME = game_by_name("werewolf")
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
SPECIAL = ["<|pad|>", "<|bos|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"]


def save(folder: Path, model: PreTrainedModel, template: str | None) -> Path:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: i for i, token in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|bos|>",
        eos_token="<|end|>",
        pad_token="<|pad|>",
        additional_special_tokens=SPECIAL[2:],
    )
    fast.chat_template = template
    fast.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


SIZE = {"vocab_size": 272, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
MODELS = {
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=272, n_embd=32, n_layer=1, n_head=2, n_positions=4096)),
    "llama": lambda: LlamaForCausalLM(
        LlamaConfig(**SIZE, num_key_value_heads=1, intermediate_size=64, max_position_embeddings=4096)
    ),
    "qwen2 with a chat template": lambda: Qwen2ForCausalLM(
        Qwen2Config(**SIZE, num_key_value_heads=2, intermediate_size=64, max_position_embeddings=4096)
    ),
}


@pytest.mark.parametrize("name", list(MODELS))
async def test_it_plays_and_learns(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    folder = save(tmp_path, MODELS[name](), TEMPLATE if "chat" in name else None)
    engine = LocalEngine(folder)
    engine.start()
    try:
        options = GAME.options({"max_days": 1})
        lineups = [Lineup(f"hub/{n}", ("self",) * 7) for n in range(2)]
        minds = {"self": PolicyMind(engine, max_tokens=16)}
        playing = play_matches(GAME, options, lineups, minds, no_log, purpose="selfplay")
        played = [match async for match in playing]
    finally:
        await engine.stop()
    decisions = [d for m in played for d in m.decisions]
    assert not [d.fallback for d in decisions if d.fallback and not d.fallback.startswith("talk/")]
    assert any(len(d.tokens.sampled) > 1 for d in decisions if d.tokens and d.tokens.options), "long names"
    check_logprobs(folder, played)
    if "chat" in name:
        head = decoded(engine, played[0].trunks[0].tokens[:12])
        assert head.startswith("<|user|>")
        assert decoded(engine, decisions[0].tokens.branch).rstrip().count("<|assistant|>") == 1

    weights = load_weights(folder)
    episodes = harvest(played, Terms(weights.codec.fingerprint)).episodes
    figures = Learner(weights.model, LearnPlan(minibatch=2, passes=1)).update(episodes)
    assert figures.kl_old == pytest.approx(0.0, abs=1e-6), "the packed forward pass sees what the engine sampled"


def check_logprobs(folder: Path, played: list[Played]) -> None:
    model = load_weights(folder).model
    for match in played:
        for decision in match.decisions[::7]:
            record = decision.tokens
            assert record is not None
            prompt = [*match.trunks[0].read_by(record), *record.branch]
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([[*prompt, *record.sampled]])).logits[0].float()
            for k, token in enumerate(record.sampled):
                row = logits[len(prompt) + k - 1]
                if record.options:
                    seen = record.sampled[:k]
                    legal = sorted({o[k] for o in record.options if len(o) > k and o[:k] == seen})
                    expected = row[legal].log_softmax(-1)[legal.index(token)]
                else:
                    expected = row.log_softmax(-1)[token]
                assert record.logprobs[k] == pytest.approx(float(expected), abs=1e-4)


def decoded(engine: LocalEngine, tokens: tuple[int, ...]) -> str:
    """With special tokens, which the codec itself leaves out."""
    return engine.codec._tokenizer.decode(list(tokens))
