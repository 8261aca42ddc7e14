"""The recipes of self-play that ``training.claim`` compares on Werewolf: what is learnt, how, and against whom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from training.league import LeaguePlan
from training.plan import LearnPlan


@dataclass(frozen=True, slots=True)
class Recipe:
    learn: LearnPlan
    league: LeaguePlan = field(default_factory=LeaguePlan)


_PLAIN: Final = LearnPlan(counterfactual=False, grammar=0.2)
_POLLS: Final = replace(_PLAIN, counterfactual=True, all_options=True, polls=True)
_MUON: Final = replace(_POLLS, muon=8e-3, lr=1e-3, passes=1)
_FALLING: Final = replace(_MUON, final_lr=0.1, grammar=0.5)
RECIPES: Final = {
    "rae": Recipe(replace(_PLAIN, estimator="rae")),
    "flat, seat critic": Recipe(replace(_PLAIN, estimator="flat", critic="seat")),
    "hierarchical, seat critic": Recipe(replace(_PLAIN, critic="seat")),
    "flat": Recipe(replace(_PLAIN, estimator="flat")),
    "turn": Recipe(replace(_PLAIN, estimator="turn")),
    "hierarchical": Recipe(_PLAIN),
    "counterfactual": Recipe(replace(_PLAIN, counterfactual=True)),
    "options": Recipe(replace(_PLAIN, counterfactual=True, all_options=True)),
    "polls": Recipe(_POLLS),
    "listening": Recipe(replace(_POLLS, listening=0.05)),
    "muon": Recipe(_MUON),
    "falling": Recipe(_FALLING),
    "league": Recipe(_FALLING, LeaguePlan(0.5, ("scripted:bold", "scripted:sly"))),
}
"""From the baselines of SPIRAL and a critic of the seat to straw polls, each with one thing more than what stands
before it; then another optimiser, steps that fall over the run, and opponents that do not learn in half of the matches.
Nobody meets the script that ``training.claim`` judges by."""
