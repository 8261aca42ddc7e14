"""The legal answers of a choice as a tree of tokens: what to read behind the branch to score all of them at once.

The policy walks from the root, at each fork among the tokens that still lead to an option. Only forks need logits: the
first is behind the branch itself, the others behind *chains* of tokens that are read in the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from torch import Tensor

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChoiceTree:
    """``forks`` says, by the tokens so far, which tokens may follow where more than one may. ``chains`` are the tokens
    to read behind the branch so that every fork but the first is the end of one of their beginnings. ``dead`` options
    can never be the answer, because another one ends where they go on or is the same."""

    options: tuple[Tokens, ...]
    forks: Mapping[Tokens, Tokens]
    chains: tuple[Tokens, ...]
    dead: frozenset[int]

    @property
    def is_flat(self) -> bool:
        """Whether every option is one token."""
        return not self.dead and all(len(o) == 1 for o in self.options)

    def scores(self, logp_at: Callable[[Tokens, Tokens], Sequence[float]]) -> list[tuple[float, ...]]:
        """By option, the log-probability of each of its tokens; empty for a dead one.

        ``logp_at(fork, followers)`` gives the log-probabilities of the followers among themselves.
        """
        known = {fork: dict(zip(after, logp_at(fork, after), strict=True)) for fork, after in self.forks.items()}
        return [
            () if i in self.dead else tuple(known[o[:k]][o[k]] if o[:k] in known else 0.0 for k in range(len(o)))
            for i, o in enumerate(self.options)
        ]


@lru_cache(maxsize=4096)
def choice_tree(options: tuple[Tokens, ...]) -> ChoiceTree:
    dead = frozenset(
        i
        for i, o in enumerate(options)
        if any(
            len(p) <= len(o) and o[: len(p)] == p and (len(p) < len(o) or j < i)
            for j, p in enumerate(options)
            if j != i
        )
    )
    after: dict[Tokens, dict[int, None]] = {}
    for i, option in enumerate(options):
        if i in dead:
            continue
        for k, token in enumerate(option):
            after.setdefault(option[:k], {})[token] = None
    forks = {prefix: tuple(tokens) for prefix, tokens in after.items() if len(tokens) > 1}
    chains = tuple(f for f in forks if f and not any(len(g) > len(f) and g[: len(f)] == f for g in forks))
    return ChoiceTree(options, forks, chains, dead)


def log_softmax_of(logits: Tensor, followers: Tokens, temperature: float) -> list[float]:
    """Log-probabilities of a few tokens among themselves, from logits (V,)."""
    return (logits[list(followers)] / temperature).log_softmax(-1).tolist()
