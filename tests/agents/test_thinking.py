"""Thoughts: kept in their own branch, logged, trained on, and never shown to anybody at the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import Engine as Database
from transformers import AutoTokenizer

from agents.engines.base import DecisionReply, DecisionRequest
from agents.engines.local.codec import HubCodec
from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.parse import read_talk
from agents.llm.policy import PolicyMind
from agents.llm.thinking import Thinking, think
from agents.runner import Lineup, Log, Played, no_log, play_matches
from arena.db.repo import iter_matches
from arena.db.writer import LogWriter
from arena.decision import MindKind, Quality, quality
from arena.games.core import Turn, visible
from arena.games.werewolf import Werewolf
from training.assign import Assigned
from training.episodes import Terms, harvest, why_masked
from training.learner import Learner
from training.loss import score_all, train_batch
from training.packing import PACKED
from training.plan import LearnPlan

GAME = Werewolf()
CANARY = "Quokka"


@dataclass
class ThinkingEngine:
    """Thinks of a canary and the number of the thought, then says something harmless, or chooses the first."""

    codec: HubCodec
    context_tokens: int | None = 4096
    messages: Sequence[str] = (" Good morning.\n",)
    asked: list[DecisionRequest] = field(default_factory=list)
    thoughts: int = 0
    said: int = 0

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        self.asked.append(request)
        if request.options:
            tokens = request.options[0]
        elif self.codec.decode(request.branch).endswith("Thought:"):
            self.thoughts += 1
            tokens = self.codec.encode(f" {CANARY} {self.thoughts}\n")
        else:
            self.said += 1
            tokens = self.codec.encode(self.messages[(self.said - 1) % len(self.messages)])
        return DecisionReply(tokens, (-0.5,) * len(tokens), "thinker")

    def forget(self, match_id: str, policy: str) -> None:
        pass


@pytest.fixture(scope="module")
def codec(tiny_tokenizer: Path) -> HubCodec:
    return HubCodec(tiny_tokenizer)


async def played(mind: PolicyMind, log: Log = no_log) -> Played:
    playing = play_matches(
        GAME, GAME.options({"max_days": 2}), [Lineup("thinks", ("self",) * 7)], {"self": mind}, log, purpose="selfplay"
    )
    (match,) = [match async for match in playing]
    return match


async def test_thoughts_are_stored_and_reach_no_stream_and_no_other_prompt(
    codec: HubCodec, writer: LogWriter, engine: Database
) -> None:
    futures = []
    thinker = ThinkingEngine(codec)
    match = await played(PolicyMind(thinker, thinking=Thinking(30)), lambda rows: futures.append(writer.append(rows)))
    for future in futures:
        future.result(60)
    (stored,) = iter_matches(engine)
    assert stored.decisions == match.decisions
    assert thinker.thoughts == len(match.decisions)
    thoughts = [d.act.thought for d in stored.decisions]
    assert sorted(map(str, thoughts)) == sorted(f"{CANARY} {n}" for n in range(1, thinker.thoughts + 1))
    assert CANARY not in repr(stored.events)
    for seat in (None, *range(7)):
        assert CANARY not in " ".join(GAME.line(match.events[0].data["names"], e) for e in visible(match.events, seat))
    assert all(CANARY not in codec.decode(epoch) for trunk in stored.trunks for epoch in trunk.epochs)
    for decision in stored.decisions:
        record = decision.tokens
        assert record is not None
        assert record.thought is not None
        assert CANARY in codec.decode(record.thought.sampled)
        assert CANARY not in codec.decode(record.thought.branch)
        assert codec.decode(record.branch).count(CANARY) == 1
        assert f"{decision.act.thought}\n" in codec.decode(record.branch)
        assert record.branch[: len(record.thought.branch)] == record.thought.branch
        assert len(record.thought.sampled) == len(record.thought.logprobs)


async def test_by_default_nothing_is_thought(codec: HubCodec) -> None:
    thinker = ThinkingEngine(codec)
    match = await played(PolicyMind(thinker))
    assert thinker.thoughts == 0
    assert {d.act.thought for d in match.decisions} == {None}
    assert len(thinker.asked) == len(match.decisions)


@pytest.mark.parametrize(
    ("thinking", "parts", "text", "before"),
    [
        (Thinking(30), [" So be it.\n"], "So be it.", "Thought: So be it.\n"),
        (Thinking(4), [" So be it, and so on and on"], None, None),
        (Thinking(30), [" So", ""], "So", "Thought: So\n"),
        (
            Thinking(60, "Thought:", "</think>"),
            [" One.\n", "Two.\n", "Three.</think>\n"],
            "One. Two. Three.",
            "Thought: One.\nTwo.\nThree.</think>\n",
        ),
    ],
)
async def test_a_thought_ends(
    codec: HubCodec, thinking: Thinking, parts: list[str], text: str | None, before: str | None
) -> None:
    """At its mark, at its budget, or where the model ends everything (""); the answer's cue begins a new line."""
    left = list(parts)
    budgets: list[int] = []

    async def ask(branch: tuple[int, ...], tokens: int) -> DecisionReply:
        budgets.append(tokens)
        part = left.pop(0)
        sampled = codec.encode(part)[:tokens] if part else (codec.pad_id or 0,)
        return DecisionReply(sampled, (-1.0,) * len(sampled), "a")

    branch = codec.encode("Thought:")
    thought = await think(ask, codec, thinking, branch)
    assert len(thought.record.sampled) <= thinking.tokens
    assert all(0 < b <= thinking.tokens for b in budgets)
    assert codec.decode(thought.before).endswith("\n")
    assert thought.before[: len(branch)] == branch
    if text is not None:
        assert thought.text == text
        assert before is not None
        assert "".join(codec.decode(thought.before).split()) == "".join(before.split())


@pytest.mark.parametrize("special", [True, False])
async def test_a_model_thinks_between_its_own_marks(tiny_tokenizer: Path, tmp_path: Path, special: bool) -> None:
    """Over several lines, up to the mark, which has no text where it is a special token."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_tokenizer)
    tokenizer.add_tokens(["<think>", "</think>"], special_tokens=special)
    tokenizer.save_pretrained(tmp_path)
    codec = HubCodec(tmp_path)
    thinking = Thinking.taught(codec, 60)
    assert (thinking.opens, thinking.closes) == ("<think>\n", "</think>")
    left = ["One.\n", "Two.\n", "Three.</think>\n"]
    opens, (mark,) = codec.encode_own("<think>\n"), codec.encode_own("</think>")

    async def ask(branch: tuple[int, ...], tokens: int) -> DecisionReply:
        sampled = codec.encode_own(left.pop(0))
        return DecisionReply(sampled, (-1.0,) * len(sampled), "a")

    thought = await think(ask, codec, thinking, opens)
    assert thought.text == "One. Two. Three."
    assert thought.record.sampled.count(mark) == thought.before.count(mark) == 1
    left = ["One.\n", "Two.\n"]
    cut = await think(ask, codec, Thinking.taught(codec, len(codec.encode("One.\nTwo.\n"))), opens)
    assert mark not in cut.record.sampled
    assert cut.before.count(mark) == 1, "we close it where the budget ends"


def test_a_model_without_marks_thinks_in_a_line(codec: HubCodec) -> None:
    assert Thinking.taught(codec, 30) == Thinking(30)


async def test_a_thought_of_two_versions_is_not_trained_on(codec: HubCodec) -> None:
    versions = iter(["a", "b"])

    async def ask(branch: tuple[int, ...], tokens: int) -> DecisionReply:
        return DecisionReply(codec.encode("On.\n"), (-1.0,), next(versions))

    thought = await think(ask, codec, Thinking(6, "Thought:", "</think>"), codec.encode("Thought:"))
    assert thought.versions == {"a", "b"}


@pytest.mark.parametrize(
    ("messages", "said", "fallback", "found"),
    [
        ((" Hello.\n",), "Hello.", None, Quality.CLEAN),
        (("\n", " Hello.\n"), "Hello.", "talk/again", Quality.ASKED_AGAIN),
        (("\n",), "", "talk/empty", Quality.FALLBACK),
        (('  "Hello."\n',), "Hello.", "talk/echo", Quality.FORGIVEN),
    ],
)
async def test_a_message_that_is_none_is_asked_for_once_more(
    codec: HubCodec, messages: tuple[str, ...], said: str, fallback: str | None, found: Quality
) -> None:
    match = await played(PolicyMind(ThinkingEngine(codec, messages=messages)))
    talk = [d for d in match.decisions if d.turn_kind == "talk"]
    assert talk
    assert {(d.act.text, d.fallback) for d in talk} == {(said, fallback)}
    assert quality(fallback) is found
    terms = Terms(codec.fingerprint)
    assert {why_masked(d, terms) for d in talk} == {"asked again" if fallback == "talk/again" else None}


@pytest.mark.parametrize(
    ("text", "said", "note"),
    [
        (" Ada: hello\n", "hello", "talk/echo"),
        (' "I am the seer."\n', "I am the seer.", "talk/echo"),
        (' "Yes" and "no"\n', '"Yes" and "no"', None),
        (' "\n', '"', None),
        ("Ada:\n", "", "talk/empty"),
        (" " + "long " * 20, ("long " * 20)[:40].strip(), "talk/cut"),
        ("\u200b\n", "", "talk/empty"),
    ],
)
def test_talk_is_read_forgivingly(text: str, said: str, note: str | None) -> None:
    assert read_talk(text, Turn("t", 0, "talk", "?", text_limit=40), "Ada:") == (said, note)


async def test_thoughts_are_trained_on_as_they_were_sampled(tiny_checkpoint: Path) -> None:
    engine = LocalEngine(tiny_checkpoint, seed=1)
    engine.start()
    try:
        match = await played(PolicyMind(engine, max_tokens=8, thinking=Thinking(10)))
    finally:
        await engine.stop()
    weights = load_weights(tiny_checkpoint)
    (episode,) = harvest([match], Terms(weights.codec.fingerprint)).episodes
    assert sum(episode.thoughts) == len(match.decisions) == episode.turns
    assert len(episode.which) == 2 * episode.turns
    weights.model.set_attn_implementation(PACKED)
    (scored,) = score_all(weights.model, None, [episode])
    for view, n, is_thought in zip(scored, episode.which, episode.thoughts, strict=True):
        decision = match.decisions[n]
        assert decision.kind is MindKind.MODEL
        assert decision.tokens is not None
        record = decision.tokens.thought if is_thought else decision.tokens
        assert record is not None
        torch.testing.assert_close(
            torch.tensor(view.logprobs), torch.tensor(record.logprobs).double(), atol=1e-4, rtol=0
        )

    zeros = tuple(np.zeros(len(branch.answer)) for branch in episode.branches)
    batch = train_batch([episode], [Assigned(zeros, zeros)], [zeros])
    assert batch is not None
    assert float(batch.answers.weight.sum()) == pytest.approx(1)
    figures = Learner(load_weights(tiny_checkpoint).model, LearnPlan(passes=1)).update([episode])
    assert figures.decisions == episode.turns
    assert np.isfinite(figures.loss)
