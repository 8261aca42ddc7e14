"""Values worked out backwards, where seats decide one at a time: exact, whatever happened to be drawn."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.policy import PolicyMind
from agents.runner import Lineup, Played, no_log, play_matches
from agents.scripted.equilibrium import History, Strategy
from arena.games.kuhn.hand import choices, won_by_first
from arena.games.registry import game_by_name
from training.bootstrap.model import ModelSize
from training.bootstrap.run import BootstrapPlan, bootstrap
from training.bootstrap.teach import TeachPlan
from training.critic import CentralTable
from training.episodes import Episode, Terms, harvest
from training.exact import DEALS, ModelPolicy, kuhn_strategy
from training.standings import moments


def fresh(name: str, folder: Path) -> Path:
    """A model that knows the game's words and nothing else."""
    return bootstrap(BootstrapPlan(TeachPlan(seconds=0), (name,), ModelSize(64, 1, 256), 320), folder, lambda *_: None)[
        1
    ]


def matches(name: str, checkpoint: Path, count: int) -> list[Episode]:
    """The model against itself."""

    async def play() -> list[Played]:
        engine = LocalEngine(checkpoint, seed=1)
        engine.start()
        game = game_by_name(name)
        lineups = [Lineup(f"onward/{n}", ("x", "x")) for n in range(count)]
        try:
            minds = {"x": PolicyMind(engine)}
            playing = play_matches(game, game.options({}), lineups, minds, no_log, purpose="selfplay")
            return [match async for match in playing]
        finally:
            await engine.stop()

    return harvest(asyncio.run(play()), Terms(load_weights(checkpoint).codec.fingerprint)).episodes


@pytest.mark.parametrize("name", ["kuhn", "tictactoe"])
def test_what_might_have_been_chosen_is_not_answered_as_the_choice_was(name: str, tmp_path: Path) -> None:
    """The opponent saw the choice: what it did then says nothing of what it would have done."""
    for episode in matches(name, fresh(name, tmp_path), 12):
        of = moments(episode)
        for n, moment in enumerate(of):
            assert moment.alone
            taken = moment.instead[moment.turn.choices.index(episode.decisions[n].act.choice or "")]
            if n + 1 < len(of):
                assert taken.standing == of[n + 1].standing
            else:
                assert taken.returns == episode.outcome.returns
            for option, after in zip(moment.turn.choices, moment.instead, strict=True):
                if name == "kuhn":
                    assert after.standing == f"{moment.standing} {option}"
                else:
                    assert after.standing.count("-") == moment.standing.count("-") - 1


def test_kuhn_poker_has_the_values_of_the_policy_that_played_it(tmp_path: Path) -> None:
    checkpoint = fresh("kuhn", tmp_path)
    episodes = matches("kuhn", checkpoint, 320)  # so many that every standing is met
    table = CentralTable()
    table.learn(episodes, [moments(e) for e in episodes])
    weights = load_weights(checkpoint)
    strategy = kuhn_strategy(ModelPolicy(weights.model, weights.codec))
    for deal in DEALS:
        worth = won(strategy, deal, ()) / 2  # a return of 1 is two chips
        assert table.value("".join(deal), "first") == pytest.approx(worth, abs=1e-4)
        assert table.value("".join(deal), "second") == pytest.approx(-worth, abs=1e-4)
    again = CentralTable()
    again.load(json.loads(json.dumps(table.state())))
    assert again == table


def won(strategy: Strategy, cards: tuple[str, str], history: History) -> float:
    if not choices(history):
        return won_by_first(cards, history)
    does = strategy[cards[len(history) % 2], history]
    return sum(does[act] * won(strategy, cards, (*history, act)) for act in choices(history))


def test_what_nobody_meets_any_more_is_forgotten(tmp_path: Path) -> None:
    episodes = matches("kuhn", fresh("kuhn", tmp_path), 40)
    table = CentralTable()
    of = [moments(e) for e in episodes]
    table.learn(episodes, of)
    left = {m.standing for m in of[0]}
    assert set(table.onward.leads) > left
    for _ in range(40):
        table.learn(episodes[:1], of[:1])
    assert set(table.onward.leads) == left
