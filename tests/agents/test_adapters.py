"""LoRA adapters as checkpoints: they play as base plus change, go live, are pinned, and are refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from agents.checkpoints import Manifest, read_checkpoint, write_checkpoint
from agents.engines.local.adapters import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.prompt import PROMPT_VERSION
from arena.errors import CheckpointError
from tests.agents.test_local_engine import assert_true_logprobs, no_engine_failures, play, started

SHORT = {"max_days": 1, "talk_rounds": 1}


def make_adapter(
    folder: Path, base: Path, change: Callable[[Path], None] = lambda _: None, named: str | None = None, **config: Any
) -> tuple[Path, Any]:
    """An adapter checkpoint on ``base``, and peft's own model of it. ``change`` spoils files before they are hashed."""
    weights = load_weights(base)
    torch.manual_seed(5)
    lora = LoraConfig(
        **{"r": 4, "lora_alpha": 16, "target_modules": "all-linear", "init_lora_weights": False, **config}
    )
    model: Any = get_peft_model(weights.model, lora)

    def save(target: Path) -> None:
        model.save_pretrained(target)
        change(target)

    _, path = write_checkpoint(
        folder, save, parent=weights.version, run="tests", games=0, tokenizer=weights.codec.fingerprint,
        prompt_version=PROMPT_VERSION, training={"base": weights.version if named is None else named},
    )  # fmt: skip
    return path, model.eval()


@pytest.mark.parametrize(
    "config", [{}, {"use_rslora": True, "lora_alpha": 6}, {"target_modules": ["q_proj", "down_proj"]}]
)
async def test_it_plays_as_peft_would_and_goes_live(
    tiny_checkpoint: Path, tmp_path: Path, config: dict[str, Any]
) -> None:
    adapter, expected = make_adapter(tmp_path, tiny_checkpoint, **config)
    base, version = read_checkpoint(tiny_checkpoint).id, read_checkpoint(adapter).id
    folders = {base: tiny_checkpoint, version: adapter}
    async with started(tiny_checkpoint, locate=folders.__getitem__) as engine:
        pinned = await play(engine, 1, policy=version, **SHORT)
        assert await engine.reload(adapter) == engine.live_version == version
        live = await play(engine, 1, **SHORT)
        assert await engine.reload(tiny_checkpoint) == base
        again = await play(engine, 1, **SHORT)
    assert no_engine_failures([*pinned, *live, *again])
    for played in (*pinned, *live):
        assert {d.tokens.policy_version for d in played.decisions if d.tokens} == {version}
        assert_true_logprobs(played, {version: expected})
    assert_true_logprobs(again[0], {base: load_weights(tiny_checkpoint).model})


def spoil_config(**settings: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / ADAPTER_CONFIG
        file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))

    return change


def cut_short(folder: Path) -> None:
    file = folder / ADAPTER_WEIGHTS
    file.write_bytes(file.read_bytes()[:-100])


def lose_a_tensor(folder: Path) -> None:
    file = folder / ADAPTER_WEIGHTS
    save_file(dict(list(load_file(file).items())[:-1]), file)


def another_width(folder: Path) -> None:
    file = folder / ADAPTER_WEIGHTS
    save_file({k: torch.zeros(4, 3) if "lora_A" in k else t for k, t in load_file(file).items()}, file)


def another_model(folder: Path) -> None:
    file = folder / ADAPTER_WEIGHTS
    save_file({k.replace("layers", "blocks"): t for k, t in load_file(file).items()}, file)


@pytest.mark.parametrize(
    ("change", "named", "reason"),
    [
        (cut_short, None, "cannot be loaded"),
        (lose_a_tensor, None, "other tensors than pairs"),
        (another_width, None, "does not fit its base"),
        (another_model, None, "does not fit its base"),
        (spoil_config(peft_type="IA3"), None, "only LoRA"),
        (spoil_config(use_dora=True), None, "use_dora"),
        (spoil_config(r="four"), None, "cannot be loaded"),
        (lambda folder: (folder / ADAPTER_CONFIG).write_text("[]"), None, "cannot be loaded"),
        (lambda _: None, "", "does not name its base"),
        (lambda _: None, "../elsewhere", "does not name its base"),
        (lambda _: None, "/etc", "does not name its base"),
        (lambda _: None, "0123456789ab", "0123456789ab"),
    ],
)
async def test_what_does_not_fit_is_refused(
    tiny_checkpoint: Path, tmp_path: Path, change: Callable[[Path], None], named: str | None, reason: str
) -> None:
    adapter, _ = make_adapter(tmp_path, tiny_checkpoint, change, named)
    base = read_checkpoint(tiny_checkpoint).id

    def locate(name: str) -> Path:
        if name != base:
            raise CheckpointError(f"There is no checkpoint {name}.")
        return tiny_checkpoint

    async with started(tiny_checkpoint, locate=locate) as engine:
        with pytest.raises(CheckpointError, match=reason):
            await engine.reload(adapter)
        assert engine.live_version == base
        assert engine.counts.refused_reloads == 1
        assert no_engine_failures(await play(engine, 1, **SHORT))


async def test_an_adapter_on_an_adapter_is_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    first, _ = make_adapter(tmp_path, tiny_checkpoint)
    manifest: Manifest = read_checkpoint(first)
    second, _ = make_adapter(tmp_path / "second", tiny_checkpoint, named=manifest.id)
    engine = LocalEngine(tiny_checkpoint, locate={manifest.id: first}.__getitem__)
    with pytest.raises(CheckpointError, match="full weights"):
        await engine.reload(second)
