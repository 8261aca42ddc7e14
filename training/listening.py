"""The listening loss: how well the policy knows what is hidden, where its seats are asked (Sarkar et al. 2025,
https://arxiv.org/abs/2502.06060).

After public lines of a match, seats that do not know the answer are asked the game's own question (``Game.questions``):
who is a werewolf, say. Each is a scored branch beside those of the policy's decisions, made from what its seat sees and
from nothing else; what is true is known to the loss alone. With T the true choices among all, a probe costs

    L = −(1 / |T|) · Σ_{c ∈ T} log p(c)

the cross-entropy against the uniform distribution over T. It is a proper score: on average it is least where p(c) is
the chance that c comes out when one of T is drawn, given what the seat has seen. (−log p(T) is not: it is least where
all of p lies on the one choice that is likeliest to be true, and asks nothing of the others.) With several true choices
it never gets below log |T|. Knowing nothing costs log O.

The question has words of its own. Asked in those of the vote, the loss wants votes as spread as the evidence, and
matches are won by votes that agree: such questions are left out (``Game.as_choices``).

Letters: P probes of a batch, O choices of a probe, S tokens of a pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from agents.llm.probe import after_public_lines
from agents.llm.prompt import Codec, option_tokens, room_for
from agents.llm.reading import MatchReader
from arena.errors import UserError
from arena.games.core import Question, visible
from arena.replay.placing import states
from training.credit.base import Floats
from training.episodes import Episode
from training.packing import Branch, TokenGame
from training.polls import probabilities

PROBES: Final = 12
"""At most so many of a match, drawn anew for every update."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One probe: what ``seat`` is asked when ``seen`` events have happened. ``branch`` continues the trunk of row
    ``row`` of its episode and ends in the cue; ``tokens`` (O,) are the first of each choice, all different. ``true``
    (O,) marks the right ones, and is all that holds more than the seat knows."""

    seen: int
    seat: int
    row: int
    branch: Branch
    tokens: tuple[int, ...]
    true: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Guesses:
    """The probes of a batch. ``at`` (P,) is the flat number of the token before each answer, ``tokens`` (P, O) may
    follow, padded with -1, and ``target`` (P, O) is the distribution over the true ones."""

    at: Tensor
    tokens: Tensor
    target: Tensor


def drawn(episodes: Sequence[Episode], codec: Codec, context: int | None, seed: object) -> list[tuple[Guess, ...]]:
    """At most ``PROBES`` of each episode. The same seed draws the same ones.

    A probe whose choices do not begin with different tokens is left out, and one behind the end of its trunk.

    Args:
        context: how many tokens the model takes, where that is known; branches are shortened as in play.

    Raises:
        UserError: no probe is left in any of them.
    """
    random = Random(f"listening/{seed}")
    found = [tuple(_guesses(episode, codec, context, random)) for episode in episodes]
    if not any(found):
        raise UserError(
            f"There is nothing to listen for: in none of these matches of {episodes[0].game.title} can a seat be asked "
            "about what it does not know, with choices that begin with different tokens. Leave --listening out."
        )
    return found


def _guesses(episode: Episode, codec: Codec, context: int | None, random: Random) -> Iterator[Guess]:
    own = [n for n, free in zip(episode.which, episode.trainable, strict=True) if free]
    if not own:
        return
    asked = _open(episode, {episode.decisions[n].seat for n in own})
    record = episode.decisions[own[0]].tokens
    assert record is not None, "what may be learnt from has tokens"
    reading = MatchReader(codec, episode.game, record.trunk_limit)
    rows = _rows(episode)
    for at in sorted(random.sample(range(len(asked)), min(PROBES, len(asked)))):
        seen, question, true = asked[at]
        reader, place, _ = reading.read_on(question.seat, visible(episode.events[:seen], question.seat))
        options = option_tokens(codec, question)
        tokens = tuple(option[0] for option in options)
        row = rows.get(place.epoch)
        if row is None or place.length > len(episode.rows[row].trunk) or len(set(tokens)) < len(tokens):
            continue
        room = room_for(context, place, max(map(len, options)))
        prompt = reader.asked(codec, question.choices, codec.encode(question.cue), room)
        yield Guess(seen, question.seat, row, Branch(place.length, prompt, ()), tokens, true)


def _open(episode: Episode, seats: set[int]) -> list[tuple[int, Question, tuple[bool, ...]]]:
    """What may be asked of these seats, in order: events seen, question, truth."""
    game, events = episode.game, episode.events
    due = after_public_lines(game, events)
    found: list[tuple[int, Question, tuple[bool, ...]]] = []
    for seen, state in enumerate(states(game, events)):
        for seat in sorted(seats) if seen in due else ():
            question = next((q for q in game.questions(state, seat) if q.name not in game.as_choices), None)
            if question is not None and not game.knows(state, question):
                true = game.truth(state, question)
                if any(true):
                    found.append((seen, question, true))
    return found


def _rows(episode: Episode) -> dict[int, int]:
    """The reader's number of a row → its number among those of the episode, which leave out rows without decisions."""
    found: dict[int, int] = {}
    first = 0
    for own, row in enumerate(episode.rows):
        record = episode.decisions[episode.which[first]].tokens
        assert record is not None, "branches are of decisions with tokens"
        found[record.epoch] = own
        first += len(row.branches)
    return found


def laid(guesses: Sequence[Guess], at: Sequence[int], device: torch.device | str) -> Guesses:
    """As tensors, where the last token of each branch is the flat number ``at``."""
    most = max(len(guess.tokens) for guess in guesses)
    tokens = [[*guess.tokens, *[-1] * (most - len(guess.tokens))] for guess in guesses]
    target = [[float(t) / sum(guess.true) for t in guess.true] + [0.0] * (most - len(guess.true)) for guess in guesses]
    return Guesses(
        torch.tensor(at, device=device), torch.tensor(tokens, device=device), torch.tensor(target, device=device)
    )


def listening_loss(model: Any, hidden: Tensor, guesses: Guesses) -> Tensor:
    """The mean cost of these probes in nats, from the hidden states (S, width) of their pack."""
    logits = model.get_output_embeddings()(hidden[guesses.at]).float()
    limited = logits.gather(1, guesses.tokens.clamp_min(0)).masked_fill(guesses.tokens < 0, -1e9)
    return -(guesses.target * limited.log_softmax(-1)).sum(-1).mean()


def believed(model: Any, episodes: Sequence[Episode], asked: Sequence[Sequence[Guess]]) -> list[list[Floats]]:
    """The probabilities (O,) that ``model``, which has the packed attention, gives the choices of each probe."""
    rows: list[TokenGame] = []
    tokens: list[list[tuple[int, ...]]] = []
    for episode, guesses in zip(episodes, asked, strict=True):
        for n, row in enumerate(episode.rows):
            here = [guess for guess in guesses if guess.row == n]
            rows.append(TokenGame(row.trunk, tuple(guess.branch for guess in here)))
            tokens.append([guess.tokens for guess in here])
    answers = map(iter, probabilities(model, rows, tokens))
    found: list[list[Floats]] = []
    for episode, guesses in zip(episodes, asked, strict=True):
        of_row = [next(answers) for _ in episode.rows]
        found.append([next(of_row[guess.row]) for guess in guesses])
    return found


def cost(guess: Guess, probabilities: Floats) -> float:
    """What the probe costs in nats where its choices have these probabilities (O,)."""
    return float(-np.log(np.maximum(probabilities[list(guess.true)], 1e-12)).mean())
