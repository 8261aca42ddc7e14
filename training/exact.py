"""How well a policy plays a small game, computed and not sampled: from its own probabilities at every situation.

**Kuhn poker**, exploitability in chips a hand: with u(σ₁, σ₂) what the first player wins on average and both best
responses, (max_a u(a, σ₂) + max_b −u(σ₁, b)) / 2, half of NashConv (Lanctot et al. 2017). 0 is an equilibrium; whoever
always acts uniformly has 11/24.

**Tic-tac-toe** against a perfect player, who draws among the moves that lose nothing: how often the policy does not
lose, on average over both marks. Lines of play are followed one by one, because a prompt holds the moves and not only
the position.

A policy is asked with prompts made as in play (``agents.llm.prompt``); its probabilities are those over the legal
choices at temperature 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch

from agents.llm.prompt import Codec, SeatReader, Trunk, option_tokens
from agents.scripted.equilibrium import History, Strategy
from agents.scripted.minimax import best
from arena.games.chance import Chance
from arena.games.core import Act, Event, Game, Turn, begin, step, visible
from arena.games.kuhn import Kuhn
from arena.games.kuhn.hand import CARDS, HISTORIES, choices, won_by_first
from arena.games.kuhn.rules import deal
from arena.games.tictactoe import TicTacToe
from training.packing import PACKED, Branch, TokenGame, hidden_states, pack

GAME_VALUE: Final = -1 / 18
"""What the first player wins in Kuhn poker, in chips a hand, where neither can be exploited."""
DEALS: Final = tuple(itertools.permutations(CARDS, 2))
ROWS_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Situation:
    """``seen`` is the stream of the seat that ``turn`` asks."""

    seen: Sequence[Event]
    turn: Turn


Policy = Callable[[Game[Any, Any], Sequence[Situation]], list[dict[str, float]]]
"""The probability of each choice in each situation."""


@dataclass(slots=True)
class ModelPolicy:
    """A model's probabilities. Its attention is set to the packed one.

    Raises:
        ValueError: two choices begin with the same token.
    """

    model: Any
    codec: Codec

    @torch.no_grad()
    def __call__(self, game: Game[Any, Any], situations: Sequence[Situation]) -> list[dict[str, float]]:
        self.model.set_attn_implementation(PACKED)
        found: list[dict[str, float]] = []
        for part in _parts(situations):
            found.extend(self._part(game, part))
        return found

    def _part(self, game: Game[Any, Any], situations: Sequence[Situation]) -> Iterator[dict[str, float]]:
        rows: list[TokenGame] = []
        for situation in situations:
            trunk, reader = Trunk.open(self.codec), SeatReader(game)
            reader.read_on(self.codec, trunk, situation.seen)
            tokens = tuple(trunk.tokens)
            rows.append(TokenGame(tokens, (Branch(len(tokens), reader.branch(self.codec, situation.turn), ()),)))
        batch = pack(rows)
        last = [first + length - 1 for ((first, length),) in batch.branch_spans]
        logits = self.model.get_output_embeddings()(hidden_states(self.model, batch)[torch.tensor(last)]).float()
        for situation, row in zip(situations, logits, strict=True):
            tokens = [option[0] for option in option_tokens(self.codec, situation.turn)]
            if len(set(tokens)) < len(tokens):
                raise ValueError(f"choices of {situation.turn.id} begin with the same token")
            chances = row[tokens].double().softmax(-1).tolist()
            yield dict(zip(situation.turn.choices, chances, strict=True))


def _parts(situations: Sequence[Situation]) -> Iterator[Sequence[Situation]]:
    return (situations[i : i + ROWS_AT_ONCE] for i in range(0, len(situations), ROWS_AT_ONCE))


# -- Kuhn poker --------------------------------------------------------------------------------------------------


def kuhn_strategy(policy: Policy) -> dict[tuple[str, History], Mapping[str, float]]:
    """What a policy does at all twelve information sets, in matches of one hand."""
    game = Kuhn()
    where: list[tuple[str, History]] = []
    situations: list[Situation] = []
    for history in HISTORIES:
        for card in CARDS:
            mine = len(history) % 2
            cards = [next(c for c in CARDS if c != card)] * 2  # which of the other two it is, the seat does not see
            cards[mine] = card
            where.append((card, history))
            situations.append(_kuhn_situation(game, cards, history))
    return dict(zip(where, policy(game, situations), strict=True))


def _kuhn_situation(game: Kuhn, cards: Sequence[str], history: History) -> Situation:
    chance, options = Chance(0), game.options({})
    state, events = begin(game, options, chance, (game.opening(options, chance)[0], *deal(1, cards)))
    for act in history:
        state, more = step(game, state, game.turns(state)[0], Act(choice=act), chance)
        events = (*events, *more)
    (turn,) = game.turns(state)
    return Situation(visible(events, turn.seat), turn)


def kuhn_value(first: Strategy, second: Strategy) -> float:
    """What the first player wins on average, in chips a hand."""
    return sum(_won(cards, (), (first, second)) for cards in DEALS) / len(DEALS)


def _won(cards: tuple[str, str], history: History, players: tuple[Strategy, Strategy]) -> float:
    if not choices(history):
        return won_by_first(cards, history)
    seat = len(history) % 2
    does = players[seat][cards[seat], history]
    return sum(does[act] * _won(cards, (*history, act), players) for act in choices(history))


def exploitability(strategy: Strategy) -> float:
    """In chips a hand, of one policy that plays both seats: what a best response wins against it, on average over the
    seats."""
    return (_best_response(strategy, 0) + _best_response(strategy, 1)) / 2


def _best_response(strategy: Strategy, seat: int) -> float:
    """The most that whoever sits in ``seat`` can win on average against ``strategy`` in the other one, over all 64
    plans of that seat (two choices at six information sets)."""
    sets = [(card, history) for history in HISTORIES if len(history) % 2 == seat for card in CARDS]
    most = float("-inf")
    for plan in itertools.product(*(choices(history) for _, history in sets)):
        pure = {at: {c: float(c == act) for c in choices(at[1])} for at, act in zip(sets, plan, strict=True)}
        won = kuhn_value(pure, strategy) if seat == 0 else -kuhn_value(strategy, pure)
        most = max(most, won)
    return most


# -- tic-tac-toe -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgainstPerfect:
    """How a policy ends against a perfect player, by mark: shares of all matches that were followed to the end.
    ``left_out`` is the share of those that were not, because they are less likely than the limit each; it counts as
    lost, so ``not_lost`` is never too high."""

    drawn: tuple[float, float]
    won: tuple[float, float]
    left_out: tuple[float, float]

    @property
    def not_lost(self) -> float:
        """On average over both marks."""
        return sum(self.drawn + self.won) / 2


def against_perfect(policy: Policy, least: float = 1e-5) -> AgainstPerfect:
    """
    Args:
        least: lines of play that are less likely than this are left out.
    """
    found = [_against_perfect(policy, seat, least) for seat in (0, 1)]
    drawn, won, left_out = zip(*found, strict=True)
    return AgainstPerfect(drawn, won, left_out)


def _against_perfect(policy: Policy, seat: int, least: float) -> tuple[float, float, float]:
    game, chance = TicTacToe(), Chance(0)
    drawn = won = left_out = 0.0
    state, events = begin(game, game.options({}), chance)
    lines = [(1.0, state, events)]
    while lines:
        turns = [game.turns(state)[0] for _, state, _ in lines]
        mine = turns[0].seat == seat
        if mine:
            answers = policy(game, [Situation(e, t) for (_, _, e), t in zip(lines, turns, strict=True)])
        else:
            moves = [best(state.board, "XO"[1 - seat]) for _, state, _ in lines]
            answers = [dict.fromkeys(good, 1 / len(good)) for good in moves]
        coming = []
        for (share, state, events), turn, answer in zip(lines, turns, answers, strict=True):
            for square, p in answer.items():
                if share * p < least:
                    left_out += share * p
                    continue
                after, more = step(game, state, turn, Act(choice=square), chance)
                outcome = game.outcome(after)
                if outcome is None:
                    coming.append((share * p, after, (*events, *more)))
                else:
                    drawn += share * p * (outcome.returns[seat] == 0)
                    won += share * p * (outcome.returns[seat] > 0)
        lines = coming
    return drawn, won, left_out
