"""Small records, made up here, in the forms of SOTOPIA's published files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.errors import OptionError
from arena.games.scenario.files import LONGEST_SITUATION, dump, parse
from arena.games.scenario.sotopia import Imported, read_records, scenarios_from
from arena.games.scenario.spec import Secret
from tests.soak import count

ENVIRONMENT: dict[str, Any] = {
    "pk": "E1",
    "codename": "shared_umbrella",
    "scenario": "It pours. Agent1 has an umbrella, agent 2 has none.",
    "agent_goals": [
        "Keep dry <extra_info>You hate water.</extra_info> <strategy_hint>Praise Agent2.</strategy_hint>",
        "Get under it <clarification_hint>Half counts.</clarification_hint>",
    ],
    "relationship": 3,
    "age_constraint": "[(18, 40), (50, 70)]",
}
OLD: dict[str, Any] = {
    "pk": "A1",
    "first_name": "Marta",
    "last_name": "Stone",
    "age": 61,
    "occupation": "Pilot",
    "gender": "Woman",
    "big_five": "Openness - High; Neuroticism - Low",
    "moral_values": ["care", "fairness"],
    "schwartz_personal_values": "security, care",
    "decision_making_style": "Analytical",
    "personality_and_values": "Marta weighs things.",
    "public_info": "Marta keeps pigeons.",
    "secret": "Marta cannot swim.",
}
YOUNG: dict[str, Any] = {"pk": "A2", "first_name": "Zdeněk", "last_name": "Hill", "age": 30, "secret": "None"}
EPISODE: dict[str, Any] = {
    "episode_id": "X1",
    "environment_id": "E1",
    "agent_ids": ["A7", "A8"],
    "codename": "shared_umbrella",
    "scenario": "It pours again.",
    "agents_background": {
        "Marta Stone": "Marta Stone is a 61-year-old female pilot. She/her pronouns. Marta Stone keeps pigeons. "
        "Personality and values description: Marta Stone weighs things. Marta's secrets: She cannot swim.",
        "Marta Hill": "Marta Hill is a 30-year-old nonbinary . They/them pronouns.  "
        "Personality and values description: Open to all. Marta's secrets: ",
    },
    "social_goals": {
        "Marta Stone": "Keep dry (Extra information: You hate water.)",
        "Marta Hill": "Get under it",
    },
    "social_interactions": "Turn #0 ...",
    "rewards": [],
}


def made(*records: Any) -> Imported:
    return scenarios_from((f"r:{n}", record) for n, record in enumerate(records, 1))


def reasons(*records: Any) -> list[str]:
    return [f"{s.where}: {s.reason}" for s in made(*records).skipped]


def test_an_environment_takes_agents_of_the_ages_that_it_names() -> None:
    done = made(OLD, YOUNG, ENVIRONMENT)
    assert done.skipped == done.shortened == ()
    (scenario,) = done.scenarios
    assert (scenario.id, scenario.title) == ("sotopia-shared-umbrella", "Shared umbrella")
    assert scenario.names == ("Zdenek", "Marta")
    assert scenario.situation == "It pours. Zdenek has an umbrella, Marta has none."
    young, old = scenario.parts
    assert young.goal == "Keep dry"
    assert young.knows == ("You hate water.", "A hint: Praise Marta.", "About Marta: Marta keeps pigeons.")
    assert young.character.occupation == "of unknown occupation"
    assert young.secret is None
    assert young.relations == (("Marta", "a friend"),)
    assert old.knows == ("What counts: Half counts.", "Marta weighs things.")
    assert old.secret == Secret("Marta cannot swim.")
    assert old.character.traits == ("Openness - High", "Neuroticism - Low", "decides: analytical")
    assert old.character.values == ("care", "fairness", "security")


def test_pairings_and_relationships_are_used_where_they_are_given() -> None:
    third = {**YOUNG, "pk": "A3", "first_name": "Pat", "relationship": None}
    together = {"agent_1_id": "A3", "agent_2_id": "A1", "relationship": 5, "background_story": "Pat is Marta's child."}
    pairs = [{"env_id": "E1", "agent_ids": ids} for ids in (["A3", "A1"], ["A1", "A2"], ["A1", "A9"])]
    done = made(OLD, YOUNG, third, together, *pairs, ENVIRONMENT, {"env_id": "E9", "agent_ids": ["A1"]})
    first, second = done.scenarios
    assert (first.names, second.names) == (("Pat", "Marta"), ("Marta", "Zdenek"))
    assert (first.id, second.id) == ("sotopia-shared-umbrella", "sotopia-shared-umbrella-2")
    assert first.parts[0].relations == (("Marta", "family"),)
    assert "Pat is Marta's child." in first.parts[1].knows
    assert second.parts[0].relations == (("Zdenek", "a friend"),)
    assert [s.reason for s in done.skipped] == ["the agent 'A9' was not given", "no environment of this id was given"]


def test_an_episode_stands_alone() -> None:
    done = made(EPISODE, {**EPISODE, "episode_id": "X2", "rewards": [1]})
    (scenario,) = done.scenarios
    assert scenario.names == ("Marta S", "Marta H")
    one, other = scenario.parts
    assert (one.character.age, one.character.occupation) == (61, "pilot")
    assert (other.character.age, other.character.occupation) == (30, "of unknown occupation")
    assert one.goal == "Keep dry"
    assert one.secret == Secret("She cannot swim.")
    assert other.secret is None
    assert one.knows == ("You hate water.", "Marta Stone weighs things.")
    assert other.knows == ("Open to all.", "About Marta S: Marta Stone keeps pigeons.")


def test_an_episode_prefers_the_profiles() -> None:
    (scenario,) = made({**EPISODE, "agent_ids": ["A1", "A2"]}, OLD, YOUNG).scenarios
    assert scenario.names == ("Marta", "Zdenek")
    assert scenario.parts[0].character.values == ("care", "fairness", "security")


def test_what_is_too_long_is_cut_at_a_sentence() -> None:
    done = made({**EPISODE, "scenario": "This sentence is said over and over. " * 60})
    (scenario,) = done.scenarios
    assert done.shortened == (scenario.id,)
    assert LONGEST_SITUATION // 2 < len(scenario.situation) <= LONGEST_SITUATION
    assert scenario.situation.endswith("over.")
    (scenario,) = made({**EPISODE, "scenario": "word " * 500}).scenarios
    assert scenario.situation.endswith("word…")


def test_tags_and_odd_characters_go() -> None:
    (scenario,) = made({**EPISODE, "scenario": "A\x07 <p viewer='agent_0'>b</p>\u00a0 \u200bc."}).scenarios
    assert scenario.situation == "A b c."


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (None, "it is not a JSON object"),
        (["a"], "it is not a JSON object"),
        ({"a": 1}, "it is no environment, agent, relationship, pairing or episode"),
        ({**OLD, "age": 16}, "Marta Stone is 16 years old"),
        ({**OLD, "age": None}, "the age of Marta Stone is not known"),
        ({**OLD, "first_name": "李"}, "李 Stone has no name in plain letters"),
        (ENVIRONMENT, "it names no agents, and none of those given is of the age it asks for"),
        ({**ENVIRONMENT, "agent_goals": None}, "it has 0 people and 0 goals"),
        ({**EPISODE, "scenario": ""}, "the scenario is missing"),
        ({**EPISODE, "social_goals": None}, "backgrounds or goals are missing"),
        ({**EPISODE, "agents_background": {}}, "the age of Marta Stone is not known"),
        ({**EPISODE, "social_goals": {**EPISODE["social_goals"], "Marta Stone": "Unknown"}}, "Marta S has no goal"),
    ],
)
def test_why_a_record_is_skipped(record: Any, reason: str) -> None:
    assert reasons(record) == [f"r:1: {reason}"]


def test_reading_the_files(tmp_path: Path) -> None:
    lines, whole, bad = tmp_path / "a.jsonl", tmp_path / "b.json", tmp_path / "c.json"
    lines.write_text(json.dumps(OLD) + "\n\nno json\n")
    whole.write_text(json.dumps([YOUNG, ENVIRONMENT]))
    bad.write_text("{")
    assert list(read_records(lines)) == [("a.jsonl:1", OLD), ("a.jsonl:3", None)]
    assert list(read_records(whole)) == [("b.json[1]", YOUNG), ("b.json[2]", ENVIRONMENT)]
    with pytest.raises(OptionError, match=r"c.json is not JSON"):
        list(read_records(bad))
    with pytest.raises(OptionError, match="cannot be read: No such file"):
        list(read_records(tmp_path / "none.jsonl"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["A1", "A2", 30]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=count(50, 5_000), deadline=None)
@given(st.data())
def test_whatever_stands_in_the_fields_it_imports_or_says_why_not(data: st.DataObject) -> None:
    records = []
    for base in (OLD, YOUNG, ENVIRONMENT, EPISODE, {"env_id": "E1", "agent_ids": ["A1", "A2"]}):
        changed = data.draw(st.lists(st.sampled_from(sorted(base)), max_size=2))
        records.append({**base, **{key: data.draw(VALUES) for key in changed}})
    done = made(*records)
    assert done.scenarios or done.skipped
    sheaf = parse(dump(done.scenarios), "w", {}) if done.scenarios else None
    assert sheaf is None or (sheaf.problems == () and sheaf.scenarios == done.scenarios)
