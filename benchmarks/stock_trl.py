"""One training step through ``trl``'s own ``GRPOTrainer``, a sample a turn.

Its code pads, computes log-probabilities, entropy, loss and gradients, in its own loop. What is handed in are the
logged answers in place of new ones, with the advantages and log-probabilities that belong to them; ``trl`` foresees
both (a ``rollout_func``; subclasses that give advantages of shape (B, T)). Its loss lets a choice fall on any token,
not only on legal ones: it has no place for them. So the gradients differ; what a step costs does not depend on that.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from datasets import Dataset
from transformers import AutoTokenizer, PrinterCallback
from trl import GRPOConfig, GRPOTrainer
from trl.trainer.utils import RepeatSampler, pad

from benchmarks.steps import PLAN, Case

PER_DEVICE: Final = 8
"""Samples in one forward pass, as many as by its default."""


class _Fixed(GRPOTrainer):
    """Learns from turns that were played before, all of them in every step."""

    def __init__(self, turns: Sequence[dict[str, Any]], **given: Any) -> None:
        self.turns = turns
        self.cpu_s: list[float] = []
        super().__init__(rollout_func=self._rollout, reward_funcs=[_nothing], **given)

    def _rollout(self, prompts: Sequence[str], trainer: Any) -> dict[str, Any]:
        of = [self.turns[int(number)] for number in prompts]
        return {
            "prompt_ids": [turn["prompt"] for turn in of],
            "completion_ids": [turn["answer"] for turn in of],
            "logprobs": [turn["logprobs"] for turn in of],
        }

    def _get_train_sampler(self, dataset: Any = None) -> RepeatSampler:
        """All turns in order, once for each forward pass of a step: it takes its part out of them itself."""
        data = self.train_dataset if dataset is None else dataset
        return RepeatSampler(data, 1, len(data), repeat_count=self.args.steps_per_generation, shuffle=False)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        begun = time.process_time()
        made = super()._generate_and_score_completions(inputs)
        of = [self.turns[int(row["prompt"])] for row in inputs]
        made["advantages"] = pad([torch.tensor(turn["advantages"]) for turn in of], padding_side="right")
        made["old_per_token_logps"] = pad([torch.tensor(turn["logprobs"]) for turn in of], padding_side="right")
        self.cpu_s[-1] -= time.process_time() - begun  # the reference's part, which is no part of a step elsewhere
        return made

    def training_step(self, *given: Any, **named: Any) -> Any:
        if self._step % self.args.gradient_accumulation_steps == 0:
            self.cpu_s.append(0.0)
        begun = time.process_time()
        loss = super().training_step(*given, **named)
        self.cpu_s[-1] += time.process_time() - begun
        return loss


def stock_trl(model: Any, cases: Sequence[Case], folder: Path, repeats: int) -> float:
    """The least CPU seconds of ``repeats`` steps on these turns: forward and backward, without the reference's pass and
    without the optimiser. The last forward pass is filled up, and the time counted for the turns that there are."""
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # a rollout_func is an experiment to it
    turns = _turns(cases)
    filled = -(-len(turns) // PER_DEVICE) * PER_DEVICE
    data = Dataset.from_dict({"prompt": [str(number % len(turns)) for number in range(filled)]})
    with tempfile.TemporaryDirectory() as out:
        settings = GRPOConfig(
            output_dir=out,
            per_device_train_batch_size=PER_DEVICE,
            gradient_accumulation_steps=filled // PER_DEVICE,
            max_completion_length=max(len(turn["answer"]) for turn in turns),
            num_generations=2,
            max_steps=repeats,
            learning_rate=0.0,
            beta=PLAN.kl_weight,
            epsilon=PLAN.clip,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        trainer = _Fixed(
            turns,
            model=model,
            args=settings,
            train_dataset=data,
            processing_class=AutoTokenizer.from_pretrained(folder),
        )
        trainer.remove_callback(PrinterCallback)  # standard output is for the figures
        trainer.train()
    assert trainer._step == repeats * filled // PER_DEVICE, "every turn once in every step"
    return min(trainer.cpu_s) * len(turns) / filled


def _turns(cases: Sequence[Case]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for case in cases:
        episode = case.episode
        branches = [(row.trunk, branch) for row in episode.rows for branch in row.branches]
        for (trunk, branch), n, advantages in zip(branches, episode.which, case.assigned.advantages, strict=True):
            record = episode.decisions[n].tokens
            assert record is not None
            found.append(
                {
                    "prompt": [*trunk[: branch.offset], *branch.prompt],
                    "answer": list(branch.answer),
                    "logprobs": list(record.logprobs),
                    "advantages": advantages.astype("float32").tolist(),
                }
            )
    return found


def _nothing(completions: Sequence[Any], **unused: Any) -> list[float]:
    return [0.0] * len(completions)
