"""Exact judges against what is known of the two games, and that self-play from random weights learns something."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from agents.engines.local.codec import HubCodec
from agents.llm.prompt import SeatReader, Trunk
from agents.scripted.equilibrium import equilibrium
from agents.scripted.minimax import best
from arena.games.core import Game
from arena.games.kuhn.hand import CARDS, HISTORIES, choices
from training import exact
from training.bootstrap.model import ModelSize, new_model
from training.bootstrap.run import BootstrapPlan, bootstrap
from training.bootstrap.teach import TeachPlan
from training.exact import (
    GAME_VALUE,
    ModelPolicy,
    Situation,
    against_perfect,
    exploitability,
    kuhn_strategy,
    kuhn_value,
)
from training.small_games import learn

UNIFORM = {(card, history): dict.fromkeys(choices(history), 0.5) for history in HISTORIES for card in CARDS}


def board_of(situation: Situation) -> tuple[str, ...]:
    moved = [e.data["board"] for e in situation.seen if e.kind == "moved"]
    return tuple(moved[-1]) if moved else ("-",) * 9


def perfect(game: Game, situations: list[Situation]) -> list[dict[str, float]]:  # type: ignore[type-arg]
    out = []
    for s in situations:
        moves = best(board_of(s), "XO"[s.turn.seat])
        out.append({c: (c in moves) / len(moves) for c in s.turn.choices})
    return out


def uniform(game: Game, situations: list[Situation]) -> list[dict[str, float]]:  # type: ignore[type-arg]
    return [dict.fromkeys(s.turn.choices, 1 / len(s.turn.choices)) for s in situations]


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.2, 1 / 3])
def test_the_equilibria_cannot_be_exploited(alpha: float) -> None:
    strategy = equilibrium(alpha)
    assert exploitability(strategy) == pytest.approx(0.0, abs=1e-12)
    assert kuhn_value(strategy, strategy) == pytest.approx(GAME_VALUE)


def test_known_values() -> None:
    assert exploitability(UNIFORM) == pytest.approx(11 / 24)
    assert kuhn_value(UNIFORM, UNIFORM) == pytest.approx(1 / 8)


def test_a_wrong_alpha_can_be_exploited() -> None:
    bluffs = dict(equilibrium(1 / 3))
    bluffs["K", ()] = {"check": 1.0, "bet": 0.0}
    assert exploitability(bluffs) > 0.01


def test_the_perfect_player_never_loses_to_itself() -> None:
    found = against_perfect(perfect, least=1e-4)
    assert found.won == (0.0, 0.0)
    assert sum(found.drawn) + sum(found.left_out) == pytest.approx(2.0)


def test_the_random_player_mostly_loses() -> None:
    found = against_perfect(uniform, least=1e-4)
    lost = [1 - d - w - left for d, w, left in zip(found.drawn, found.won, found.left_out, strict=True)]
    assert found.won == (0.0, 0.0)
    assert min(lost) > 0.3
    assert found.not_lost < 0.3


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fresh")
    plan = BootstrapPlan(TeachPlan(seconds=0), ("kuhn",), ModelSize(64, 1, 256), 320)
    manifest, path = bootstrap(plan, folder, lambda *_: None)
    assert manifest.games == 0
    assert manifest.training["parameters"] < 100_000
    return path


def test_a_models_probabilities_are_those_of_its_prompts(fresh: Path) -> None:
    codec = HubCodec(fresh)
    torch.manual_seed(0)
    model = new_model(ModelSize(64, 1, 256), codec)
    policy = ModelPolicy(model, codec)
    asked: list[Situation] = []

    def listening(game: Game, situations: list[Situation]) -> list[dict[str, float]]:  # type: ignore[type-arg]
        asked.extend(situations)
        return policy(game, situations)

    strategy = kuhn_strategy(listening)
    assert len(strategy) == len(asked) == 12
    assert len({tuple(e.kind for e in s.seen) for s in asked}) == 3, "after no act, one and two"
    model.set_attn_implementation("sdpa")
    for situation, does in zip(asked, strategy.values(), strict=True):
        trunk, reader = Trunk.open(codec), SeatReader(exact.Kuhn())
        reader.read_on(codec, trunk, situation.seen)
        tokens = [*trunk.tokens, *reader.branch(codec, situation.turn)]
        logits = model(torch.tensor([tokens])).logits[0, -1]
        options = [codec.encode(f" {c}")[0] for c in situation.turn.choices]
        assert list(does.values()) == pytest.approx(logits[options].softmax(-1).tolist(), abs=1e-5)


def test_a_few_rounds_of_self_play_run_and_are_judged() -> None:
    learnt = learn("kuhn", seed=0, iterations=2, games=24)
    assert learnt.matches == 48, "two rounds"
    assert 0.0 <= learnt.after < 0.8
    assert learnt.before != learnt.after
