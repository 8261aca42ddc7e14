"""Each kind of turn has a unit of its own, so that the noise of one does not drown another."""

from __future__ import annotations

import numpy as np
import pytest

from training.assign import Assigned, _deviations, _scaled
from training.credit.base import Floats
from training.episodes import Episode

SIZE = {"talk": 1.0, "vote": 0.1}


def sizes(episodes: list[Episode], by_kind: bool, copies: int) -> dict[str, float]:
    """The mean size of the scaled advantages by kind, where talk's are ten times a vote's, half of them negative."""
    sign = 1.0
    given: list[list[Floats]] = []
    for episode in episodes:
        of: list[Floats] = []
        for n, branch in zip(episode.which, episode.branches, strict=True):
            sign = -sign
            of.append(np.full(len(branch.answer), sign * SIZE.get(episode.decisions[n].turn_kind, 0.3)))
        given.append(of)
    many, repeated = episodes * copies, given * copies
    nothing = [[np.zeros(0)] * len(of) for of in repeated]
    scaled: list[Assigned] = _scaled(many, repeated, repeated, nothing, _deviations(many, repeated, by_kind), 1.0)
    found: dict[str, list[float]] = {}
    for episode, one in zip(many, scaled, strict=True):
        for n, a in zip(episode.which, one.advantages, strict=True):
            found.setdefault(episode.decisions[n].turn_kind, []).append(float(np.abs(a).mean()))
    return {kind: float(np.mean(of)) for kind, of in found.items()}


def test_many_turns_of_a_kind_have_its_own_deviation_as_unit(episodes: list[Episode]) -> None:
    own = sizes(episodes, True, 40)
    assert own["talk"] == pytest.approx(1.0, abs=0.1)
    assert own["vote"] == pytest.approx(1.0, abs=0.3)


def test_few_turns_of_a_kind_lean_on_the_batch(episodes: list[Episode]) -> None:
    assert sizes(episodes[:1], True, 1)["vote"] < 0.7 * sizes(episodes, True, 40)["vote"]


def test_one_unit_for_all_keeps_them_apart(episodes: list[Episode]) -> None:
    both = sizes(episodes, False, 1)
    assert both["talk"] == pytest.approx(10 * both["vote"], rel=1e-3)
