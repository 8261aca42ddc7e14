"""The place where I act: the question, the choices, my draft, and what the server made of it."""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui import words
from tui.faces.face import STAND_IN
from tui.messages import Answered, Explained, SpokeAmongDead
from tui.screens.question import QuestionScreen
from tui.state import Table
from tui.widgets.choices import Choices
from tui.widgets.draft import Draft
from tui.widgets.phase_track import HURRY_S, clock

DEAD_TALK_CHARACTERS: Final = 280
"""The most that a server takes of one of the dead at once."""


class TurnPanel(Vertical):
    """Lit and titled "Your turn" while a turn of mine is open. A draft stays through all of it."""

    DEFAULT_CSS = """
    TurnPanel { height: auto; width: 1fr; }
    TurnPanel > Static { width: 1fr; height: auto; }
    TurnPanel > #notice { color: $error; text-style: bold; display: none; }
    TurnPanel > #hint { display: none; }
    TurnPanel > .absent { display: none; }
    """

    table: Table | None = None
    _turn_id: str = ""

    def compose(self) -> ComposeResult:
        yield Static(id="hint")
        yield Static(id="question")
        yield Choices(id="choices")
        yield Draft(id="draft")
        yield Static(id="notice")

    # -- showing ------------------------------------------------------------------------------------------------

    def show(self, table: Table, now_s: float, advice: str = "") -> None:
        """Bring the panel up to ``table``; moves the focus only when a turn opens or closes."""
        hint = self.query_one("#hint", Static)
        hint.update(Content.assemble(("Hint: ", "bold $secondary"), (advice, "$secondary")))
        hint.display = bool(advice)
        before, self.table = self.table, table
        mine = table.my_turn
        self.set_class(mine, "mine")
        self.set_class(table.dead, "dead")
        choosing = mine and table.turn is not None and bool(table.turn.choices)
        choices, draft = self.query_one(Choices), self.query_one(Draft)
        if choosing and table.turn is not None:
            choices.offer(table.turn.choices, table.face.offered(table, table.turn), table.view.names)
        self._empty_sent_draft(before, table)
        choices.set_class(not choosing, "absent")
        silent = table.me is None or table.over or bool(table.gone)
        silent = silent or (table.dead and not mine and not table.room.dead_talk)
        draft.set_class(silent or (choosing and not draft.text), "absent")
        draft.placeholder = self._hint(table)
        question = self.query_one("#question", Static)
        question.update(self._question(table))
        notice = self.query_one("#notice", Static)
        notice.update(Content(table.notice))
        notice.display = bool(table.notice)
        self.tick(now_s)
        turn_id = table.turn.turn_id if mine and table.turn else ""
        if turn_id != self._turn_id:
            self._turn_id = turn_id
            self._move_focus(choosing)
        if not choosing and draft.has_class("absent") and self.screen.focused in (draft, choices):
            self.screen.set_focus(None)

    def _hint(self, table: Table) -> str:
        if table.my_turn:
            return "Type here, Enter sends."
        return (
            "Only the dead read this. Enter sends." if table.dead else "You may write ahead: it is kept for your turn."
        )

    def tick(self, now_s: float) -> None:
        """Redraw the frame: the time that is left, and how long my draft is."""
        table = self.table
        if table is None:
            return
        left_s = table.turn.left_s(now_s) if table.turn else None
        time = "" if left_s is None else f" · {clock(left_s)}"
        self.set_class(left_s is not None and (left_s <= HURRY_S or table.warned), "hurry")
        if table.my_turn:
            self.border_title = Content(f"Your turn{time}")
        elif table.over or table.gone:
            self.border_title = "The end"
        else:
            self.border_title = "You are dead" if table.dead else "Watching" if table.me is None else "Waiting"
        self.border_subtitle = self._keys(table)

    def _keys(self, table: Table) -> Content:
        if table.over:
            return Content("Enter: the result")
        if table.may_speak_among_dead and not table.my_turn:
            return Content("Enter: say it to the dead")
        if not table.my_turn or table.turn is None:
            return Content("")
        if table.turn.choices:
            keys = f"{'letter' if self.query_one(Choices).lettered else 'number'}, click or Enter"
            to_choices = "Tab: to the choices" if self.query_one(Draft).has_focus else keys
            passing = table.face.offered(table, table.turn).passing
            return Content(f"{to_choices} · Ctrl+N: {passing}" if table.turn.may_pass else to_choices)
        limit, used = table.turn.text_limit, len(self.query_one(Draft).text)
        count = Content.styled(f"{used}/{limit}", "bold $error" if used > limit else "")
        return Content.assemble("Enter: say it · Ctrl+N: say nothing · ", count)

    def _question(self, table: Table) -> Content:
        if table.over:
            return Content.assemble((table.face.winner(table), "bold"), ". ", table.face.why(table))
        if table.my_turn and table.turn is not None:
            return Content.styled(table.face.question(table, table.turn), "bold")
        if table.gone:
            return Content.styled(table.gone, "$error")
        if table.dead:
            dead = words.DEAD_TALK if table.room.dead_talk else words.DEAD
            return Content.styled(dead, "$error").append(f"\n{table.face.waiting(table)}")
        parts: list[Content] = []
        if table.answer is not None and table.turn is not None:
            parts.append(self._answered(table))
        parts.append(Content.styled(table.face.waiting(table), "$faint"))
        return Content("\n").join(parts)

    def _answered(self, table: Table) -> Content:
        answer = table.answer
        assert answer is not None, "called with an answer"
        if answer.choice is not None:
            done = f"You chose {answer.choice}."
        elif table.turn is not None and table.turn.choices:
            done = f"You chose {table.face.offered(table, table.turn).passing}."
        else:
            done = "You have spoken." if answer.text else "You say nothing."
        return Content.styled(f"✓ {done}" if answer.accepted else f"… {done}", "bold $success")

    def _move_focus(self, choosing: bool) -> None:
        draft, choices = self.query_one(Draft), self.query_one(Choices)
        if choosing:
            if not (draft.has_focus and draft.text):
                self.screen.set_focus(choices)
        elif not draft.has_class("absent"):
            self.screen.set_focus(draft)

    def _empty_sent_draft(self, before: Table | None, table: Table) -> None:
        """Once the words are with the server they leave the draft, unless it was changed meanwhile."""
        answer = table.answer
        if answer is None or not answer.text or not answer.accepted:
            return
        if before is not None and before.answer is not None and before.answer.accepted:
            return
        draft = self.query_one(Draft)
        if " ".join(draft.text.split()) == answer.text:
            draft.clear()

    # -- acting -------------------------------------------------------------------------------------------------

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        table = self.table
        if table is None or table.turn is None or not table.my_turn:
            return
        heed = None if event.choice is None else table.face.heed(table, event.choice)
        if heed is None:
            self.post_message(Answered(choice=event.choice))
            return
        turn_id, choice = table.turn.turn_id, event.choice

        def answered(yes: bool | None) -> None:
            now = self.table
            if yes and now is not None and now.turn is not None and now.turn.turn_id == turn_id and now.my_turn:
                self.post_message(Answered(choice=choice))
            elif yes:
                self.post_message(Explained("Too late: that turn is over."))

        self.app.push_screen(QuestionScreen(heed.title, heed.text, heed.yes, heed.no), answered)

    def on_draft_sent(self, event: Draft.Sent) -> None:
        event.stop()
        table = self.table
        if table is not None and table.may_speak_among_dead and not table.my_turn:
            self._speak_among_dead(event.text)
        elif table is not None and table.away:
            self.post_message(Explained(f"{STAND_IN}. Ctrl+T takes your seat back; your words are kept here."))
        elif table is None or table.turn is None or not table.my_turn:
            self.post_message(Explained("It is not your turn yet. Your words are kept here."))
        elif table.turn.choices:
            if event.text and (said := table.face.said(table.turn)) is not None:
                self.post_message(Answered(choice=said))  # the words stay in the draft for the turn that follows
            else:
                self.post_message(Explained("Choose first (Tab takes you there). Your words are kept here."))
        elif not event.text:
            self.post_message(Explained("Type something first, or press Ctrl+N to say nothing."))
        elif len(event.text) > table.turn.text_limit:
            over = len(event.text) - table.turn.text_limit
            self.post_message(Explained(f"Too long by {over} characters: at most {table.turn.text_limit}."))
        else:
            self.post_message(Answered(text=event.text))

    def _speak_among_dead(self, text: str) -> None:
        over = len(text) - DEAD_TALK_CHARACTERS
        if over > 0:
            self.post_message(Explained(f"Too long by {over} characters: at most {DEAD_TALK_CHARACTERS}."))
        elif text:
            self.post_message(SpokeAmongDead(text))

    def on_text_area_changed(self) -> None:
        if self.table is not None:
            self.border_subtitle = self._keys(self.table)

    def pass_turn(self) -> None:
        """Say nothing, or choose nobody."""
        table = self.table
        if table is None or table.turn is None or not table.my_turn:
            self.post_message(Explained("It is not your turn."))
        elif not table.turn.may_pass:
            self.post_message(Explained("You cannot pass here."))
        else:
            self.post_message(Answered())
