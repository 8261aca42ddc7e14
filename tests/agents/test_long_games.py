"""Matches that outgrow the model's context: played to their end, and trained on as they were read."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.policy import PolicyMind
from agents.models import shipped_folder
from agents.runner import Lineup, Played, no_log, play_matches
from arena.games.werewolf import Werewolf
from tests.fakes.checkpoints import make_checkpoint
from training.episodes import Terms, harvest
from training.loss import score_all
from training.packing import PACKED

GAME = Werewolf()


async def played(folder: Path, options: dict[str, Any]) -> Played:
    engine = LocalEngine(folder, seed=3)
    rules = GAME.options(options)
    fills = ("self",) * GAME.seat_count(rules)
    engine.start()
    try:
        minds = {"self": PolicyMind(engine)}
        playing = play_matches(GAME, rules, [Lineup("long/0", fills)], minds, no_log, purpose="selfplay")
        (match,) = [match async for match in playing]
        return match
    finally:
        await engine.stop()


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("shipped", {"seats": 16, "talk_rounds": 3, "discussion": "parallel"}),
        ("tiny", {"seats": 16, "discussion": "open", "open_slots": 1, "max_days": 1}),
    ],
)
async def test_a_large_match_is_played_to_its_end_and_trained_on_as_it_was_read(
    model: str, options: dict[str, Any], tiny_tokenizer: Path, tmp_path: Path
) -> None:
    folder = shipped_folder() if model == "shipped" else make_checkpoint(tmp_path, tiny_tokenizer, context=768)
    match = await played(folder, options)
    (trunk,) = match.trunks
    assert len(trunk.epochs) > 1
    assert not [d.fallback for d in match.decisions if d.fallback and not d.fallback.startswith("talk/")]

    weights = load_weights(folder)
    (episode,) = harvest([match], Terms(weights.codec.fingerprint)).episodes
    assert len(episode.rows) == len(trunk.epochs)
    assert all(row.branches for row in episode.rows)
    assert sorted(episode.which) == list(range(len(match.decisions)))
    weights.model.set_attn_implementation(PACKED)
    (scored,) = score_all(weights.model, None, [episode])
    for view, n in zip(scored, episode.which, strict=True):
        record = match.decisions[n].tokens
        assert record is not None
        torch.testing.assert_close(
            torch.tensor(view.logprobs), torch.tensor(record.logprobs).double(), atol=1e-4, rtol=0
        )

    weights.model.set_attn_implementation("sdpa")
    for i in Random(0).sample(range(len(episode.which)), 12):
        record = match.decisions[episode.which[i]].tokens
        assert record is not None
        prompt = [*trunk.read_by(record), *record.branch]
        with torch.no_grad():
            logits = weights.model(torch.tensor([[*prompt, *record.sampled]])).logits[0, len(prompt) - 1 : -1]
        for k in range(len(record.sampled) if record.options else 0):
            legal = sorted({o[k] for o in record.options if len(o) > k and o[:k] == record.sampled[:k]})
            outside = torch.ones(logits.shape[1], dtype=torch.bool)
            outside[legal] = False
            logits[k, outside] = -torch.inf
        plain = logits.log_softmax(-1).gather(1, torch.tensor(record.sampled)[:, None])[:, 0]
        torch.testing.assert_close(plain.double(), torch.tensor(scored[i].logprobs), atol=1e-4, rtol=0)
