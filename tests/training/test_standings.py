"""Where choices lead, against what really happened in the match."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents.engines.local.engine import LocalEngine
from agents.llm.policy import PolicyMind
from agents.runner import Lineup, Played, no_log, play_matches
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import WEREWOLF
from arena.decision import Decision, MindKind
from arena.games.core import Act, Event, only
from arena.games.registry import game_by_name
from arena.rooms.acts import DEAD_TALK
from training.episodes import Episode, Terms, harvest
from training.standings import moments

GAME = game_by_name("werewolf")


async def scripted(count: int, **options: object) -> list[Played]:
    mind = ScriptedMind("bold", WEREWOLF["bold"], seed=3)
    rules = GAME.options(options)
    lineups = [Lineup(f"standings/{n}", ("x",) * rules.seats) for n in range(count)]
    playing = play_matches(GAME, rules, lineups, {"x": mind}, no_log, purpose="selfplay")
    return [match async for match in playing]


def episode(match: Played) -> Episode:
    """The match with no tokens: standings need none."""
    return Episode(
        match.match_id, match.game, str(match.lineup.seed), match.events, match.decisions, match.outcome,
        (), (), (), (),
    )  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"discussion": "parallel", "talk_rounds": 2}, {"first_night_kill": False}])
async def test_the_choice_that_was_made_leads_where_the_match_went(options: dict[str, object]) -> None:
    checked = 0
    for match in await scripted(6, **options):
        found = moments(episode(match))
        for n, (decision, moment) in enumerate(zip(match.decisions, found, strict=True)):
            if not moment.instead:
                continue
            taken = moment.instead[moment.turn.choices.index(decision.act.choice or "")]
            step = decision.turn_id.split(".")[0], decision.turn_kind == "vote"
            later = [
                m.standing
                for d, m in zip(match.decisions[n + 1 :], found[n + 1 :], strict=True)
                if (d.turn_id.split(".")[0], d.turn_kind == "vote") != step
            ]
            if later:
                assert taken.standing == later[0]
                assert taken.returns is None
            else:
                assert taken.returns == match.outcome.returns
            checked += 1
    assert checked > 50


FULL: list[dict[str, object]] = [
    {"seats": 12, "mayor": True, "talk_rounds": 0, "tie": "second_vote"},
    {"seats": 9, "mayor": True, "discussion": "open", "open_slots": 1},
    {"cast": {"werewolf": 2, "witch": 2, "hunter": 2, "seer": 1, "villager": 2}, "talk_rounds": 0, "tie": "random"},
]


@pytest.mark.parametrize("options", FULL, ids=str)
async def test_choices_of_every_kind_lead_where_the_match_went(options: dict[str, object]) -> None:
    """The effect shows in the same night or day, or when the next one begins."""
    checked: set[str] = set()
    for match in await scripted(8, **options):
        found = moments(episode(match))
        for n, (decision, moment) in enumerate(zip(match.decisions, found, strict=True)):
            if not moment.instead:
                continue
            taken = moment.instead[moment.turn.choices.index(decision.act.choice or "")]
            when, later = decision.turn_id.split(".")[0], list[str]()
            for d, m in zip(match.decisions[n + 1 :], found[n + 1 :], strict=True):
                later.append(m.standing)
                if d.turn_id.split(".")[0] != when:
                    break
            if taken.returns is None:
                assert taken.standing in later, decision.turn_id
            else:
                assert taken.returns == match.outcome.returns
            checked.add(decision.turn_kind)
    assert {"vote", "kill"} <= checked
    if "mayor" in options:
        assert {"elect", "succeed", "shoot"} & checked


async def test_a_standing_names_what_is_undecided() -> None:
    matches = await scripted(6, seats=12, mayor=True)
    seen = " | ".join(m.standing for match in matches for m in moments(episode(match), counterfactual=False))
    assert seen.startswith("night 1d 1hu 1me 1po 1s 3v 3w 1wi")
    assert " attacked" in seen
    assert " mayor " in seen


async def test_only_a_deciding_vote_changes_anything() -> None:
    for match in await scripted(6):
        for decision, moment in zip(match.decisions, moments(episode(match)), strict=True):
            if decision.turn_kind != "vote":
                continue
            votes = [d.act.choice for d in match.decisions if d.turn_id == decision.turn_id and d is not decision]
            counted = sorted((votes.count(c) for c in set(votes)), reverse=True)
            if counted[0] > (counted[1] if len(counted) > 1 else 0) + 1:
                assert len({a.standing for a in moment.instead}) == 1, "one vote cannot turn a lead of two"


async def test_standings_name_phase_and_living_roles() -> None:
    (match,) = await scripted(1)
    first = moments(episode(match), counterfactual=False)[0]
    assert first.standing == "night 1d 1s 3v 2w"
    assert first.instead == ()
    with pytest.raises(AssertionError):
        other = episode(match)
        moments(replace(other, decisions=other.decisions[:1] + other.decisions[2:3] + other.decisions[1:2]))


async def test_words_among_the_dead_are_no_turns(tiny_checkpoint: Path) -> None:
    """People who are out may talk; a match in which they did is learnt from like any other."""
    engine = LocalEngine(tiny_checkpoint)
    engine.start()
    try:
        playing = play_matches(
            GAME, GAME.options({}), [Lineup("dead", ("x",) * 7)], {"x": PolicyMind(engine, max_tokens=4)}, no_log,
            purpose="room",
        )  # fmt: skip
        (match,) = [match async for match in playing]
        version = engine.live_version
    finally:
        await engine.stop()
    killed = next(n for n, event in enumerate(match.events) if event.kind == "killed")
    seat = match.events[killed].data["seat"]
    boo = Event("dead_said", {"seat": seat, "text": "Boo."}, only(seat))
    before = sum(m.seen <= killed for m in moments(episode(match)))
    said = Decision(seat, DEAD_TALK, DEAD_TALK, MindKind.PERSON, "person", Act("Boo."), 0.0)
    spoken = replace(
        match,
        events=(*match.events[: killed + 1], boo, *match.events[killed + 1 :]),
        decisions=(*match.decisions[:before], said, *match.decisions[before:]),
    )
    terms = Terms(match.trunks[0].tokenizer, frozenset({version}))
    ((quiet,), (loud,)) = (harvest([played], terms).episodes for played in (match, spoken))
    assert loud.decisions == quiet.decisions
    assert loud.which == quiet.which
    assert [m.standing for m in moments(loud)] == [m.standing for m in moments(quiet)]
