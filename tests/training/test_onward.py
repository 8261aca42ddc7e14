"""Values worked out backwards, where seats decide one at a time: exact, whatever happened to be drawn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
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
from training.exact import ModelPolicy, kuhn_strategy
from training.standings import moments


@pytest.fixture(scope="module", params=["kuhn", "tictactoe"])
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    plan = BootstrapPlan(TeachPlan(seconds=0), (request.param,), ModelSize(64, 1, 256), 320)
    return request.param, bootstrap(plan, tmp_path_factory.mktemp("fresh"), lambda *_: None)[1]


@contextmanager
def matches(name: str, checkpoint: Path, count: int) -> Iterator[list[Played]]:
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

    yield asyncio.run(play())


def episodes_of(played: list[Played], checkpoint: Path) -> list[Episode]:
    return harvest(played, Terms(load_weights(checkpoint).codec.fingerprint)).episodes


def test_what_might_have_been_chosen_is_not_answered_as_the_choice_was(fresh: tuple[str, Path]) -> None:
    """The opponent saw the choice: what it did then says nothing of what it would have done."""
    name, checkpoint = fresh
    with matches(name, checkpoint, 12) as played:
        for episode in episodes_of(played, checkpoint):
            of = moments(episode)
            for n, moment in enumerate(of):
                assert moment.alone
                choice = episode.decisions[n].act.choice or ""
                taken = moment.instead[moment.turn.choices.index(choice)]
                assert taken.standing == of[n + 1].standing if n + 1 < len(of) else taken.returns is not None
                for option, after in zip(moment.turn.choices, moment.instead, strict=True):
                    if name == "kuhn":
                        assert after.standing == f"{moment.standing} {option}"
                    else:
                        assert after.standing.count("-") == moment.standing.count("-") - 1


def test_kuhn_poker_has_the_values_of_the_policy_that_played_it(fresh: tuple[str, Path]) -> None:
    name, checkpoint = fresh
    if name != "kuhn":
        return
    with matches(name, checkpoint, 160) as played:
        episodes = episodes_of(played, checkpoint)
    table = CentralTable()
    table.learn(episodes, [moments(e) for e in episodes])
    weights = load_weights(checkpoint)
    strategy = kuhn_strategy(ModelPolicy(weights.model, weights.codec))
    deals = {m.standing for e in episodes for m in moments(e) if " " not in m.standing}
    assert len(deals) == 6
    for deal in deals:
        worth = won(strategy, (deal[0], deal[1]), ()) / 2  # a return of 1 is two chips
        assert table.value(deal, "first") == pytest.approx(worth, abs=1e-4)
        assert table.value(deal, "second") == pytest.approx(-worth, abs=1e-4)
    again = CentralTable()
    again.load(json.loads(json.dumps(table.state())))
    assert again == table


def won(strategy: Strategy, cards: tuple[str, str], history: History) -> float:
    if not choices(history):
        return won_by_first(cards, history)
    does = strategy[cards[len(history) % 2], history]
    return sum(does[act] * won(strategy, cards, (*history, act)) for act in choices(history))


def test_what_nobody_meets_any_more_is_forgotten(fresh: tuple[str, Path]) -> None:
    name, checkpoint = fresh
    with matches(name, checkpoint, 8) as played:
        episodes = episodes_of(played, checkpoint)
    table = CentralTable()
    of = [moments(e) for e in episodes]
    table.learn(episodes, of)
    met = set(table.onward.leads)
    assert met
    for _ in range(40):
        table.learn(episodes[:1], of[:1])
    assert set(table.onward.leads) == {m.standing for m in of[0]}
