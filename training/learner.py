"""One policy that learns: episodes in, new weights out, and a state that goes on where it stopped.

The order of an update: fold the matches again (``moments``), let the critic learn and judge, assign credit, score the
reference once, then pass over the episodes in minibatches with PPO.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from accelerate import Accelerator
from safetensors.torch import load_model, save_model

from agents.llm.prompt import Codec
from arena.errors import CheckpointError
from training.adapter import Adapter
from training.assign import Assigned
from training.credit.base import Estimator, Resumable
from training.credit.registry import estimator_by_name
from training.crediting import Credited, credit
from training.critic import CentralTable, SeatCritic
from training.episodes import Episode
from training.figures import UpdateFigures, lopsided, manners
from training.imitation import dealt, imitate
from training.listening import Guess, drawn, listening_loss
from training.loss import TrainBatch, View, policy_loss, score_all, score_answers, train_batch
from training.optimisers import optimizers_of
from training.packing import PACKED, hidden_states, matches_a_pack
from training.plan import LearnPlan
from training.precision import MasterCopy
from training.rewards import EarlyOut, Grammar, Rewards
from training.thinning import thin

STATE_FILE: Final = "learner.json"
REFERENCE_FILE: Final = "reference.safetensors"
"""What the policy was held near to last, where that moves."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What ``Learner.restore`` needs: the trained fp32 tensors, and the states of critic, optimisers and table."""

    weights: list[torch.Tensor]
    critic: dict[str, Any]
    optimizers: list[dict[str, Any]]
    table: dict[str, Any]


@dataclass(slots=True)
class Learner:
    """Owns the trained model (fp32), its frozen reference, the critic and the optimiser.

    Args:
        model: the policy, changed in place.
        reference: what the policy is held near to; where None, a frozen copy of ``model``, or the model under the
            ``adapter``.
        codec: the model's tokenizer, which straw polls and belief probes need.
        adapter: what learns in place of the weights of ``model``, which it is part of.
        people: what ``plan.imitate`` teaches.
    """

    model: Any
    plan: LearnPlan = field(default_factory=LearnPlan)
    reference: Any = None
    codec: Codec | None = None
    adapter: Adapter | None = None
    people: Sequence[Episode] = ()
    table: CentralTable = field(default_factory=CentralTable)
    updates: int = 0
    paced: float = field(init=False, default=1.0)
    """What share of the policy's learning rates is in use, see ``pace``."""
    rewards: Rewards = field(init=False)
    _estimator: Estimator = field(init=False)
    _accelerator: Accelerator = field(init=False)
    _critic: SeatCritic = field(init=False)
    _copy: MasterCopy | None = field(init=False)
    _optimizers: list[Any] = field(init=False)
    """The first group of each is the policy's."""

    def __post_init__(self) -> None:
        if self.plan.critic not in ("central", "seat"):
            raise CheckpointError(f"There is no critic {self.plan.critic!r}. There is: central, seat.")
        if self.plan.polls and self.plan.critic != "central":
            raise CheckpointError("Straw polls are judged by the central critic; the critic is 'seat'.")
        if self.plan.magnet_every and self.adapter is not None:
            raise CheckpointError("The reference of an adapter does not move: leave --magnet-every or --lora out.")
        if self.plan.muon and self.adapter is not None:
            raise CheckpointError("Muon is for full weights: leave --muon or --lora out.")
        if self.plan.mirror and not self.plan.all_options:
            raise CheckpointError("Mirror descent needs the worth of every option: add --all-options to --mirror.")
        torch.manual_seed(self.plan.seed)
        self.rewards = Rewards().also(self.plan.grammar, Grammar())
        self.rewards = self.rewards.also(float(self.plan.early_out > 0), EarlyOut(self.plan.early_out))
        self._estimator = estimator_by_name(self.plan.estimator)()
        self._accelerator = Accelerator(cpu=not torch.cuda.is_available())
        self.model.set_attn_implementation(PACKED)
        if self.adapter is None:
            self.model.requires_grad_(True)
            self.reference = copy.deepcopy(self.model) if self.reference is None else self.reference
        if self.reference is not None:
            self.reference.set_attn_implementation(PACKED)
            self.reference.requires_grad_(False).eval().to(self._accelerator.device)
        self._critic = SeatCritic(self.model.config.hidden_size)
        self._copy = MasterCopy(self.model) if self.plan.bf16 and self.adapter is None else None
        if self.plan.bf16 and self.reference is not None:
            self.reference.to(torch.bfloat16)
        if self.plan.bf16 and self.adapter is not None:
            self.adapter.to_bf16()
        optimizers = optimizers_of(self.model, self._trained(), self._critic, self.plan)
        prepared = self._accelerator.prepare(self.model, self._critic, *optimizers)
        self.model, self._critic, *self._optimizers = prepared

    @property
    def device(self) -> torch.device:
        """Where the model learns, and where the copies of it lie that play."""
        return self._accelerator.device

    def _trained(self) -> list[Any]:
        """The fp32 tensors that the optimiser updates."""
        return [p for p in self.model.parameters() if p.requires_grad] if self._copy is None else self._copy.masters

    def save_model(self, folder: Path) -> None:
        """Write what learns in Hugging Face form: the fp32 weights, or the adapter alone."""
        if self.adapter is None:
            self.copy_for_play().save_pretrained(folder)
        else:
            self.adapter.save(folder)

    @torch.no_grad()
    def copy_for_play(self) -> Any:
        """The policy as it is now, in fp32, where it learns and with the attention that decoding uses."""
        if self.adapter is not None:
            exact = self.adapter.merged()
        else:
            exact = copy.deepcopy(self._accelerator.unwrap_model(self.model)).to(torch.float32)
        if self._copy is not None:
            for p, master in zip(exact.parameters(), self._copy.masters, strict=True):
                p.copy_(master)
        exact.set_attn_implementation("sdpa")
        return exact.to(self.device).requires_grad_(False).eval()

    # -- learning ------------------------------------------------------------------------------------------------

    def update(
        self, episodes: Sequence[Episode], on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> UpdateFigures:
        """Learn from these episodes. ``on_progress(done, total)`` counts matches over all passes.

        Raises:
            UserError: the plan listens, and nobody can be asked anything in them.
        """
        credit = self.credit(episodes)
        assigned = credit.assigned
        if not self.plan.all_options:
            assigned = [replace(a, options=()) for a in assigned]
        order = random.Random(f"{self.plan.seed}/{self.updates}")
        kept, assigned = (
            (episodes, assigned) if self.plan.keep == 1 else thin(episodes, assigned, self.plan.keep, order)
        )
        held = self._reference_of(kept)
        guesses = self.probes(kept)
        people = self.people if self.plan.imitate else ()
        figures: list[dict[str, float]] = []
        total = self.plan.passes * len(kept)
        done = 0
        for _ in range(self.plan.passes):
            minibatches = self._minibatches(len(kept), order)
            shown = dealt(people, len(minibatches), f"{self.plan.seed}/{self.updates}")
            for minibatch, of_people in zip(minibatches, shown, strict=True):
                figures.append(
                    self._step(
                        [kept[i] for i in minibatch], [assigned[i] for i in minibatch], [held[i] for i in minibatch],
                        of_people, len(minibatches) / max(1, sum(e.turns for e in people)),
                        [guesses[i] for i in minibatch],
                    )
                )  # fmt: skip
                done += len(minibatch)
                on_progress(done, total)
        self.updates += 1
        if self.plan.magnet_every and self.updates % self.plan.magnet_every == 0:
            self._move_reference()
        mean = {k: float(np.mean([f[k] for f in figures])) for k in figures[0]}
        mean["listening"] = figures[0]["listening"]  # later steps are judged by a policy that has learnt from some
        return UpdateFigures(
            episodes=len(episodes),
            decisions=sum(e.turns for e in episodes),
            **manners(episodes),
            lopsided=lopsided(episodes),
            explained=credit.explained,
            **mean,
        )

    def probes(self, episodes: Sequence[Episode]) -> list[tuple[Guess, ...]]:
        """What the next update would ask about these episodes; nothing where the plan does not listen.

        Raises:
            UserError: it does, and nobody can be asked anything in them.
        """
        if not self.plan.listening:
            return [()] * len(episodes)
        assert self.codec is not None, "probes need the tokenizer"
        context = getattr(self.model.config, "max_position_embeddings", None)
        return drawn(episodes, self.codec, context, f"{self.plan.seed}/{self.updates}")

    def _reference_of(self, episodes: Sequence[Episode]) -> list[list[View]]:
        """How the reference sees what was sampled, by episode and branch."""
        if self.reference is not None:
            return score_all(self.reference, None, episodes)
        assert self.adapter is not None, "only under an adapter"
        with self.adapter.off():
            return score_all(self.model, None, episodes)

    @torch.no_grad()
    def _move_reference(self) -> None:
        """The reference becomes the policy as it is now."""
        now = self._accelerator.unwrap_model(self.model)
        for held, p in zip(self.reference.parameters(), now.parameters(), strict=True):
            held.copy_(p)

    def _minibatches(self, count: int, order: random.Random) -> list[list[int]]:
        """All episodes once, shuffled; a small rest joins the last minibatch."""
        numbers = list(range(count))
        order.shuffle(numbers)
        size = self.plan.minibatch
        groups = max(1, round(count / size))
        return [numbers[g::groups] for g in range(groups)]

    def credit(self, episodes: Sequence[Episode]) -> Credited:
        """What these episodes will teach. A central critic learns from them first."""
        critic = self.table if self.plan.critic == "central" else self._critic
        return credit(episodes, self.plan, self.model, critic, self._estimator, self.rewards, self.codec)

    def _step(
        self,
        episodes: Sequence[Episode],
        assigned: Sequence[Assigned],
        held: Sequence[Sequence[View]],
        people: Sequence[Episode] = (),
        a_turn: float = 0.0,
        guesses: Sequence[Sequence[Guess]] = (),
    ) -> dict[str, float]:
        """One optimiser step on one minibatch, in packs of matches of like length. Each turn of
        ``people`` counts ``a_turn``."""
        order = sorted(range(len(episodes)), key=lambda i: episodes[i].trunk_tokens)
        sums: dict[str, float] = dict.fromkeys(
            ("talk_entropy", "choice_entropy", "kl_reference", "kl_old", "clipped", "loss", "listening"), 0.0
        )
        micro = matches_a_pack(self._accelerator.device)
        self.model.eval()  # dropout would make it another policy than the one that sampled
        batches = [
            train_batch(
                [episodes[i] for i in part], [assigned[i] for i in part],
                [[view.logprobs for view in held[i]] for i in part],
                self._accelerator.device, next(self.model.parameters()).dtype,
                [[view.options for view in held[i]] for i in part],
                [guesses[i] for i in part if guesses],
            )
            for part in (order[at : at + micro] for at in range(0, len(order), micro))
        ]  # fmt: skip
        turns = sum(batch.answers.turns for batch in batches if batch is not None)
        probes = sum(len(of) for of in guesses)
        for batch in batches:
            if batch is None:
                continue
            share = batch.answers.turns / turns
            asked = 0.0 if batch.guesses is None else len(batch.guesses.at) / probes
            found, listening = self._backward(batch, share, asked)
            for name, value in found.items():
                sums[name] += share * value
            sums["listening"] += asked * listening
        imitated = imitate(self.model, self._accelerator.backward, people, self.plan.imitate * a_turn)
        sums["imitation"] = imitated * a_turn
        if self._copy is not None:
            self._copy.take_gradients()
        norm = self._accelerator.clip_grad_norm_(self._trained(), self.plan.max_grad_norm)
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if self._copy is not None:
            self._copy.give_weights()
        return {**sums, "gradient_norm": float(norm) if norm is not None else 0.0}

    def _backward(self, batch: TrainBatch, share: float, asked: float) -> tuple[dict[str, float], float]:
        """Add the gradient of a pack with this share of the minibatch's turns and of its probes; figures of the policy,
        and what a probe costs."""
        hidden = hidden_states(self.model, batch.pack)
        scored = score_answers(self.model, hidden[batch.answers.at], batch.answers)
        loss = policy_loss(scored, batch.answers, self.plan.clip, self.plan.kl_weight, self.plan.mirror)
        total = loss.total
        if self.plan.critic == "seat":
            values = self._critic(scored.hidden.float())
            total = total + (batch.answers.weight * (values - batch.answers.target).square()).sum()
        total = total * share
        listening = 0.0
        if batch.guesses is not None:
            cost = listening_loss(self.model, hidden, batch.guesses)
            total = total + self.plan.listening * asked * cost
            listening = float(cost.detach())
        self._accelerator.backward(total)
        talk = slice(batch.answers.free)
        choices = slice(batch.answers.free, None)
        return {
            "talk_entropy": _mean(scored.entropy[talk], batch.answers.weight[talk]),
            "choice_entropy": _mean(scored.entropy[choices], batch.answers.weight[choices]),
            "kl_reference": loss.kl_reference,
            "kl_old": loss.kl_old,
            "clipped": loss.clipped,
            "loss": float(loss.total.detach()),
        }, listening

    def pace(self, done: float) -> None:
        """Set the policy's learning rates for an update before which the share ``done`` of the run is over."""
        share = 1.0 - (1.0 - self.plan.final_lr) * min(1.0, done)
        for optimizer in self._optimizers:
            optimizer.param_groups[0]["lr"] *= share / self.paced
        self.paced = share

    @property
    def finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(torch.isfinite(p).all()) for p in self._trained())

    def snapshot(self) -> Snapshot:
        """The learner as it is now, in memory."""
        return Snapshot(
            [p.detach().clone() for p in self._trained()],
            copy.deepcopy(self._critic.state_dict()),
            [copy.deepcopy(optimizer.state_dict()) for optimizer in self._optimizers],
            self.table.state(),
        )

    @torch.no_grad()
    def restore(self, earlier: Snapshot, lr_factor: float = 1.0) -> None:
        """Be as then again, but for the learning rate of the policy, which is multiplied."""
        for p, was in zip(self._trained(), earlier.weights, strict=True):
            p.copy_(was)
        if self._copy is not None:
            self._copy.give_weights()
        self._critic.load_state_dict(earlier.critic)
        for optimizer, was in zip(self._optimizers, earlier.optimizers, strict=True):
            rate = optimizer.param_groups[0]["lr"]
            optimizer.load_state_dict(copy.deepcopy(was))
            optimizer.param_groups[0]["lr"] = rate * lr_factor
        self.table.load(earlier.table)

    # -- going on later ------------------------------------------------------------------------------------------

    def save_state(self, folder: Path, checkpoint: str) -> None:
        """Everything that the next update needs beside the weights, tied to the checkpoint that it belongs to."""
        folder.mkdir(parents=True, exist_ok=True)
        self._accelerator.save_state(str(folder), safe_serialization=True)
        if self.plan.magnet_every:
            save_model(self.reference, str(folder / REFERENCE_FILE))
        notes: dict[str, Any] = {
            "checkpoint": checkpoint, "updates": self.updates, "lora": self.plan.lora, "table": self.table.state(),
            "muon": self.plan.muon > 0, "paced": self.paced,
        }  # fmt: skip
        if isinstance(self._estimator, Resumable):
            notes["estimator"] = self._estimator.state()
        draft = folder / f".{STATE_FILE}"
        draft.write_text(json.dumps(notes))
        draft.rename(folder / STATE_FILE)

    def load_state(self, folder: Path, checkpoint: str) -> bool:
        """Go on from ``save_state``; false (and nothing changed) where the folder belongs to another checkpoint, to an
        adapter where full weights learn, or to another optimiser."""
        try:
            notes = json.loads((folder / STATE_FILE).read_text())
        except (OSError, ValueError):
            return False
        same = notes.get("lora", 0) == self.plan.lora and notes.get("muon", False) == (self.plan.muon > 0)
        if notes["checkpoint"] != checkpoint or not same:
            return False
        self._accelerator.load_state(str(folder))
        if self.plan.magnet_every and (folder / REFERENCE_FILE).exists():
            load_model(self.reference, folder / REFERENCE_FILE)
        self.updates, self.paced = notes["updates"], notes.get("paced", 1.0)
        self.table.load(notes["table"])
        if isinstance(self._estimator, Resumable) and "estimator" in notes:
            self._estimator.load(notes["estimator"])
        return True


def _mean(values: torch.Tensor, weights: torch.Tensor) -> float:
    """0 where there are none."""
    return float((values * weights).sum() / weights.sum().clamp_min(1e-9))
