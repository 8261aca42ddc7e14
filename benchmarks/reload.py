"""New weights under load: games in flight, one reload after another, full weights and LoRA adapters in turn.

Counts decisions that got lost, came twice or failed, and scores a sample of them again with the checkpoint that each
names. ``longest_gap_steps`` is the longest time without any decision, in median steps of the engine, and
``calm_gap_steps`` the same before the first reload. ``lag_p99_ms`` is how late a timer on the event loop fires.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from agents.checkpoints import write_checkpoint
from agents.engines.base import DecisionReply, DecisionRequest
from agents.engines.local.engine import LocalEngine, _Policy
from agents.engines.local.weights import Weights, load_weights
from agents.llm.policy import PolicyMind
from agents.llm.prompt import PROMPT_VERSION
from agents.runner import Lineup, no_log, play_matches
from arena.errors import EngineError
from arena.games.registry import game_by_name
from benchmarks.report import arguments, model_of, report

Answer = tuple[DecisionRequest, DecisionReply]
NOISE = 0.02
"""Relative size of the change between two checkpoints: far more than an update's, so that a mixed-up one shows."""
TOLERANCE = 1e-4


@dataclass(slots=True)
class TimedEngine(LocalEngine):
    """Notes when steps ended, what was asked and what was answered."""

    step_s: list[float] = field(default_factory=list)
    decided_at: list[float] = field(default_factory=list)
    asked: int = 0
    answers: list[Answer] = field(default_factory=list)
    failed: int = 0
    turns: list[tuple[str, int, str]] = field(default_factory=list)
    """Match, seat and turn of each logged decision. (A model may be asked twice in a turn: an empty message.)"""
    calm_until: float = 0.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    wake_at: int = 0

    async def answered(self, count: int) -> None:
        """Until so many more decisions have been answered."""
        self.wake_at = len(self.answers) + count
        self.wake.clear()
        await self.wake.wait()

    def _step(self, policy: _Policy) -> bool:
        begun, before = time.perf_counter(), self.counts.decisions
        more = LocalEngine._step(self, policy)
        over = time.perf_counter()
        self.step_s.append(over - begun)
        if self.counts.decisions > before:
            self.decided_at.append(over)
        return more

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        self.asked += 1
        try:
            reply = await LocalEngine.decide(self, request)
        except EngineError:
            self.failed += 1
            raise
        self.answers.append((request, reply))
        if len(self.answers) >= self.wake_at:
            self.wake.set()
        return reply


def checkpoints(source: str | Path, folder: Path, count: int) -> dict[str, Path]:
    """``count`` checkpoints near to a model, every second one a LoRA adapter on the first; by id."""
    found: dict[str, Path] = {}
    first = ""
    for n in range(count):
        weights = load_weights(source)
        torch.manual_seed(n)
        adapter = n % 2 == 1
        if adapter:
            weights = load_weights(found[first])
            config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
            model: Any = get_peft_model(weights.model, config)
        else:
            model = weights.model
            with torch.no_grad():
                for p in model.parameters():
                    p.add_(torch.randn_like(p) * NOISE * p.std(correction=0))
        manifest, path = write_checkpoint(
            folder, lambda target, m=model, w=weights, a=adapter: _save(target, m, w, a), parent=None, run="reload",
            games=0, tokenizer=weights.codec.fingerprint, prompt_version=PROMPT_VERSION,
            training={"base": first} if adapter else {},
        )  # fmt: skip
        first = first or manifest.id
        found[manifest.id] = path
    return found


def _save(target: Path, model: Any, weights: Weights, adapter: bool) -> None:
    model.save_pretrained(target)
    if not adapter:
        weights.codec.save(target)


async def _play(engine: TimedEngine, found: dict[str, Path], games: int, reloads: int) -> tuple[list[float], int, int]:
    """Keep ``games`` matches going while weights change; timer lags in seconds, memory after the first reloads and at
    the end in bytes."""
    game = game_by_name("werewolf")
    over = False
    lags: list[float] = []
    early = late = 0

    def lineups() -> Iterator[Lineup]:
        n = 0
        while not over or n < games:
            yield Lineup(f"reload/{n}", ("self",) * 7)
            n += 1

    async def watch() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - begun - 0.005)

    async def reload() -> None:
        nonlocal over, early, late
        sources = list(found.values())
        await engine.answered(3 * games)
        engine.calm_until = time.perf_counter()
        for n in range(reloads):
            await engine.answered(games // 4)
            await engine.reload(sources[(n + 1) % len(sources)])
            if n == reloads // 5:
                early = _resident()
        late = _resident()
        over = True

    watching, reloading = asyncio.create_task(watch()), asyncio.create_task(reload())
    minds = {"self": PolicyMind(engine)}
    try:
        matches = play_matches(game, game.options({}), lineups(), minds, no_log, purpose="selfplay", at_once=games)
        async for match in matches:
            engine.turns.extend((match.match_id, d.seat, d.turn_id) for d in match.decisions)
        await reloading
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return lags, early, late


def _resident() -> int:
    """Resident memory of this process in bytes."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024


def wrong_versions(found: dict[str, Path], answers: list[Answer], sample: int) -> int:
    """How many of a sample of answers have other log-probabilities than a plain pass of the checkpoint they name."""
    wrong = 0
    loaded: dict[str, Any] = {}
    for request, reply in random.Random(0).sample(answers, min(sample, len(answers))):
        model = loaded.get(reply.policy_version)
        if model is None:
            model = loaded[reply.policy_version] = load_weights(
                found[reply.policy_version], locate=found.__getitem__
            ).model
        prompt = [*request.trunk[: request.trunk_length], *request.branch]
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([[*prompt, *reply.tokens]]), use_cache=False).logits[0].float()
        for k, token in enumerate(reply.tokens):
            row = logits[len(prompt) + k - 1] / request.temperature
            if request.options:
                legal = sorted({o[k] for o in request.options if len(o) > k and o[:k] == reply.tokens[:k]})
                true = float(row[legal].log_softmax(-1)[legal.index(token)])
            else:
                true = float(row.log_softmax(-1)[token])
            if abs(true - reply.logprobs[k]) > TOLERANCE:
                wrong += 1
                break
    return wrong


def measure(source: str | Path, games: int, reloads: int, sample: int = 200) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        found = checkpoints(source, Path(folder), 6)
        engine = TimedEngine(next(iter(found.values())), locate=found.__getitem__)

        async def run() -> tuple[list[float], int, int]:
            engine.start()
            try:
                return await _play(engine, found, games, reloads)
            finally:
                await engine.stop()

        lags, early, late = asyncio.run(run())
        step = statistics.median(engine.step_s)
        gaps = [(b, b - a) for a, b in zip(engine.decided_at, engine.decided_at[1:], strict=False)]
        lags.sort()
        return {
            "games_in_flight": games,
            "reloads": engine.counts.reloads,
            "decisions": len(engine.answers),
            "versions": len({reply.policy_version for _, reply in engine.answers}),
            "lost": engine.asked - engine.failed - len(engine.answers),
            "doubled": len(engine.turns) - len(set(engine.turns)),
            "failed": engine.failed,
            "wrong_version": wrong_versions(found, engine.answers, sample),
            "longest_gap_steps": round(max(gap for at, gap in gaps if at > engine.calm_until) / step, 2),
            "calm_gap_steps": round(max(gap for at, gap in gaps if at <= engine.calm_until) / step, 2),
            "median_step_ms": round(step * 1e3, 2),
            "p99_step_steps": round(sorted(engine.step_s)[int(len(engine.step_s) * 0.99)] / step, 2),
            "memory_early_mib": round(early / 2**20, 1),
            "memory_late_mib": round(late / 2**20, 1),
            "lag_p50_ms": round(lags[len(lags) // 2] * 1e3, 2),
            "lag_p99_ms": round(lags[int(len(lags) * 0.99)] * 1e3, 2),
        }


def main() -> None:
    """The command."""
    wanted = arguments(__doc__)
    report(measure(model_of(wanted), *((30, 6) if wanted.quick else (200, 50))), wanted.json)


if __name__ == "__main__":
    main()
