"""The listening loss: a probe costs what a plain pass says, and the truth is in the loss and nowhere else."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import Weights, load_weights
from agents.llm.policy import PolicyMind
from agents.llm.probe import after_public_lines, probes
from agents.runner import Lineup, Played, no_log, play_matches
from arena.cli.dry_run import show_preview
from arena.errors import UserError
from arena.games.core import fold, visible
from arena.games.registry import game_by_name
from arena.games.werewolf.types import Role
from training import listening
from training.assign import Assigned
from training.episodes import Episode, Harvest, Terms, harvest
from training.learner import Learner
from training.listening import PROBES, Guess, believed, cost, drawn, laid, listening_loss
from training.loss import TrainBatch, score, train_batch
from training.packing import PACKED, hidden_states
from training.plan import LearnPlan
from training.preview import preview

CONTEXT = 4096
Asked = list[tuple[Guess, ...]]


@pytest.fixture
def weights(tiny_checkpoint: Path) -> Weights:
    return load_weights(tiny_checkpoint)


@pytest.fixture
def asked(episodes: list[Episode], weights: Weights) -> Asked:
    return drawn(episodes, weights.codec, CONTEXT, 0)


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask all that may be asked."""
    monkeypatch.setattr(listening, "PROBES", 10_000)


def batch_of(episodes: Sequence[Episode], asked: Sequence[Sequence[Guess]] = ()) -> TrainBatch:
    zeros = [[np.zeros(len(b.answer)) for b in e.branches] for e in episodes]
    found = train_batch(episodes, [Assigned(tuple(z), tuple(z)) for z in zeros], zeros, guesses=asked)
    assert found is not None
    return found


def test_who_does_not_know_is_asked_so_often_and_no_more(
    episodes: list[Episode], asked: Asked, weights: Weights
) -> None:
    for episode, guesses in zip(episodes, asked, strict=True):
        assert 0 < len(guesses) <= PROBES
        assert sorted((g.seen, g.seat) for g in guesses) == [(g.seen, g.seat) for g in guesses]
        due = after_public_lines(episode.game, episode.events)
        scripted = {d.seat for d in episode.decisions if d.mind.startswith("scripted")}
        for guess in guesses:
            state = fold(episode.game, episode.events[: guess.seen])
            assert guess.seen in due
            assert state.alive[guess.seat]
            assert state.roles[guess.seat] is not Role.WEREWOLF
            assert guess.seat not in scripted
            assert sum(guess.true) == len(state.living_wolves())
    assert max(map(len, asked)) == PROBES
    assert drawn(episodes, weights.codec, CONTEXT, 0) == asked
    assert drawn(episodes, weights.codec, CONTEXT, 1) != asked


@pytest.mark.usefixtures("everything")
def test_prompts_are_those_of_the_probes_of_a_match(episodes: list[Episode], weights: Weights) -> None:
    """In the words that ask straight out, not in those of the vote."""
    for episode, guesses in zip(episodes, drawn(episodes, weights.codec, CONTEXT, 0), strict=True):
        of_match = {
            (p.seen, p.question.seat): p
            for p in probes(weights.codec, "m", episode.game, episode.events, "werewolf", context=CONTEXT)
        }
        assert guesses
        for guess in guesses:
            probe = of_match[guess.seen, guess.seat]
            assert (guess.branch.offset, guess.branch.prompt) == (probe.request.trunk_length, probe.request.branch)
            trunk = episode.rows[guess.row].trunk[: guess.branch.offset]
            assert list(trunk) == list(probe.request.trunk[: probe.request.trunk_length])
            assert guess.true == probe.true
            assert guess.branch.answer == ()


@pytest.mark.usefixtures("everything")
def test_the_truth_is_in_no_prompt(episodes: list[Episode], weights: Weights) -> None:
    """Two others exchange their roles: for a seat that saw nothing of them the tokens stay, the answer does not."""
    compared = differing = 0
    for episode in episodes:
        roles = episode.events[1].data["roles"]
        first, second = roles.index("werewolf"), roles.index("villager")
        dealt = episode.game.swap_hidden(episode.events, first, second)
        assert dealt is not None
        other = replace(episode, events=(*dealt, *episode.events[len(dealt) :]))
        worlds = [
            {(g.seen, g.seat): g for g in drawn([world], weights.codec, CONTEXT, 0)[0]} for world in (episode, other)
        ]
        uninvolved = {s for s in range(len(roles)) if visible(episode.events, s)[:2] == visible(other.events, s)[:2]}
        for at in worlds[0].keys() & worlds[1].keys():  # with the others' roles there may be no werewolf left
            if at[1] in uninvolved:
                one, same = worlds[0][at], worlds[1][at]
                assert replace(one, true=()) == replace(same, true=())
                compared += 1
                differing += one.true != same.true
    assert compared > 50
    assert differing > 20


def plain_cost(model: Any, episode: Episode, guess: Guess) -> torch.Tensor:
    """What it costs by a forward pass over its prompt alone."""
    prompt = (*episode.rows[guess.row].trunk[: guess.branch.offset], *guess.branch.prompt)
    logits = model(input_ids=torch.tensor([prompt])).logits[0, -1].float()
    of_choices = logits[list(guess.tokens)]
    true = [logits[t] for t, right in zip(guess.tokens, guess.true, strict=True) if right]
    return of_choices.logsumexp(-1) - torch.stack(true).mean()


def gradient(model: Any, loss: torch.Tensor) -> list[torch.Tensor]:
    model.zero_grad(set_to_none=True)
    loss.backward()
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in model.parameters()]


def test_a_shared_pack_costs_what_plain_passes_cost(episodes: list[Episode], asked: Asked, weights: Weights) -> None:
    """Loss and gradient, and both again where several choices are true in one and one in another."""
    few, model = episodes[:2], weights.model
    several = [
        tuple(
            replace(g, true=tuple(i in (0, n % len(g.true)) for i in range(len(g.true)))) for n, g in enumerate(guesses)
        )
        for guesses in asked[:2]
    ]
    for of in (asked[:2], several):
        model.set_attn_implementation(PACKED)
        batch = batch_of(few, of)
        assert batch.guesses is not None
        loss = listening_loss(model, hidden_states(model, batch.pack), batch.guesses)
        packed = gradient(model, loss)
        model.set_attn_implementation("sdpa")
        costs = [plain_cost(model, e, g) for e, guesses in zip(few, of, strict=True) for g in guesses]
        plain = torch.stack(costs).mean()
        assert float(loss.detach()) == pytest.approx(float(plain.detach()), rel=1e-5)
        for found, wanted in zip(packed, gradient(model, plain), strict=True):
            assert float((found - wanted).norm()) < 1e-4 * float(wanted.norm())
    assert {sum(g.true) for guesses in several for g in guesses} == {1, 2}


def test_the_mean_over_the_true_ones_is_a_proper_score() -> None:
    """By hand: three choices, two of them true; and the best answer is how often each is drawn among the true."""
    guess = Guess(1, 0, 0, None, (5, 6, 7), (True, False, True))  # type: ignore[arg-type]
    p = np.array([0.5, 0.2, 0.3])
    assert cost(guess, p) == pytest.approx(-(np.log(0.5) + np.log(0.3)) / 2)
    one = replace(guess, tokens=(5, 6), true=(False, True))
    target = laid([guess, one], [0, 0], "cpu").target
    assert target.tolist() == [[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    worlds = [(0.6, (True, True, False)), (0.3, (True, False, True)), (0.1, (False, True, True))]

    def expected(beliefs: np.ndarray[Any, Any]) -> float:
        return sum(chance * cost(replace(guess, true=true), beliefs) for chance, true in worlds)

    best = np.array([0.45, 0.35, 0.2])  # the chances that each is drawn
    rng = np.random.default_rng(0)
    assert all(expected(best) < expected(other) for other in rng.dirichlet((1, 1, 1), size=200))


def test_the_policys_answers_are_scored_as_without_probes(
    episodes: list[Episode], asked: Asked, weights: Weights
) -> None:
    weights.model.set_attn_implementation(PACKED)
    with torch.no_grad():
        alone, beside = (score(weights.model, batch_of(episodes, of)) for of in ((), asked))
    assert torch.allclose(alone.logprob, beside.logprob, atol=1e-5)
    assert torch.allclose(alone.option, beside.option, atol=1e-5)
    assert batch_of(episodes, [()] * len(episodes)).guesses is None


def test_beliefs_are_those_of_plain_passes(episodes: list[Episode], asked: Asked, weights: Weights) -> None:
    weights.model.set_attn_implementation(PACKED)
    answers = believed(weights.model, episodes, asked)
    weights.model.set_attn_implementation("sdpa")
    for episode, guesses, found in zip(episodes, asked, answers, strict=True):
        for guess, p in list(zip(guesses, found, strict=True))[::4]:
            assert p.sum() == pytest.approx(1)
            with torch.no_grad():
                assert cost(guess, p) == pytest.approx(float(plain_cost(weights.model, episode, guess)), rel=1e-4)


def learner(folder: Path, *, blind: bool = False, **plan: object) -> Learner:
    weights = load_weights(folder)
    settings = replace(LearnPlan(minibatch=3, lr=1e-3), **plan)  # type: ignore[arg-type]
    return Learner(weights.model, settings, codec=None if blind else weights.codec)


def weights_of(one: Learner) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in one.copy_for_play().parameters()])


def test_weight_0_changes_nothing_and_weight_makes_the_truth_likelier(
    episodes: list[Episode], tiny_checkpoint: Path
) -> None:
    without, nothing = learner(tiny_checkpoint, blind=True), learner(tiny_checkpoint, listening=0.0)
    assert without.update(episodes) == nothing.update(episodes)
    assert torch.equal(weights_of(without), weights_of(nothing))
    hearing = learner(tiny_checkpoint, listening=1.0)
    asked = hearing.probes(episodes)
    costs = [figures.listening for figures in (hearing.update(episodes) for _ in range(6))]
    assert not torch.equal(weights_of(nothing), weights_of(hearing))
    assert nothing.update(episodes).listening == 0
    assert costs[-1] < costs[0]
    before = believed(learner(tiny_checkpoint).model, episodes, asked)
    after = believed(hearing.model, episodes, asked)

    def mean(answers: Sequence[Sequence[Any]]) -> float:
        pairs = (pair for of in zip(asked, answers, strict=True) for pair in zip(*of, strict=True))
        return float(np.mean([cost(g, p) for g, p in pairs]))

    assert mean(after) < mean(before)


def test_the_figure_is_from_before_the_update(episodes: list[Episode], tiny_checkpoint: Path) -> None:
    one = learner(tiny_checkpoint, listening=1.0, minibatch=len(episodes), passes=3)
    asked = one.probes(episodes)
    answers = believed(one.model.eval(), episodes, asked)
    costs = [cost(g, p) for of in zip(asked, answers, strict=True) for g, p in zip(*of, strict=True)]
    assert one.update(episodes).listening == pytest.approx(float(np.mean(costs)), rel=1e-4)


@pytest.mark.parametrize("plan", [{"keep": 0.4}, {"bf16": True}, {"polls": True, "critic": "central"}], ids=str)
def test_it_goes_with_the_other_settings(
    plan: dict[str, object], episodes: list[Episode], tiny_checkpoint: Path
) -> None:
    figures = learner(tiny_checkpoint, listening=0.5, **plan).update(episodes)
    assert np.isfinite(list(figures.to_json().values())).all()
    assert figures.listening > 0


def test_every_update_asks_anew(episodes: list[Episode], tiny_checkpoint: Path) -> None:
    one = learner(tiny_checkpoint, listening=0.5)
    first = one.probes(episodes)
    assert one.probes(episodes) == first
    one.update(episodes)
    assert one.probes(episodes) != first


class Stuttering:
    """A tokenizer with which all options begin alike."""

    def __init__(self, codec: Any) -> None:
        self._codec = codec

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)

    def encode(self, text: str) -> tuple[int, ...]:
        return (7, *self._codec.encode(text))


def played(folder: Path, game: str, **options: object) -> list[Episode]:
    """Three matches of a tiny model with itself."""

    async def play() -> list[Played]:
        rules = game_by_name(game)
        parsed = rules.options(options)  # type: ignore[arg-type]
        engine = LocalEngine(folder)
        engine.start()
        try:
            lineups = [Lineup(f"heard/{n}", ("self",) * rules.seat_count(parsed)) for n in range(3)]
            minds = {"self": PolicyMind(engine, max_tokens=12)}
            playing = play_matches(rules, parsed, lineups, minds, no_log, purpose="selfplay")
            return [match async for match in playing]
        finally:
            await engine.stop()

    return harvest(asyncio.run(play()), Terms(load_weights(folder).codec.fingerprint)).episodes


def test_where_nobody_can_be_asked_it_is_refused(
    episodes: list[Episode], tiny_checkpoint: Path, weights: Weights
) -> None:
    with pytest.raises(UserError, match="in none of these matches of Werewolf"):
        drawn(episodes, Stuttering(weights.codec), CONTEXT, 0)
    squares = played(tiny_checkpoint, "tictactoe")
    with pytest.raises(UserError, match="Leave --listening out"):
        learner(tiny_checkpoint, listening=0.5).update(squares)
    assert learner(tiny_checkpoint).update(squares).listening == 0


@pytest.mark.parametrize("options", [{"family": "trait", "turns": 6}, {"family": "coalition", "seats": 3}], ids=str)
def test_scenarios_ask_what_a_seat_has_to_guess_about_another(
    options: dict[str, object], tiny_checkpoint: Path
) -> None:
    """Read seat by seat where two play, off one trunk where more do."""
    weights = load_weights(tiny_checkpoint)
    episodes = played(tiny_checkpoint, "scenario", **options)
    asked = drawn(episodes, weights.codec, CONTEXT, 0)
    for episode, guesses in zip(episodes, asked, strict=True):
        state = fold(episode.game, episode.events[:-1])
        assert {g.row for g in guesses} == set(range(len(episode.rows)))
        for guess in guesses:
            wanted = state.spec.guess_of(guess.seat)
            assert guess.true == tuple(choice == wanted.truth for choice in wanted.choices)
            trunk = weights.codec.decode(episode.rows[guess.row].trunk[: guess.branch.offset])
            seen = visible(episode.events[: guess.seen], guess.seat)
            told = [line for e in seen if (line := episode.game.line(episode.names, e))]
            whole = trunk + weights.codec.decode(guess.branch.prompt)
            assert all(line in whole for line in told)
    answers = believed(packed(weights), episodes, asked)
    figures = learner(tiny_checkpoint, listening=0.5, minibatch=3, passes=1).update(episodes)
    costs = [cost(g, p) for of in zip(asked, answers, strict=True) for g, p in zip(*of, strict=True)]
    assert figures.listening > 0
    assert np.isfinite(costs).all()


def packed(weights: Weights) -> Any:
    weights.model.set_attn_implementation(PACKED)
    return weights.model


def test_a_dry_run_says_what_would_be_asked(episodes: list[Episode], tiny_checkpoint: Path, weights: Weights) -> None:
    terms = Terms(weights.codec.fingerprint, frozenset({weights.version}))
    found = Harvest(episodes, Counter(), Counter())
    hearing = learner(tiny_checkpoint, listening=0.5)
    before = weights_of(hearing)
    shown = preview(hearing, found, terms)
    assert shown.probes is not None
    assert torch.equal(before, weights_of(hearing))
    assert shown.probes.asked == sum(map(len, hearing.probes(episodes)))
    assert 0 < shown.probes.in_truth < 1
    assert 0 < shown.probes.blind < 1
    out = io.StringIO()
    show_preview(shown, as_json=False, console=Console(file=out, width=160))
    assert f"Listening: {shown.probes.asked} probes" in out.getvalue()
    assert preview(learner(tiny_checkpoint), found, terms).probes is None
