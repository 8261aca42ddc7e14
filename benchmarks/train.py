"""One training step on packed matches, beside one sequence for every turn, and in bf16 beside fp32.

The same matches and the same loss (cross-entropy of what was said and chosen), forward and backward, on one thread.
"""

from __future__ import annotations

import time
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from agents.engines.local.weights import load_weights
from arena.games.registry import game_by_name
from benchmarks.report import arguments, model_of, report
from training.bootstrap.lessons import lessons, scripted_games
from training.packing import PACKED, TokenGame, hidden_states, pack

MICRO = 8


def packed(model: Any, games: list[TokenGame]) -> None:
    for at in range(0, len(games), MICRO):
        part = games[at : at + MICRO]
        batch = pack(part, dtype=next(model.parameters()).dtype)
        where: list[int] = []
        tokens: list[int] = []
        for game, spans in zip(part, batch.branch_spans, strict=True):
            for branch, (start, _) in zip(game.branches, spans, strict=True):
                first = start + len(branch.prompt) - 1
                where.extend(range(first, first + len(branch.answer)))
                tokens.extend(branch.answer)
        hidden = hidden_states(model, batch)[torch.tensor(where)]
        loss = cross_entropy(model.get_output_embeddings()(hidden).float(), torch.tensor(tokens), reduction="sum")
        loss.backward()


def each_turn(model: Any, games: list[TokenGame]) -> None:
    """Every turn as a sequence of its own, padded, in batches of like length."""
    rows = [((*game.trunk[: b.offset], *b.prompt, *b.answer), len(b.answer)) for game in games for b in game.branches]
    rows.sort(key=lambda row: len(row[0]))
    size = 32
    for at in range(0, len(rows), size):
        part = rows[at : at + size]
        width = max(len(tokens) for tokens, _ in part)
        ids = torch.tensor([[*tokens, *[0] * (width - len(tokens))] for tokens, _ in part])
        mask = torch.tensor([[1] * len(tokens) + [0] * (width - len(tokens)) for tokens, _ in part])
        hidden = model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        picked = torch.cat([hidden[i, len(t) - n - 1 : len(t) - 1] for i, (t, n) in enumerate(part)])
        wanted = torch.tensor([token for t, n in part for token in t[-n:]])
        loss = cross_entropy(model.get_output_embeddings()(picked).float(), wanted, reduction="sum")
        loss.backward()


def cpu_seconds(step: Any, model: Any, games: list[TokenGame], repeats: int) -> tuple[float, torch.Tensor]:
    """The least CPU time of ``repeats`` steps, and the gradient of the last one."""
    best = float("inf")
    for _ in range(repeats):
        model.zero_grad(set_to_none=True)
        begun = time.process_time()
        step(model, games)
        best = min(best, time.process_time() - begun)
    gradient = torch.cat([p.grad.flatten().float() for p in model.parameters() if p.grad is not None])
    return best, gradient


def measure(source: Any, count: int, repeats: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    weights = load_weights(source)
    game = game_by_name("werewolf")
    playing = scripted_games(game, seed=5, default_rules=True)
    games = [row.game for _ in range(count) for row in lessons(weights.codec, game, next(playing))]
    games.sort(key=lambda g: len(g.trunk))
    model = weights.model.train()
    apart, plain = cpu_seconds(each_turn, model, games, repeats)
    model.set_attn_implementation(PACKED)
    together, gradient = cpu_seconds(packed, model, games, repeats)
    fast, _ = cpu_seconds(packed, model.to(torch.bfloat16), games, repeats)
    return {
        "games": count,
        "games_per_cpu_s": round(count / together, 2),
        "games_per_cpu_s_bf16": round(count / fast, 2),
        "ratio_vs_each_turn": round(apart / together, 2),
        "ratio_bf16": round(together / fast, 2),
        "max_relative_gradient_error": float((gradient - plain).abs().max() / plain.abs().max()),
    }


def main() -> None:
    """The command."""
    wanted = arguments(__doc__)
    report(measure(model_of(wanted), 8 if wanted.quick else 32, 2 if wanted.quick else 5), wanted.json)


if __name__ == "__main__":
    main()
