"""Continuous batching: rows join and leave at every step, and what they say is what a plain forward pass says."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from agents.engines.base import DecisionReply, DecisionRequest
from agents.engines.local import decode
from agents.engines.local.decode import Decoder, Sampled
from agents.engines.local.engine import LocalEngine
from agents.engines.local.options import choice_tree
from arena.errors import EngineError

VOCABULARY = 64
SIZE: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 64, "max_position_embeddings": 512, "initializer_range": 0.3, "pad_token_id": None,
    "bos_token_id": None, "eos_token_id": None,
}  # fmt: skip
MODELS = {
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZE, num_key_value_heads=2, head_dim=16)),
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZE, num_key_value_heads=1)),
    "gpt2": lambda: GPT2LMHeadModel(
        GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=512, initializer_range=0.3)
    ),
    "mistral, which looks back 16 tokens": lambda: MistralForCausalLM(
        MistralConfig(**SIZE, num_key_value_heads=2, sliding_window=16)
    ),
    "gemma2, which bends its scores": lambda: Gemma2ForCausalLM(
        Gemma2Config(**SIZE, num_key_value_heads=2, head_dim=16, sliding_window=16, attn_logit_softcapping=5.0)
    ),
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Asked:
    """A request, and when it came."""

    def __init__(self, request: DecisionRequest) -> None:
        self.request = request
        self.asked_s = time.monotonic()
        self.gone = False


def model_of(name: str, dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(0)
    return MODELS[name]().eval().to(dtype)


def requests(chance: random.Random, matches: int, each: int) -> list[DecisionRequest]:
    """Talk, choices of one and of several tokens, and probes, in random order, over growing trunks."""
    trunks = [[chance.randrange(VOCABULARY) for _ in range(300)] for _ in range(matches)]
    lengths = [chance.randrange(5, 20) for _ in range(matches)]
    asked: list[DecisionRequest] = []
    for _ in range(each):
        for m in range(matches):
            if chance.random() < 0.5:
                lengths[m] += chance.randrange(12)
            branch = tuple(chance.randrange(VOCABULARY) for _ in range(chance.randrange(1, 9)))
            options: tuple[tuple[int, ...], ...] = ()
            match chance.randrange(4):
                case 1:
                    options = tuple((x,) for x in chance.sample(range(VOCABULARY), 5))
                case 2:
                    options = ((1, 2, 3), (1, 2, 4), (1, 5), (6,), (7, 8, 9, 10), (7, 8, 9, 11))
                case 3:
                    options = ((1, 2), (1, 3))
            seen = max(1, lengths[m] - chance.randrange(4))  # some seats stopped reading earlier
            asked.append(
                DecisionRequest(
                    f"m{m}",
                    trunks[m],
                    seen,
                    branch,
                    options,
                    temperature=chance.choice((1.0, 0.7)),
                    max_tokens=chance.randrange(1, 12),
                    probe=bool(options) and chance.random() < 0.3,
                )
            )
    return asked


def run(decoder: Decoder[Asked], asked: list[DecisionRequest], chance: random.Random) -> dict[int, Any]:
    """Ask a few more at every step, and collect the answers by number."""
    tickets = [Asked(r) for r in asked]
    numbers = {id(t): i for i, t in enumerate(tickets)}
    answers: dict[int, Any] = {}
    at = 0
    while at < len(tickets) or not decoder.idle:
        for _ in range(chance.randrange(6)):
            if at < len(tickets):
                decoder.ask(tickets[at])
                at += 1
        for ticket, answer in decoder.step():
            assert numbers[id(ticket)] not in answers
            answers[numbers[id(ticket)]] = answer
    return answers


def expected(model: Any, request: DecisionRequest, tokens: tuple[int, ...]) -> list[float]:
    """Log-probabilities of tokens by a plain forward pass over prompt and answer."""
    prompt = [*request.trunk[: request.trunk_length], *request.branch]
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([[*prompt, *tokens]]), use_cache=False).logits[0].float()
    out = []
    for k, token in enumerate(tokens):
        row = logits[len(prompt) + k - 1] / request.temperature
        if request.options:
            legal = sorted({o[k] for o in request.options if len(o) > k and o[:k] == tokens[:k]})
            out.append(float(row[legal].log_softmax(-1)[legal.index(token)]))
        else:
            out.append(float(row.log_softmax(-1)[token]))
    return out


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("step_tokens", [512, 7])
def test_every_log_probability_is_that_of_a_plain_pass(
    name: str, step_tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "STEP_TOKENS", step_tokens)
    monkeypatch.setattr("agents.engines.local.cache._HOLES", 3)
    chance = random.Random(f"{name}/{step_tokens}")
    asked = requests(chance, matches=5, each=16)
    answers = run(Decoder(model_of(name), ends=range(5), seed=1), asked, chance)
    plain = model_of(name)
    plain.set_attn_implementation("eager")
    assert len(answers) == len(asked)
    for i, request in enumerate(asked):
        answer = answers[i]
        assert isinstance(answer, Sampled)
        if request.options:
            wanted = [math.exp(sum(expected(plain, request, o))) for o in request.options]
            assert answer.choice_probs == pytest.approx(wanted, abs=1e-4)
            assert answer.tokens in request.options or request.probe
        assert bool(answer.tokens) is not request.probe
        assert answer.logprobs == pytest.approx(expected(plain, request, answer.tokens), abs=1e-4)


def test_in_bf16_it_is_as_near_to_fp32_as_the_librarys_own_pass() -> None:
    chance = random.Random(3)
    asked = [r for r in requests(chance, matches=5, each=16) if not r.probe]
    answers = run(Decoder(model_of("qwen3", torch.bfloat16), ends=range(5), seed=1), asked, chance)
    rounded, exact = model_of("qwen3", torch.bfloat16), model_of("qwen3", torch.bfloat16).float()
    ours, theirs = [], []
    for i, request in enumerate(asked):
        answer = answers[i]
        true = expected(exact, request, answer.tokens)
        ours += [abs(a - b) for a, b in zip(answer.logprobs, true, strict=True)]
        theirs += [abs(a - b) for a, b in zip(expected(rounded, request, answer.tokens), true, strict=True)]
    assert sum(ours) / len(ours) < 1.5 * sum(theirs) / len(theirs)


def test_a_probe_asks_the_same_as_a_choice() -> None:
    decoder: Decoder[Asked] = Decoder(model_of("qwen3"), ends=(), seed=0)
    choice = DecisionRequest("m", list(range(20)), 12, (3, 4), ((5,), (6, 7), (6, 8)))
    decoder.ask(Asked(choice))
    decoder.ask(Asked(replace(choice, probe=True)))
    (_, chosen), (_, probed) = decoder.step()
    assert isinstance(chosen, Sampled)
    assert isinstance(probed, Sampled)
    assert probed.tokens == probed.logprobs == ()
    assert probed.choice_probs == pytest.approx(chosen.choice_probs, abs=1e-6)
    assert sum(probed.choice_probs) == pytest.approx(1.0)


def test_options_that_go_on_where_another_ends_are_never_the_answer() -> None:
    tree = choice_tree(((1, 2), (1, 2, 3), (4,), (4,)))
    assert tree.dead == {1, 3}
    assert tree.forks == {(): (1, 4)}
    assert tree.chains == ()
    assert tree.scores(lambda at, after: [-1.0, -2.0]) == [(-1.0, 0.0), (), (-2.0,), ()]


def test_samples_follow_the_probabilities() -> None:
    decoder: Decoder[Asked] = Decoder(model_of("qwen3"), ends=(), seed=0)
    options = ((1, 2, 3), (1, 2, 4), (1, 5), (6,))
    request = DecisionRequest("m", list(range(20)), 12, (3, 4), options, temperature=2.0)
    for _ in range(2000):
        decoder.ask(Asked(request))
    counts = dict.fromkeys(options, 0)
    probs: tuple[float, ...] = ()
    while not decoder.idle:
        for _, answer in decoder.step():
            assert isinstance(answer, Sampled)
            counts[answer.tokens] += 1
            probs = answer.choice_probs
    for option, p in zip(options, probs, strict=True):
        assert counts[option] / 2000 == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / 2000) + 1e-3)


def test_late_and_deserted_requests_leave() -> None:
    decoder: Decoder[Asked] = Decoder(model_of("qwen3"), ends=(), seed=0)
    talk = DecisionRequest("m", list(range(20)), 12, (3, 4), max_tokens=40)
    running, deserted, late = Asked(replace(talk, deadline_s=50.0)), Asked(talk), Asked(replace(talk, deadline_s=9.0))
    for ticket in (running, deserted, late):
        decoder.ask(ticket)
    ((ticket, answer),) = decoder.step(lambda: 10.0)
    assert ticket is late
    assert isinstance(answer, EngineError)
    assert answer.code == "engine/deadline"
    deserted.gone = True
    assert decoder.step(lambda: 11.0) == []
    ((ticket, answer),) = decoder.step(lambda: 51.0)
    assert ticket is running
    assert isinstance(answer, EngineError)
    assert answer.code == "engine/deadline"
    assert decoder.idle
    decoder.forget("m")
    assert decoder.matches == set()


def test_a_match_is_forgotten_when_its_last_row_ends() -> None:
    decoder: Decoder[Asked] = Decoder(model_of("qwen3"), ends=(), seed=0)
    decoder.ask(Asked(DecisionRequest("m", list(range(20)), 12, (3, 4), max_tokens=3)))
    decoder.step()
    decoder.forget("m")
    assert decoder.matches == {"m"}
    while not decoder.idle:
        decoder.step()
    assert decoder.matches == set()


def test_a_long_prompt_does_not_keep_running_lines_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "STEP_TOKENS", 16)
    decoder: Decoder[Asked] = Decoder(model_of("qwen3"), ends=(), seed=0)
    running = Asked(DecisionRequest("running", list(range(20)), 8, (3, 4), max_tokens=6))
    long = Asked(DecisionRequest("long", [7] * 200, 200, (3, 4), ((5,), (6,))))
    decoder.ask(running)
    decoder.step()
    decoder.ask(long)
    order = []
    while not decoder.idle:
        order += [ticket for ticket, _ in decoder.step()]
    assert order == [running, long]


async def test_the_engine_tells_times_and_keeps_deadlines(tiny_checkpoint: Path) -> None:
    engine = LocalEngine(tiny_checkpoint)
    engine.start()
    try:
        head = [*engine.codec.head, *engine.codec.encode("Night 1.\n")]
        request = DecisionRequest("m", head, len(head), engine.codec.encode("Ada says:"), max_tokens=4)
        reply = await engine.decide(request)
        assert isinstance(reply, DecisionReply)
        assert reply.timing is not None
        assert reply.timing.queued_s >= 0
        assert reply.timing.decided_s > 0
        with pytest.raises(EngineError, match="too late") as caught:
            await engine.decide(replace(request, deadline_s=time.monotonic() - 1))
        assert caught.value.code == "engine/deadline"
        options = tuple(engine.codec.encode(" " + name) for name in ("Ada", "Ben", "Cleo"))
        probed = await asyncio.gather(*(engine.decide(replace(request, options=options, probe=True)) for _ in range(3)))
        assert all(sum(p.choice_probs) == pytest.approx(1.0) and p.tokens == () for p in probed)
    finally:
        await engine.stop()
