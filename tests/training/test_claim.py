"""The claim's table: what self-play made of a model, and whether outsiders understand how it talks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agents.engines.local.weights import load_weights
from training import claim
from training.episodes import Episode
from training.outsiders import Moved, _moves, understood
from training.polls import debates
from training.standings import moments


def test_a_move_is_by_how_much_a_message_changed_the_listeners_minds(
    episodes: list[Episode], tiny_checkpoint: Path
) -> None:
    """Ballots that name the other side more with every poll: each message moves by that much, whoever speaks."""
    codec = load_weights(tiny_checkpoint).codec
    episode = max(episodes, key=lambda e: e.turns)
    of_match = moments(episode, False)
    held = debates(episode, of_match, codec)
    sides = episode.outcome.sides
    side_of = dict(zip(episode.names, sides, strict=True))
    probabilities = []
    for debate in held:
        for number, ballots in enumerate(debate.ballots.values()):
            for ballot in ballots:
                other = np.array([side_of[c] != sides[ballot.turn.seat] for c in ballot.turn.choices])
                share = 0.1 + 0.05 * number
                probabilities.append(np.where(other, share / max(1, other.sum()), 0.0))
    moved = _moves(episode, of_match, held, probabilities, "village")
    told = [move for of in moved.values() for move in of]
    assert told
    assert told == pytest.approx([0.05] * len(told))
    own = {episode.decisions[n].seat for n, free in zip(episode.which, episode.trainable, strict=True) if free}
    assert len(told) <= sum(e.kind == "said" and e.data["seat"] in own for e in episode.events), (
        "one a message, and none for whom is not asked about"
    )


def test_outsiders_are_asked_of_every_message(episodes: list[Episode], tiny_checkpoint: Path) -> None:
    weights = load_weights(tiny_checkpoint)
    heard = understood(weights.model, weights.codec, episodes, "village")
    assert set(heard) == {"village", "werewolves"}
    for moved in heard.values():
        assert moved.messages > 0
        assert moved.low <= moved.mean <= moved.high


def test_the_interval_is_over_matches_not_messages() -> None:
    assert Moved.of([]) == Moved(0.0, 0.0, 0.0, 0)
    one = Moved.of([[0.1] * 50, [0.3] * 50, []])
    assert one.mean == pytest.approx(0.2)
    assert one.messages == 100
    assert one.high - one.mean == pytest.approx(1.96 * 0.1 / 2**0.5)


def test_a_row_says_what_became_of_it(
    capsys: pytest.CaptureFixture[str], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    short = ["--seeds", "4", "--iterations", "2", "--every", "1", "--matches", "4", "--games", "4"]
    claim.main(["--base", str(tiny_checkpoint), "--recipe", "options", *short, "--out", str(tmp_path), "--json"])
    told = json.loads(capsys.readouterr().out)
    (row,) = told["rows"]
    assert (row["recipe"], row["seed"], row["matches"]) == ("options", 4, 8)
    assert row["curve"][-1]["iterations"] == 2, "alarms may have kept the first one back"
    assert row["elo"] == row["curve"][-1]["elo"]
    for name in ("village", "old_village_against_it", "village_against_script", "well_formed"):
        rate, low, high = row[name]
        assert low <= rate <= high
    claim.main(["--base", str(tiny_checkpoint), "--checkpoint", str(tiny_checkpoint), "--games", "4"])
    assert "village" in capsys.readouterr().out
