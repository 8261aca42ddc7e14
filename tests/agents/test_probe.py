"""Probes: what a seat believes, from its own view alone, and without a trace in the match."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from agents.engines.base import DecisionReply, DecisionRequest
from agents.engines.local.codec import HubCodec
from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.policy import PolicyMind
from agents.llm.probe import beliefs, probes
from agents.models import shipped_folder
from agents.scripted.registry import WEREWOLF
from agents.scripted.table import play
from arena.decision import TrunkRecord
from arena.games.chance import Chance
from arena.games.core import Event, begin, step, visible
from arena.games.werewolf import Werewolf
from arena.rooms.minds import Answer, Request

GAME = Werewolf()


@dataclass
class HashingEngine:
    """Answers with what the hash of a prompt says, whatever else it is asked."""

    codec: HubCodec
    context_tokens: int | None = 400
    probed: list[DecisionRequest] = field(default_factory=list)

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        prompt = (*request.trunk[: request.trunk_length], *request.branch)
        drawn = int(hashlib.sha256(repr(prompt).encode()).hexdigest(), 16)
        if request.probe:
            self.probed.append(request)
            probability = 1 / len(request.options)
            return DecisionReply((), (), "hashed", (probability,) * len(request.options))
        if request.options:
            tokens = request.options[drawn % len(request.options)]
        else:
            tokens = self.codec.encode(f" I have {drawn % 9} reasons.\n")
        return DecisionReply(tokens, (0.0,) * len(tokens), "hashed")

    def forget(self, match_id: str, policy: str) -> None:
        pass


class Curious(PolicyMind):
    """Asks its seat everything that may be asked before each of its decisions. ``prompts`` are (events seen, seat)."""

    async def decide(self, request: Request) -> Answer:
        state = GAME.blank()
        for event in request.events:  # a seat's own view is enough for these questions
            state = GAME.apply(state, event) if event.kind != "dealt" else state
        for question in GAME.questions(state, request.seat):
            believed = await self.believe(request.match_id, GAME, request.events, question)
            assert sum(believed) == pytest.approx(1)
        return await super().decide(request)


@pytest.fixture(scope="module")
def codec(tiny_tokenizer: Path) -> HubCodec:
    return HubCodec(tiny_tokenizer)


@dataclass(frozen=True)
class Driven:
    """A match whose turns were taken one by one, in the game's own order."""

    events: tuple[Event, ...]
    answers: tuple[Answer, ...]
    trunk: TrunkRecord | None


async def driven(mind: PolicyMind, **options: object) -> Driven:
    rules, chance = GAME.options(options), Chance("probed")
    state, events = begin(GAME, rules, chance)
    streams: list[list[Event]] = [[] for _ in range(GAME.seat_count(rules))]
    history: list[Event] = []
    answers: list[Answer] = []
    while True:
        history.extend(events)
        for seat, stream in enumerate(streams):
            stream.extend(visible(events, seat))
        turns = GAME.turns(state)
        if not turns:
            return Driven(tuple(history), tuple(answers), mind.finish("m"))
        answer = await mind.decide(Request("m", GAME, turns[0].seat, turns[0], streams[turns[0].seat]))
        answers.append(answer)
        state, events = step(GAME, state, turns[0], answer.act, chance)


@pytest.mark.parametrize("options", [{"talk_rounds": 2}, {"discussion": "parallel", "talk_rounds": 3}], ids=str)
async def test_a_match_is_the_same_with_and_without_probes(codec: HubCodec, options: dict[str, object]) -> None:
    engine = HashingEngine(codec)
    asked = await driven(Curious(engine), **options)
    assert len(engine.probed) > 20
    assert asked == await driven(PolicyMind(HashingEngine(codec)), **options)
    assert asked.trunk is not None
    assert len(asked.trunk.epochs) > 1


async def test_probes_of_the_log_are_those_of_the_match(codec: HubCodec) -> None:
    engine = HashingEngine(codec)
    match = await driven(Curious(engine), talk_rounds=2)

    def prompt(request: DecisionRequest) -> tuple[int, ...]:
        return (*request.trunk[: request.trunk_length], *request.branch)

    later = {
        prompt(probe.request)
        for name in ("vote", "werewolf")
        for probe in probes(codec, "m", GAME, match.events, name, context=400, when=lambda seen: True)
    }
    assert {prompt(request) for request in engine.probed} <= later


def test_a_probe_holds_nothing_but_its_own_seat(codec: HubCodec) -> None:
    """Two others exchange their roles: what is true changes, what a third seat reads does not."""
    seed = "exchanged"
    dealt = GAME.opening(GAME.options({}), Chance(seed))
    roles = dealt[1].data["roles"]
    wolf, villager = roles.index("werewolf"), roles.index("villager")
    swapped = GAME.swap_hidden(dealt, wolf, villager)
    follows = (
        Event("night", {"day": 1}),
        Event("nobody_died", {}),
        Event("day", {"day": 1, "order": list(range(7))}),
        Event("said", {"seat": 0, "text": "Good morning."}),
    )
    worlds = [
        list(probes(codec, "m", GAME, (*events, *follows), "werewolf", context=2048)) for events in (dealt, swapped)
    ]
    assert len(worlds[0]) == len(worlds[1]) > 7
    uninvolved = {s for s in range(7) if s not in (wolf, villager) and visible(dealt, s) == visible(swapped, s)}
    differing = 0
    for one, other in zip(*worlds, strict=True):
        assert one.question == other.question
        differing += one.true != other.true
        if one.question.seat in uninvolved:
            assert one.request == other.request
    assert uninvolved
    assert differing


async def test_beliefs_are_those_of_a_plain_forward_pass() -> None:
    game = play(GAME, GAME.options({"max_days": 2}), "beliefs", [WEREWOLF["careful"]] * 7)
    engine = LocalEngine(shipped_folder())
    engine.start()
    try:
        found = await beliefs(engine, "m", GAME, game.events, "vote")
    finally:
        await engine.stop()
    weights = load_weights(shipped_folder())
    asked = list(probes(weights.codec, "m", GAME, game.events, "vote", context=2048))
    assert len(found) == len(asked) > 50
    roles = game.events[-1].data["roles"]
    names = GAME.seat_names(GAME.apply(GAME.blank(), game.events[0]))
    for belief, probe in list(zip(found, asked, strict=True))[::17]:
        assert (belief.seen, belief.seat) == (probe.seen, probe.question.seat)
        assert belief.true == tuple(roles[names.index(name)] == "werewolf" for name in belief.choices)
        assert sum(belief.probabilities) == pytest.approx(1, abs=1e-5)
        assert 0 <= belief.in_truth <= 1 + 1e-6
        request = probe.request
        with torch.inference_mode():
            logits = weights.model(torch.tensor([[*request.trunk[: request.trunk_length], *request.branch]])).logits
        plain = logits[0, -1, [o[0] for o in request.options]].softmax(-1)
        torch.testing.assert_close(torch.tensor(belief.probabilities), plain, atol=1e-4, rtol=0)
