"""Straw polls and what follows from them: the worth of a moment, of a message and of a choice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from agents.engines.local.codec import HubCodec
from agents.engines.local.weights import load_weights
from arena.errors import CheckpointError
from arena.games.chance import Chance
from arena.games.core import Act, begin, step
from arena.games.werewolf import Werewolf
from training.assign import MAX_ADVANTAGE, assign, central_values, role_of
from training.credit.base import Floats
from training.credit.registry import estimator_by_name
from training.critic import CentralTable
from training.episodes import Episode
from training.foresight import Foresight, Spoken, foresee
from training.learner import Learner
from training.packing import PACKED
from training.plan import LearnPlan
from training.polls import Debate, debates, hold
from training.rewards import Rewards
from training.standings import Moment, decided, moments


@pytest.fixture
def codec(tiny_checkpoint: Path) -> HubCodec:
    return load_weights(tiny_checkpoint).codec


@pytest.fixture
def polled(episodes: list[Episode], codec: HubCodec) -> list[tuple[Episode, list[Moment], list[Debate]]]:
    found = [(e, of := moments(e), debates(e, of, codec)) for e in episodes]
    assert all(of for _, _, of in found)
    return found


def table_of(episodes: list[Episode]) -> CentralTable:
    table = CentralTable()
    table.learn(episodes, [moments(e) for e in episodes])
    return table


def even(held: list[Debate], skewed: dict[int, str] | None = None) -> list[Floats]:
    """Everybody as likely to choose anyone; who is in ``skewed``, certainly that one."""
    out: list[Floats] = []
    for debate in held:
        for ballots in debate.ballots.values():
            for b in ballots:
                one = (skewed or {}).get(b.turn.seat)
                at = [float(c == one) for c in b.turn.choices]
                out.append(np.array(at) if sum(at) else np.full(len(at), 1 / len(at)))
    return out


def test_a_poll_after_the_last_word_is_the_vote_itself(
    polled: list[tuple[Episode, list[Moment], list[Debate]]], tiny_checkpoint: Path
) -> None:
    model = load_weights(tiny_checkpoint).model
    model.set_attn_implementation(PACKED)
    answers = hold(model, [e for e, _, _ in polled], [d for _, _, d in polled])
    compared = 0
    for (episode, found, held), of in zip(polled, answers, strict=True):
        rest = iter(of)
        for debate in held:
            for seen, ballots in debate.ballots.items():
                for ballot in ballots:
                    probabilities = next(rest)
                    assert probabilities.sum() == pytest.approx(1.0)
                    if seen < max(debate.ballots):
                        continue
                    for decision, moment in zip(episode.decisions, found, strict=True):
                        record = decision.tokens
                        if (decision.seat, decision.turn_id) == (ballot.turn.seat, ballot.turn.id) and record:
                            assert record.branch == ballot.branch.prompt
                            assert record.trunk_length == ballot.branch.offset
                            assert moment.turn.choices == ballot.turn.choices
                            assert probabilities == pytest.approx(record.choice_probs, abs=1e-4)
                            compared += 1
        assert next(rest, None) is None
    assert compared > 20


def test_every_message_that_all_hear_is_polled_before_and_after(
    polled: list[tuple[Episode, list[Moment], list[Debate]]],
) -> None:
    for episode, found, held in polled:
        table = table_of([episode])
        seen = foresee(episode, found, held, even(held), table)
        talk = [n for n, d in enumerate(episode.decisions) if d.turn_kind == "talk"]
        votes = [n for n, d in enumerate(episode.decisions) if d.turn_kind == "vote"]
        assert sorted(seen.spoken) == talk
        assert sorted(seen.choices) == votes
        assert sorted(seen.values) == sorted(talk + votes)
        assert all(len(seen.choices[n]) == len(found[n].turn.choices) for n in votes)


def test_a_message_that_moves_nobody_is_worth_nothing(
    polled: list[tuple[Episode, list[Moment], list[Debate]]],
) -> None:
    episode, found, held = polled[0]
    seen = foresee(episode, found, held, even(held), table_of([e for e, _, _ in polled]))
    assert {s.changed for s in seen.spoken.values()} == {0.0}, "the draws of one debate share their luck"


def test_where_all_agree_the_moment_is_worth_what_they_agree_on(
    polled: list[tuple[Episode, list[Moment], list[Debate]]],
) -> None:
    episode, found, held = polled[0]
    table = table_of([e for e, _, _ in polled])
    debate = held[0]
    state, game = found[debate.closing].state, episode.game
    voters = [t.seat for t in game.turns(state)]
    names = game.seat_names(state)
    worth: dict[str, float] = {}
    for victim in voters:
        together = {v: names[victim] if v != victim else names[(victim + 1) % len(names)] for v in voters}
        seen = foresee(episode, found, held[:1], even(held[:1], together), table)
        after = decided(game, state, together, Chance(episode.seed))
        for n, value in seen.values.items():
            if n >= debate.closing:
                continue
            seat = episode.decisions[n].seat
            own = episode.outcome.returns[seat] if after.standing in {m.standing for m in found} else None
            assert value == pytest.approx(table.value(after.standing, episode.outcome.sides[seat], own))
            if episode.outcome.sides[seat] == "village":
                worth[episode.outcome.sides[victim]] = value
    assert len(worth) == 2


def test_a_choice_is_worth_what_it_leads_to_over_what_others_might_do(
    polled: list[tuple[Episode, list[Moment], list[Debate]]],
) -> None:
    """With others who cannot but do what they did, that is where the match would have gone."""
    checked = 0
    for episode, _, held in polled:
        decisions = list(episode.decisions)
        for n, d in enumerate(decisions):
            if d.turn_kind == "vote" and d.tokens is not None:
                certain = tuple(float(o == d.tokens.sampled) for o in d.tokens.options)
                decisions[n] = replace(d, tokens=replace(d.tokens, choice_probs=certain))
        sure = replace(episode, decisions=tuple(decisions))
        found, table = moments(sure), table_of([episode])
        visited = {m.standing for m in found}
        seen = foresee(sure, found, held, even(held), table)
        for n, worth in seen.choices.items():
            seat = sure.decisions[n].seat
            for after, value in zip(found[n].instead, worth, strict=True):
                own = sure.outcome.returns[seat] if after.standing in visited else None
                there = None if after.returns is None else after.returns[seat]
                expected = table.value(after.standing, sure.outcome.sides[seat], own) if there is None else there
                assert value == pytest.approx(expected)
                checked += 1
    assert checked > 80


@pytest.mark.parametrize(
    "options",
    [{}, {"tie": "second_vote"}, {"tie": "random"}, {"seats": 9, "mayor": True}, {"open_vote": False}],
    ids=str,
)
def test_choices_with_one_upshot_lead_to_one_standing(options: dict[str, Any]) -> None:
    game, random = Werewolf(), Random(5)
    steps = 0
    for n in range(30):
        chance = Chance(f"upshot/{n}")
        state, _ = begin(game, game.options({"talk_rounds": 0, "reveal": "nothing", **options}), chance)
        while turns := game.turns(state):
            led: dict[Any, Any] = {}
            for _ in range(40 if turns[0].kind == "vote" and len({t.id for t in turns}) == 1 else 0):
                choices = {t.seat: random.choice(t.choices[:3]) for t in turns}
                after = decided(game, state, choices, chance)
                before = led.setdefault(game.upshot(state, choices), after)
                assert before == after
            steps += len(led) > 1
            turn = turns[0]
            act = Act(choice=random.choice(turn.choices)) if turn.choices else Act(text="So be it.")
            state, _ = step(game, state, turn, act, chance)
    assert steps > 20


def test_a_message_is_not_credited_by_how_the_policy_would_have_heard_it_where_others_listen(
    polled: list[tuple[Episode, list[Moment], list[Debate]]],
) -> None:
    episode, found, held = polled[0]
    table = table_of([episode])
    voters = {episode.decisions[n].seat for n, m in enumerate(found) if m.turn.kind == "vote"}
    ours = tuple(episode.decisions[n].seat not in voters for n in episode.which)
    random = np.random.default_rng(4)
    swayed = [random.dirichlet(np.ones(len(of))) for of in even(held)]
    heard = foresee(episode, found, held, swayed, table)
    assert any(abs(spoken.changed) > 1e-6 for spoken in heard.spoken.values())
    elsewhere = foresee(replace(episode, trainable=ours), found, held, swayed, table)
    assert elsewhere.spoken.keys() == heard.spoken.keys()
    assert all(spoken.changed == 0 for spoken in elsewhere.spoken.values())
    assert elsewhere.choices.keys() == heard.choices.keys(), "what they chose is on record all the same"


def credited(episodes: list[Episode], seen: list[Foresight], afterwards: float) -> list[list[float]]:
    of_matches = [moments(e) for e in episodes]
    table = table_of(episodes)
    values = central_values(episodes, of_matches, table, seen)
    estimator = estimator_by_name("hierarchical")()
    given = assign(episodes, of_matches, values, estimator, Rewards(), table, polls=seen, afterwards=afterwards)
    return [[float(a[0]) if len(a) else 0.0 for a in of.advantages] for of in given]


def test_words_are_credited_with_what_they_changed_and_repeating_earns_nothing(
    polled: list[tuple[Episode, list[Moment], list[Debate]]],
) -> None:
    """Of two messages of one role that changed as much, the one that was said before gets nothing for it."""
    episodes = [e for e, _, _ in polled]
    table = table_of(episodes)
    random = np.random.default_rng(3)
    seen: list[Foresight] = []
    for episode, found, held in polled:
        polls = foresee(episode, found, held, even(held), table)  # who was heard; the worth of it is drawn
        values = {n: float(random.normal()) for n in polls.values}
        spoken = {n: Spoken(0.0, float(random.normal())) for n in polls.spoken}
        seen.append(replace(polls, values=values, spoken=spoken))
    alone, mixed = credited(episodes, seen, 0.0), credited(episodes, seen, 0.5)
    assert alone != mixed
    usual: dict[str, list[float]] = {}
    for e, episode in enumerate(episodes):
        for n, spoken in seen[e].spoken.items():
            usual.setdefault(role_of(episode, episode.decisions[n].seat), []).append(spoken.changed)
    units = [
        (seen[e].spoken[n].changed - np.mean(usual[role_of(episode, episode.decisions[n].seat)])) / alone[e][i]
        for e, episode in enumerate(episodes)
        for i, n in enumerate(episode.which)
        if n in seen[e].spoken and 1e-3 < abs(alone[e][i]) < MAX_ADVANTAGE  # not cut, and none that earn nothing
    ]
    assert len(units) > 10
    assert units == pytest.approx([units[0]] * len(units)), "all in one unit, beyond what their role usually changes"

    e, again = next(
        (e, spoken)
        for e, episode in enumerate(episodes)
        for seat in range(len(episode.names))
        if len(spoken := [n for n in seen[e].spoken if n in episode.which and episode.decisions[n].seat == seat]) > 1
    )
    first, i = episodes[e], episodes[e].which.index(again[1])
    great = replace(
        seen[e], spoken={**seen[e].spoken, again[1]: replace(seen[e].spoken[again[1]], before=-5.0, after=5.0)}
    )
    seen[e] = great
    assert credited(episodes, seen, 0.0)[e][i] > 0.0
    decisions = list(first.decisions)
    decisions[again[1]] = replace(decisions[again[1]], act=decisions[again[0]].act)
    episodes[e] = replace(first, decisions=tuple(decisions), events=said_again(first, again))
    assert credited(episodes, seen, 0.0)[e][i] == 0.0


def said_again(episode: Episode, of: list[int]) -> tuple[Any, ...]:
    """The match's events, had the second of these messages been the first one's words."""
    text, instead = (episode.decisions[n].act.text for n in (of[1], of[0]))
    seat = episode.decisions[of[1]].seat
    return tuple(
        replace(event, data={**event.data, "text": instead})
        if event.data.get("text") == text and event.data.get("seat") == seat
        else event
        for event in episode.events
    )


def test_a_learner_with_polls_takes_a_step(episodes: list[Episode], tiny_checkpoint: Path) -> None:
    weights = load_weights(tiny_checkpoint)
    learner = Learner(
        weights.model, LearnPlan(polls=True, all_options=True, minibatch=3, passes=1), codec=weights.codec
    )
    figures = learner.update(episodes)
    assert figures.gradient_norm > 0
    assert -1 < figures.explained <= 1


def test_polls_want_a_critic_that_knows_what_decisions_lead_to(tiny_checkpoint: Path) -> None:
    weights = load_weights(tiny_checkpoint)
    with pytest.raises(CheckpointError, match="central"):
        Learner(weights.model, LearnPlan(polls=True, critic="seat"), codec=weights.codec)
