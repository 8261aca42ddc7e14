"""The model card: what was measured of a checkpoint, and how to measure it again.

python -m training.bootstrap.card FOLDER [--games N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from agents.checkpoints import MANIFEST, Manifest, read_checkpoint
from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.policy import PolicyMind
from agents.models import taught_in
from agents.players import Player
from agents.runner import Lineup, Played, no_log, play_matches
from agents.scripted.form import well_formed
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import WEREWOLF
from arena.games.core import Game
from arena.games.registry import game_by_name
from training.bootstrap.run import held_out
from training.bootstrap.teach import measure_reading
from training.evaluate import Evaluation, Rate, evaluate
from training.plan import LearnPlan

GAMES: Final = 300


@dataclass(frozen=True, slots=True)
class Card:
    """``play`` maps "village against X" and "wolves against X" to win rates; ``talk`` is of self-play messages."""

    reading: dict[str, float]
    well_formed: Rate
    distinct_messages: float
    """Share of self-play messages that occur once only."""
    votes_on_wolves: Rate
    """Villagers' votes in self-play, against a share of ``votes_by_chance``."""
    votes_by_chance: float
    self_play: Rate
    """Wins of the village in self-play."""
    play: dict[str, Rate]


def measure(folder: Path, games: int = GAMES) -> Card:
    """Everything on the card, freshly measured. Takes some minutes."""
    weights = load_weights(folder)
    game = game_by_name("werewolf")
    reading = measure_reading(weights.model, held_out(weights.codec, game))
    own, rivals = asyncio.run(_play(LocalEngine(folder, seed=1), game, games))
    said = [
        (e.data["text"], e.data["seat"], tuple(p.events[0].data["names"]))
        for p in own
        for e in p.events
        if e.kind in ("said", "pack_said")
    ]
    texts = [t for t, _, _ in said]
    votes, hits, chance = _votes(own)
    return Card(
        reading={
            **{k: round(v, 4) for k, v in asdict(reading).items()},
            "share_of_way": round(reading.share_of_way, 4),
        },
        well_formed=Rate.of(sum(well_formed(*s) for s in said), len(said)),
        distinct_messages=len(set(texts)) / max(1, len(texts)),
        votes_on_wolves=Rate.of(hits, votes),
        votes_by_chance=chance,
        self_play=Rate.of(sum(p.outcome.winner == "village" for p in own), len(own)),
        play={
            name: rate
            for rival, found in rivals.items()
            for name, rate in (
                (f"village against {rival} wolves", found.a_first),
                (f"wolves against a {rival} village", Rate.of(found.games - found.b_first.wins, found.games)),
            )
        },
    )


async def _play(engine: LocalEngine, game: Game[Any, Any], games: int) -> tuple[list[Played], dict[str, Evaluation]]:
    """Matches against itself, and both ways round against each script."""
    engine.start()
    me = Player("self", PolicyMind(engine))
    lineups = [Lineup(f"card/{n}", ("self",) * game.seat_count(game.options({}))) for n in range(games)]
    try:
        playing = play_matches(game, game.options({}), lineups, {"self": me.mind}, no_log, purpose="evaluation")
        own = [match async for match in playing]
        rivals = {
            name: await evaluate(game, me, Player(name, ScriptedMind(name, script, seed=2)), games=games, seed="card")
            for name, script in WEREWOLF.items()
        }
    finally:
        await engine.stop()
    return own, rivals


def _votes(matches: Sequence[Played]) -> tuple[int, int, float]:
    """Villagers' votes, how many of them fell on werewolves, and how many would have by chance."""
    votes = hits = 0
    chance = 0.0
    for match in matches:
        sides = match.outcome.sides
        alive = [True] * len(sides)
        for event in match.events:
            match event.kind:
                case "votes":
                    wolves = sum(a and s == "werewolves" for a, s in zip(alive, sides, strict=True))
                    for seat, target in event.data["ballots"]:
                        if sides[seat] == "village" and target is not None:
                            votes += 1
                            hits += sides[target] == "werewolves"
                            chance += wolves / (sum(alive) - 1)
                case "killed" | "exiled":
                    alive[event.data["seat"]] = False
                case _:
                    pass
    return votes, hits, chance / max(1, votes)


def write_card(folder: Path, card: Card) -> Manifest:
    """Put the figures into the manifest (they are no part of the id) and a README.md beside it."""
    manifest = read_checkpoint(folder)
    manifest = replace(manifest, figures={**manifest.figures, "card": asdict(card)})
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n")
    (folder / "README.md").write_text(as_markdown(manifest, card))
    return manifest


def as_markdown(manifest: Manifest, card: Card) -> str:
    r, t = card.reading, manifest.training
    made = " and then ".join(stages(t, len(manifest.figures.get("updates", ()))))
    taught = "scripted games" if t.get("stage") == "bootstrap" else "scripted games and what it said in its own"
    parent = manifest.parent or "none"
    titles = " and ".join(game_by_name(name).title for name in sorted(taught_in(t), reverse=True))
    rows = "\n".join(
        _row(name, f"{x.rate:.3f}", f"{x.low:.3f} to {x.high:.3f}", x.games)
        for name, x in {"village against itself": card.self_play, **card.play}.items()
    )
    return f"""---
license: apache-2.0
library_name: transformers
---
# {manifest.id}

A small language model that plays {titles}, every seat of it, in English. Made by {made} from
{manifest.games:,} games; no text but the project's own {taught} was used. It speaks only the scripts' small
language, and it lies, as the games ask: use it for nothing else.

| stage | parameters | tokenizer | prompt version | parent |
| --- | --- | --- | --- | --- |
{_row(t.get("stage"), t.get("parameters", "as its parent"), manifest.tokenizer, manifest.prompt_version, parent)}

## Reading
On scripted games that it never saw, a villager's vote falls on a werewolf with probability {r["model"]:.3f}
(teacher {r["teacher"]:.3f}, chance {r["chance"]:.3f}: {r["share_of_way"]:.0%} of the way from chance to the teacher).
Cross-entropy to the teacher {r["vote_loss"]:.3f} nats, the teacher's own entropy {r["vote_floor"]:.3f}.
Unmasked, it gives {r["legal"]:.3f} of its probability to legal choices.

## Talk and votes in self-play
{card.well_formed.rate:.1%} of {card.well_formed.games} messages are well-formed (`agents.scripted.form`);
{card.distinct_messages:.0%} of them differ from all others. {card.votes_on_wolves.rate:.3f} of the villagers'
{card.votes_on_wolves.games} votes fall on werewolves (by chance {card.votes_by_chance:.3f}).

## Wins
| side | wins | 95 % interval | games |
| --- | --- | --- | --- |
{rows}

Measured by `python -m training.bootstrap.card FOLDER --games {card.self_play.games}`; default rules, temperature 1.
"""


def stages(training: Mapping[str, Any], updates: int = 0) -> list[str]:
    """The commands that made a checkpoint, first to last. ``updates`` are those of the last stage, where it is one of
    self-play."""
    earlier = stages(training["before"]) if "before" in training else []
    if training.get("stage") != "bootstrap":
        more = " --model BEFORE" if earlier else ""
        more += f" --iterations {updates}" if updates else ""
        return [*earlier, f"`arena train{more}{_settings(training)}`"]
    teach = training["teach"]
    more = " --model BEFORE" if earlier else ""
    more += "".join(f" --game {game}" for game in training.get("games", ()))
    return [
        *earlier,
        f"`arena bootstrap{more} --minutes {teach['seconds'] / 60:g} --lr {teach['lr']:g} --seed {teach['seed']}"
        f"{' --talk-share ' + format(teach['talk_share'], 'g') if 'talk_share' in teach else ''}`",
    ]


def _settings(training: Mapping[str, Any]) -> str:
    """What a stage of ``arena train`` had otherwise than by default, as options."""
    said: list[str] = []
    for one in fields(LearnPlan):
        value = training.get(one.name, one.default)
        name = {"kl_weight": "kl"}.get(one.name, one.name).replace("_", "-")
        if value == one.default:
            continue
        if isinstance(value, bool):
            said.append(f"--{name}" if value else f"--no-{name}")
        else:
            said.append(f"--{name} {value:g}" if isinstance(value, float | int) else f"--{name} {value}")
    return "".join(f" {option}" for option in said)


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--games", type=int, default=GAMES)
    arguments = parser.parse_args()
    card = measure(arguments.folder, arguments.games)
    write_card(arguments.folder, card)
    print(json.dumps(asdict(card), indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
