"""A question with two answers, before something that the player should mean."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui import words


class QuestionScreen(ModalScreen[bool]):
    """True: yes. Escape is no, and so is Enter, whose button is the focused one unless ``likely`` says otherwise."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="question.yes"),
        Binding("n,escape", "answer(False)", "No", id="question.no"),
        Binding("left", "app.focus_previous", "Previous", show=False, id="question.previous"),
        Binding("right", "app.focus_next", "Next", show=False, id="question.next"),
    ]

    def __init__(self, title: str, text: str, yes: str, no: str, *, likely: bool = False) -> None:
        super().__init__()
        self.asked, self.text, self.yes, self.no, self.likely = title, text, yes, no, likely

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = self.asked
            yield Static(Content(self.text))
            with Horizontal(classes="buttons"):
                yes = Button(f"{self.yes} (y)", id="yes", variant="primary" if self.likely else "error")
                no = Button(f"{self.no} (n)", id="no", variant="default" if self.likely else "primary")
                yield from (yes, no) if self.likely else (no, yes)

    def on_mount(self) -> None:
        self.query_one("#yes" if self.likely else "#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


def leave_question(waiting: bool) -> QuestionScreen:
    text = (
        "Your seat is open to others again."
        if waiting
        else "Your seat is given up for good: a stand-in plays it to the end, and you cannot come back."
    )
    return QuestionScreen("Leave the game?", text, "Leave", "Stay")


def train_question() -> QuestionScreen:
    return QuestionScreen("One question, asked only once", words.TRAIN, "They may", "No")


def lesson_question(text: str) -> QuestionScreen:
    return QuestionScreen("Learn by playing?", text, "Learn by playing", "I know the game", likely=True)


def blind_question() -> QuestionScreen:
    return QuestionScreen("A blind game", words.BLIND, "Join", "No")


def back_question(code: str) -> QuestionScreen:
    text = (
        f"You have a seat in a match that may still be running here{f' (code {code})' if code else ''}. Go back to it?"
    )
    return QuestionScreen("Go back to your match?", text, "Go back", "Not now", likely=True)
