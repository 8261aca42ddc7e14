"""A social scenario in words, for lines of text: terms, cards, what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from arena.games.scenario.dimensions import SOTOPIA
from arena.games.scenario.view import ScenarioView

if TYPE_CHECKING:
    from tui.state import Table

OVER: Final = {
    "agreed": "They agreed",
    "left": "The talk ended because too few were left",
    "stale": "The talk ended because nobody had anything to add",
    "turns": "The talk ended because the time was up",
}
UNSCORED: Final = "Nothing in this scenario can be counted. arena judge lets a model behind an endpoint score it."


def terms(v: ScenarioView, options: Sequence[str]) -> str:
    return ", ".join(f"{issue} {option}" for issue, option in zip(v.issues, options, strict=False))


def and_(words: Sequence[str]) -> str:
    """ "Ada and Ben", "Ada, Ben and Cleo"; empty for none."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def reached(v: ScenarioView, seat: int | None) -> float | None:
    """How far the seat's goal was reached, 0 to 10; None where that cannot be counted."""
    found: Sequence[Mapping[str, float]] = v.ending.get("scores", ())
    return found[seat].get("goal") if seat is not None and seat < len(found) else None


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}".removesuffix(".0")


def of_seat(values: Any, seat: int) -> Any:
    return values[seat] if values and seat < len(values) else None


def told_card(v: ScenarioView) -> Iterator[str]:
    """My card, a sentence or two a line."""
    card = v.card
    yield f"You are {v.names[card['seat']]}. Goal: {card['goal']}"
    if card.get("secret") is not None:
        yield f"Secret: {card['secret']}"
    yield from card.get("knows", ())
    yield from (f"{other} is {what.rstrip('.')}." for other, what in card.get("relations", ()))
    for issue, options in card.get("worths") or ():
        yield f"{issue}: {', '.join(f'{option} {worth:+d}' for option, worth in options)}"
    if card.get("walk") is not None:
        yield f"Without agreement: {card['walk']}"
    if card.get("guess") is not None:
        _, question, choices = card["guess"]
        yield f"You will be asked: {question} ({', '.join(choices)})"


def told_result(table: Table, v: ScenarioView) -> Iterator[str]:
    """Person by person what they wanted, how far they got, what they hid and guessed, and their scores."""
    found: Sequence[Mapping[str, float]] = v.ending.get("scores", ())
    for seat, name in enumerate(v.names):
        goal = reached(v, seat)
        far = "" if goal is None else f", and reached {goal:.0f} of 10"
        yield f"{name} wanted: {str(of_seat(v.ending.get('goals'), seat) or '').rstrip('.')}{far}."
        if (secret := of_seat(v.ending.get("secrets"), seat)) is not None:
            yield f"{name}'s secret: {secret}"
        for asked, _, question, choice, truth in v.ending.get("guesses", ()):
            if asked == seat:
                found_out = "rightly" if choice == truth else f"and it was {truth}"
                yield f"{question} {name} guessed {choice or 'nothing'}, {found_out}."
        scores = found[seat] if seat < len(found) else {}
        named = [n for n in (*map(str, SOTOPIA), "overall") if n in scores]
        if named:
            told = (f"{n.replace('_', ' ')} {number(scores[n])}" for n in named)
            yield f"{name}'s scores: {', '.join(told)}."
    if not any(found):
        yield UNSCORED
