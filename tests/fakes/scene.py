"""A small scenario match, made by hand: the events that the game's log holds, and lines for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arena.db.writer import LogWriter
from arena.games.core import EVERYONE, SERVER, Event, Outcome, only
from arena.games.scenario.spec import Character, Giving, Guess, Issue, Part, Scenario, Secret, Terms
from arena.journal import EventLogged, LogRow, MatchAbandoned, MatchEnded, MatchStarted, SeatFilled

WORDS = {"said": "says", "gestured": "is seen to", "did": "does", "heard": "whispers"}


class SceneGame:
    """Stands in for the game of the same name: it has its lines and nothing else."""

    name = "scenario"
    title = "Scenes"

    def line(self, names: Sequence[str], event: Event) -> str:
        data = event.data
        match event.kind:
            case "started":
                return f"At the table: {', '.join(data['names'])}."
            case "said" | "gestured" | "did" | "heard":
                return f"{names[data['seat']]} {WORDS[event.kind]}: {data['text']}"
            case "whispered":
                return f"{names[data['seat']]} whispers."
            case "proposed":
                return f"{names[data['seat']]} proposes {', '.join(data['terms'])}."
            case "part":
                return f"You are {names[data['seat']]}."
            case "ended":
                return f"It is over. {data['scores']}"
            case kind:
                return f"{names[data['seat']]} {kind}."


def scenario(names: Sequence[str] = ("Ada", "Ben")) -> Scenario:
    parts = tuple(
        Part(
            Character(name, 30 + n, "baker", ("curious",), ("honesty",)),
            goal=f"goal of {name}",
            secret=Secret(f"{name} has debts", ("debts",)) if n == 0 else None,
            knows=(f"{name} knows the price",),
            relations=tuple((other, "a neighbour") for other in names if other != name),
        )
        for n, name in enumerate(names)
    )
    return Scenario(
        id="s1",
        family="written",
        title="The oven",
        situation=f"{names[0]} sells an oven.",
        parts=parts,
        terms=Terms(
            (Issue("price", ("low", "high")),), tuple(((n, 5),) for n in range(len(names))), (1,) * len(names), 2
        ),
        giving=Giving(8, 150),
        guesses=(Guess(1, 0, f"What does {names[0]} hide?", ("debts", "nothing"), "debts", True),),
    )


def said(seat: int, text: str) -> Event:
    return Event("said", {"seat": seat, "text": text})


def events(talk: Sequence[Event] | None = None, names: Sequence[str] = ("Ada", "Ben")) -> tuple[Event, ...]:
    """A whole log. ``talk`` is what happens between the deal and the end."""
    if talk is None:
        talk = (
            said(0, "Good morning, Ben."),
            Event("whispered", {"seat": 1, "to": [0]}),
            Event("heard", {"seat": 1, "to": [0], "text": "Is it stolen?"}, only(0, 1)),
            Event("proposed", {"seat": 0, "issues": ["price"], "terms": ["high"]}),
            Event("accepted", {"seat": 1}),
            Event("gave", {"seat": 1, "amount": 2}, only(1)),
        )
    return (
        Event("started", {"names": list(names)}),
        Event("dealt", {"scenario": scenario(names).to_json()}, SERVER),
        *(Event("part", {"seat": s, "goal": f"goal of {n}"}, only(s)) for s, n in enumerate(names)),
        *talk,
        Event("ended", {"scores": "Ada has 9 of 10"}, EVERYONE),
    )


def store(
    writer: LogWriter,
    match_id: str = "s1",
    happened: Sequence[Event] | None = None,
    *,
    game: str = "scenario",
    status: str = "over",
    at: float = 1.0,
    people: Sequence[str | None] = (None, None),
    train: bool = True,
) -> None:
    """Through the writer of the log, as servers do it."""
    happened = events() if happened is None else happened
    rows: list[LogRow] = [
        MatchStarted(match_id, game, {}, "7", "room", False, tuple("random" for _ in people), at),
        *(SeatFilled(match_id, s, person, train, "random") for s, person in enumerate(people)),
        *(EventLogged(match_id, n, at, event) for n, event in enumerate(happened)),
    ]
    if status == "over":
        sides, returns = tuple(map(str, range(len(people)))), tuple(0.0 for _ in people)
        rows.append(MatchEnded(match_id, Outcome("nobody", "time", sides, returns), at + 1))
    elif status == "abandoned":
        rows.append(MatchAbandoned(match_id, "server_stopped", at + 1))
    writer.append(tuple(rows)).result(60)


def judged_person(body: dict[str, Any]) -> str:
    """Whom a judge's prompt asks to score."""
    last = body["messages"][1]["content"].rsplit('\nScore "', 1)[-1]
    return last.split('"', 1)[0]
