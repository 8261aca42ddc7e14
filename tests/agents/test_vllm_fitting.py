"""Which checkpoints may be sent to a vLLM server: found out from their files alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from agents.checkpoints import read_checkpoint, read_manifest, write_checkpoint
from agents.engines.vllm.fitting import Fitting, fitting
from arena.errors import CheckpointError
from tests.fakes.checkpoints import copied

WEIGHTS = "model.safetensors"


def whole_again(folder: Path, checkpoint: Path, change: Callable[[Path], None], **manifest: object) -> Path:
    """A changed copy that says of itself, rightly, that it is whole."""
    old = read_manifest(checkpoint)

    def save(target: Path) -> None:
        for file in copied(checkpoint, folder / "copy").iterdir():
            if file.name != "arena.json":
                (target / file.name).write_bytes(file.read_bytes())
        change(target)

    given = {"tokenizer": old.tokenizer, "training": old.training, **manifest}
    _, path = write_checkpoint(
        folder, save, parent=None, run="t", games=0, prompt_version=old.prompt_version, **given  # type: ignore[arg-type]
    )  # fmt: skip
    return path


def check(folder: Path, base: Path) -> Fitting:
    manifest = read_manifest(base)
    return fitting(folder, base, manifest.tokenizer, manifest.id)


def tensors(change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        weights = load_file(folder / WEIGHTS)
        change(weights)
        save_file(weights, folder / WEIGHTS, {"format": "pt"})

    return changed


def first_number(value: float, dtype: torch.dtype = torch.float32) -> Callable[[Path], None]:
    def change(weights: dict[str, torch.Tensor]) -> None:
        for name in weights:
            weights[name] = weights[name].to(dtype)
        next(iter(weights.values())).view(-1)[0] = value

    return tensors(change)


def config(key: str, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        there = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**there, key: value}))

    return change


def raw(content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / WEIGHTS).write_bytes(content)

    return change


def header(entries: dict[str, object]) -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


NORM = "model.norm.weight"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (first_number(float("nan")), "finite"),
        (first_number(float("-inf"), torch.bfloat16), "finite"),
        (first_number(float("inf"), torch.float16), "finite"),
        (tensors(lambda w: w.update({NORM: w[NORM][:-1].clone()})), "does not fit"),
        (tensors(lambda w: w.update({"model.extra": torch.ones(3)})), "does not fit"),
        (tensors(lambda w: w.pop(NORM)), f"lacks {NORM}"),  # type: ignore[arg-type,return-value]
        (config("rope_parameters", {"rope_theta": 1.0}), "another model"),
        (raw(b""), "not a safetensors file|no weights"),
        (raw(b"\xff" * 16), "cut short"),
        (raw(header({"x": 1})), "not a safetensors file"),
        (raw(header({"x": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}})), "outside"),
        (raw(header({"x": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}) + b"\0" * 4), "another size"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, tiny_checkpoint: Path, change: Callable[[Path], None], said: str
) -> None:
    with pytest.raises(CheckpointError, match=said):
        check(whole_again(tmp_path, tiny_checkpoint, change), tiny_checkpoint)


def test_what_fits_is_taken(tmp_path: Path, tiny_checkpoint: Path, second_checkpoint: Path) -> None:
    assert check(second_checkpoint, tiny_checkpoint).version == read_checkpoint(second_checkpoint).id
    halved = whole_again(tmp_path, tiny_checkpoint, first_number(0.5, torch.bfloat16))
    assert not check(halved, tiny_checkpoint).adapter


def test_another_tokenizer_is_refused(tmp_path: Path, tiny_checkpoint: Path) -> None:
    other = whole_again(tmp_path, tiny_checkpoint, lambda _: None, tokenizer="other")
    with pytest.raises(CheckpointError, match="another tokenizer"):
        check(other, tiny_checkpoint)


def adapter_with(number: float) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for file in (*folder.glob("*.safetensors"), folder / "config.json"):
            file.unlink()
        (folder / "adapter_config.json").write_text("{}")
        weights = {"q.lora_A.weight": torch.ones(2, 4), "q.lora_B.weight": torch.full((4, 2), number)}
        save_file(weights, folder / "adapter_model.safetensors")

    return change


@pytest.mark.parametrize(("number", "silent"), [(0.0, True), (-0.0, True), (1e-30, False)])
def test_an_adapter(tmp_path: Path, tiny_checkpoint: Path, number: float, silent: bool) -> None:
    ours = {"base": read_manifest(tiny_checkpoint).id}
    found = check(whole_again(tmp_path, tiny_checkpoint, adapter_with(number), training=ours), tiny_checkpoint)
    assert (found.adapter, found.silent) == (True, silent)


@pytest.mark.parametrize("training", [{"base": "other"}, {}])
def test_an_adapter_for_other_weights_is_refused(
    tmp_path: Path, tiny_checkpoint: Path, training: dict[str, str]
) -> None:
    theirs = whole_again(tmp_path, tiny_checkpoint, adapter_with(1.0), training=training)
    with pytest.raises(CheckpointError, match=r"adapter for (other|None)"):
        check(theirs, tiny_checkpoint)
