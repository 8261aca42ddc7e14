"""What a command says about the chat models that played: what became of their turns, and what they took."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from arena.errors import UserError

if TYPE_CHECKING:
    from arena.decision import Decision
    from arena.rooms.minds import Mind


HOPELESS: Final = {
    "engine/budget": "The budget for chat models is spent; [budget] in the endpoints' file sets it.",
    "engine/refused": "A chat endpoint refuses to be asked.",
}
"""Reasons for a passed turn that the next match will have as well."""


def stop_where_none_can_play(decisions: Iterable[Decision]) -> None:
    """
    Raises:
        UserError: turns of a rated match were passed because a chat model can no longer be asked: more such matches
            would say nothing about it.
    """
    for decision in decisions:
        if decision.fallback is not None and (why := HOPELESS.get(decision.fallback.split(":", 1)[0])):
            raise UserError(f"{why} The evaluation ends here; the matches so far are stored.")


def chat_reports(*minds: Mind) -> dict[str, Any]:
    """``{"chat": [...]}`` with an entry a chat model among ``minds``; empty where there is none."""
    from agents.chat.mind import ChatMind

    reports = [mind.report() for mind in {id(m): m for m in minds}.values() if isinstance(mind, ChatMind)]
    return {"chat": reports} if reports else {}


def said_of_chat(report: dict[str, Any]) -> str:
    """One of these entries as a line."""
    outcomes = ("clean", "forgiven", "asked_again", "fallback", "refused", "failed")
    counted = ", ".join(f"{report[o]} {o.replace('_', ' ')}" for o in outcomes if report[o]) or "no turns"
    about = "about " if report["tokens_estimated"] else ""
    money = f", {report['money']:.4f} in money" if report["money"] else ""
    return (
        f"{report['mind']}: {counted}; {about}{report['tokens_read']} tokens read and {report['tokens_written']} "
        f"written{money}."
    )
