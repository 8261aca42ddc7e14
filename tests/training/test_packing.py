"""Packed matches against one plain forward pass a branch: the same hidden states, the same gradients."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from training.packing import BUCKET_LENGTHS, PACKED, Branch, TokenGame, hidden_states, pack

VOCABULARY = 97


@pytest.fixture(scope="module")
def model() -> Any:
    """Two layers, four heads over two key/value heads, drawn wide so that attention is far from uniform."""
    torch.set_num_threads(1)  # more only wait for each other at this size
    torch.manual_seed(0)
    made = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=VOCABULARY,
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            eos_token_id=None,
        )
    )
    with torch.no_grad():
        for name, weights in made.named_parameters():
            if "norm" not in name:
                weights.mul_(4.0)
    return made.eval()


def drawn(random: Random, n: int) -> tuple[int, ...]:
    return tuple(random.randrange(VOCABULARY) for _ in range(n))


def game(random: Random, trunk: int, branches: list[tuple[int, int, int]]) -> TokenGame:
    """``branches`` are (offset, prompt length, answer length)."""
    return TokenGame(drawn(random, trunk), tuple(Branch(o, drawn(random, p), drawn(random, a)) for o, p, a in branches))


def some_games() -> list[TokenGame]:
    random = Random(1)
    return [
        game(random, 50, [(1, 5, 2), (50, 30, 9), (17, 10, 1), (17, 12, 3), (0, 4, 4)]),
        game(random, 9, []),
        game(random, 131, [(131, 100, 60), (130, 3, 1), (64, 22, 5)]),
        game(random, 3, [(3, 1, 1)]),
    ]


def plain(model: Any, tokens: tuple[int, ...]) -> torch.Tensor:
    model.set_attn_implementation("sdpa")
    return model.base_model(input_ids=torch.tensor([tokens]), use_cache=False).last_hidden_state[0]


def packed(model: Any, games: list[TokenGame]) -> tuple[Any, torch.Tensor]:
    model.set_attn_implementation(PACKED)
    batch = pack(games)
    return batch, hidden_states(model, batch)


def assert_same_states(model: Any, games: list[TokenGame]) -> None:
    with torch.inference_mode():
        batch, states = packed(model, games)
        for one, (start, length), spans in zip(games, batch.trunk_spans, batch.branch_spans, strict=True):
            torch.testing.assert_close(states[start : start + length], plain(model, one.trunk), atol=1e-5, rtol=1e-5)
            for branch, (begin, count) in zip(one.branches, spans, strict=True):
                whole = plain(model, (*one.trunk[: branch.offset], *branch.prompt, *branch.answer))
                torch.testing.assert_close(states[begin : begin + count], whole[branch.offset :], atol=1e-5, rtol=1e-5)


def test_hidden_states_are_those_of_separate_passes(model: Any) -> None:
    assert_same_states(model, some_games())


@pytest.mark.parametrize("border", BUCKET_LENGTHS)
def test_bucket_borders(model: Any, border: int) -> None:
    games = [game(Random(border), 30, [(10, n - 2, 2), (30, n - 1, 1)]) for n in (border - 1, border, border + 1)]
    batch = pack(games)
    widths = sorted(b.rows.shape[2] for b in batch.buckets)
    assert widths == [border, border + 1]
    assert_same_states(model, games)


def test_gradients_are_those_of_separate_passes(model: Any) -> None:
    games = some_games()

    def loss(states: torch.Tensor, tokens: tuple[int, ...]) -> torch.Tensor:
        """Of the tokens, each predicted from the state before it, as a sum."""
        logits = model.get_output_embeddings()(states[-len(tokens) - 1 : -1])
        return torch.nn.functional.cross_entropy(logits, torch.tensor(tokens), reduction="sum")

    def gradients(total: torch.Tensor) -> dict[str, torch.Tensor]:
        model.zero_grad()
        total.backward()
        return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}

    batch, states = packed(model, games)
    total = torch.zeros(())
    for one, (start, length), spans in zip(games, batch.trunk_spans, batch.branch_spans, strict=True):
        total = total + loss(states[start : start + length], one.trunk[1:])
        for branch, (begin, count) in zip(one.branches, spans, strict=True):
            total = total + loss(states[begin : begin + count], branch.answer)
    of_pack = gradients(total)
    total = torch.zeros(())
    for one in games:
        total = total + loss(plain(model, one.trunk), one.trunk[1:])
        for branch in one.branches:
            total = total + loss(
                plain(model, (*one.trunk[: branch.offset], *branch.prompt, *branch.answer)), branch.answer
            )
    of_plain = gradients(total)
    assert of_pack.keys() == of_plain.keys()
    for name, expected in of_plain.items():
        assert float((of_pack[name] - expected).norm() / expected.norm()) < 1e-4, name
