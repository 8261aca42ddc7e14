"""Straw polls: what the table would decide if it chose now.

Between two messages every seat that will have to choose is asked for its choice, in a branch that is scored and never
played (``Game.probe``). What a poll is worth, ``training.foresight`` says.

Letters: O choices of a voter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from agents.llm.prompt import Codec, option_tokens
from agents.llm.reading import MatchReader
from arena.games.core import Turn, visible
from training.credit.base import Floats
from training.episodes import Episode
from training.packing import Branch, TokenGame, hidden_states, matches_a_pack, pack
from training.standings import Moment


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one seat would choose. ``branch`` has no answer; ``tokens`` (O,) are the first of each choice, all
    different, so that their probabilities are those of the choices."""

    turn: Turn
    branch: Branch
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Debate:
    """The messages before one decision. ``ballots`` go by the number of events that had happened; ``closing`` is the
    number of the first real choice, in whose state all of them were still to be made."""

    ballots: Mapping[int, tuple[Ballot, ...]]
    closing: int


def debates(episode: Episode, moments: Sequence[Moment], codec: Codec) -> list[Debate]:
    """The polls to be held. None in matches that are more than one row (a shortened trunk, seats apart), and none where
    two choices begin with the same token."""
    if len(episode.rows) != 1:
        return []
    reading = _Reading(episode, codec)
    found: list[Debate] = []
    open_: dict[int, tuple[Ballot, ...]] = {}
    kind: str | None = None
    for n, moment in enumerate(moments):
        if open_ and moment.turn.kind == kind:
            found.append(Debate(open_, n))
            open_ = {}
        if moment.turn.kind in episode.game.decisive:
            continue
        for seen in (moment.seen, moment.seen + moment.said) if moment.heard and moment.turn.text_limit else ():
            if seen not in open_ and (ballots := reading.ballots(moment.state, seen)):
                kind = ballots[0].turn.kind
                open_[seen] = ballots
    return found


class _Reading:
    """The seats of a match, reading on from poll to poll."""

    def __init__(self, episode: Episode, codec: Codec) -> None:
        self._episode, self._codec = episode, codec
        self._reading = MatchReader(codec, episode.game)

    def ballots(self, state: Any, seen: int) -> tuple[Ballot, ...]:
        """Empty where nobody is to choose, or where the choices cannot be told apart by one token."""
        game, events = self._episode.game, self._episode.events[:seen]
        found: list[Ballot] = []
        for seat in range(len(game.seat_names(state))):
            turn = game.probe(state, seat)
            if turn is None:
                continue
            reader, place, _ = self._reading.read_on(seat, visible(events, seat))
            tokens = tuple(option[0] for option in option_tokens(self._codec, turn))
            if len(set(tokens)) < len(tokens):
                return ()
            found.append(Ballot(turn, Branch(place.length, reader.branch(self._codec, turn), ()), tokens))
        return tuple(found)


def hold(model: Any, episodes: Sequence[Episode], held: Sequence[Sequence[Debate]]) -> list[list[Floats]]:
    """The probabilities (O,) of every ballot, by episode, in the order of its debates, polls and voters.

    ``model`` has the packed attention.
    """
    asked = [[b for debate in of for poll in debate.ballots.values() for b in poll] for of in held]
    games = [
        TokenGame(episode.rows[0].trunk if of else (), tuple(b.branch for b in of))
        for episode, of in zip(episodes, asked, strict=True)
    ]
    return probabilities(model, games, [[b.tokens for b in of] for of in asked])


@torch.no_grad()
def probabilities(
    model: Any, rows: Sequence[TokenGame], tokens: Sequence[Sequence[tuple[int, ...]]]
) -> list[list[Floats]]:
    """Those (O,) of the ``tokens`` (O,) that may follow each branch, by row and branch. No branch has an answer.

    ``model`` has the packed attention.
    """
    device, dtype = next(model.parameters()).device, next(model.parameters()).dtype
    micro = matches_a_pack(device)
    out: list[list[Floats]] = [[] for _ in rows]
    order = sorted((i for i, row in enumerate(rows) if row.branches), key=lambda i: len(rows[i].trunk))
    head = model.get_output_embeddings()
    for start in range(0, len(order), micro):
        part = order[start : start + micro]
        batch = pack([rows[i] for i in part], device, dtype)
        last = [first + length - 1 for spans in batch.branch_spans for first, length in spans]
        logits = head(hidden_states(model, batch)[torch.tensor(last, device=device)]).float().cpu()
        each = iter(logits)
        for i in part:
            out[i].extend(next(each)[list(of)].double().softmax(-1).numpy() for of in tokens[i])
    return out
