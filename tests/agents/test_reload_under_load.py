"""Weights that change under load, small: the benchmark's own counts, and many ways to be refused while play goes on."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from agents.checkpoints import MANIFEST, write_checkpoint
from agents.engines.local.codec import HubCodec
from agents.llm.prompt import PROMPT_VERSION
from arena.errors import CheckpointError
from benchmarks.reload import measure
from tests.agents.test_local_engine import no_engine_failures, play, started
from tests.fakes.checkpoints import copied


def test_reloads_in_a_row_lose_nothing_and_tell_the_truth(tiny_checkpoint: Path) -> None:
    figures = measure(tiny_checkpoint, games=6, reloads=6, sample=40)
    assert figures["reloads"] == 6
    assert figures["versions"] > 2
    assert {figures[k] for k in ("lost", "doubled", "failed", "wrong_version")} == {0}


def rewritten(folder: Path, spoil: Callable[[Path], None], base: Path) -> Path:
    """A checkpoint with honest hashes over spoilt files."""

    def save(target: Path) -> None:
        for file in base.iterdir():
            if file.name != MANIFEST:
                (target / file.name).write_bytes(file.read_bytes())
        spoil(target)

    _, path = write_checkpoint(
        folder, save, parent=None, run="tests", games=0, tokenizer=HubCodec(base).fingerprint,
        prompt_version=PROMPT_VERSION, training={},
    )  # fmt: skip
    return path


def _weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


def lose_a_tensor(folder: Path) -> None:
    _weights(folder, lambda w: dict(list(w.items())[1:]))


def another_shape(folder: Path) -> None:
    _weights(folder, lambda w: {k: t[..., :-1].contiguous() for k, t in w.items()})


def not_numbers(folder: Path) -> None:
    _weights(folder, lambda w: {k: t * torch.nan for k, t in w.items()})


def no_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def a_header_that_lies(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")


def half_a_file(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def a_pickle_by_another_name(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x80\x04cos\nsystem\n.")


def config_is_no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def remote_code(folder: Path) -> None:
    file = folder / "config.json"
    config: dict[str, Any] = json.loads(file.read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoModelForCausalLM": "elsewhere/repo--model.Mine"}}
    file.write_text(json.dumps(config))


def no_tokenizer(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()


def a_smaller_vocabulary(folder: Path) -> None:
    config = LlamaConfig(
        vocab_size=16, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        pad_token_id=None, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)


@pytest.mark.parametrize(
    "spoil",
    [
        lose_a_tensor, another_shape, not_numbers, no_header, a_header_that_lies, half_a_file, a_pickle_by_another_name,
        config_is_no_json, remote_code, no_tokenizer, a_smaller_vocabulary,
    ],
)  # fmt: skip
async def test_a_checkpoint_that_hashes_well_and_is_spoilt_is_refused(
    spoil: Callable[[Path], None], tiny_checkpoint: Path, second_checkpoint: Path, tmp_path: Path
) -> None:
    spoilt = rewritten(tmp_path, spoil, second_checkpoint)
    await refused_while_playing(tiny_checkpoint, spoilt)


def _manifest(**settings: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / MANIFEST
        file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))

    return change


@pytest.mark.parametrize(
    "damage",
    [
        _manifest(files={"../../../etc/passwd": "0" * 64}),
        _manifest(files={"/etc/passwd": "0" * 64}),
        _manifest(id="../../elsewhere"),
        _manifest(format=99),
        _manifest(unknown=1),
        lambda folder: (folder / MANIFEST).write_text("null"),
        lambda folder: (folder / "extra.safetensors").symlink_to("/etc/passwd"),
        lambda folder: (folder / "pytorch_model.bin").write_bytes(b"\x80\x04."),
        lambda folder: (folder / "modeling_mine.py").write_text("raise SystemExit"),
    ],
)
async def test_a_checkpoint_whose_manifest_or_files_are_hostile_is_refused(
    damage: Callable[[Path], Any], tiny_checkpoint: Path, second_checkpoint: Path, tmp_path: Path
) -> None:
    hostile = copied(second_checkpoint, tmp_path / "hostile")
    damage(hostile)
    await refused_while_playing(tiny_checkpoint, hostile)


async def refused_while_playing(good: Path, bad: Path) -> None:
    async with started(good) as engine:
        before = engine.live_version
        playing = asyncio.create_task(play(engine, 1, max_days=1))
        with pytest.raises(CheckpointError):
            await engine.reload(bad)
        played = await playing
        assert engine.live_version == before
        assert engine.counts.refused_reloads == 1
    assert no_engine_failures(played)
