"""What scripts say: a few ways of putting each intention, with what each of them states.

The wording is plain and small (``vocabulary``), because the shipped model learns to talk from it. ``{a}`` is whom the
message is about and ``{b}`` whom it also names. ``INTENTIONS[...].means`` is what ``reading`` must find in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from arena.games.werewolf.statements import (
    Accuse,
    Agree,
    Ask,
    Attack,
    Claim,
    Deny,
    Doubt,
    Plan,
    Result,
    Sensed,
    Statement,
    Trust,
    VoteFor,
)
from arena.games.werewolf.types import Role, Side

Meaning = Callable[[int, int, int], tuple[Statement, ...]]
"""From the seats of speaker, ``{a}`` and ``{b}``."""

_SEER = Claim(Role.SEER)


@dataclass(frozen=True, slots=True)
class Intention:
    means: Meaning
    templates: tuple[str, ...]
    card: Role | None = None
    """The card without which nobody would say so; None where it can be said in every match."""


def _way(means: Meaning, text: str, card: Role | None = None) -> Intention:
    return Intention(means, tuple(line.strip() for line in text.strip().splitlines()), card)


INTENTIONS: dict[str, Intention] = {
    # -- the seer, true or false -----------------------------------------------------------------------------------
    "seer_wolf": _way(
        lambda me, a, b: (_SEER, Result(a, Side.WEREWOLVES)),
        """I am the seer. I checked {a}: {a} is a werewolf.
        I am the seer, and I saw that {a} is a werewolf.
        I must speak now: I am the seer and {a} is a wolf.
        Listen: I am the seer. I looked at {a} and found a wolf.
        I am the seer. My check says {a} is a werewolf.
        The seer is me. I saw {a}, and {a} is a wolf.""",
    ),
    "seer_good": _way(
        lambda me, a, b: (_SEER, Result(a, Side.VILLAGE)),
        """I am the seer. I checked {a}: {a} is no werewolf.
        I am the seer, and I saw that {a} is good.
        I am the seer. I looked at {a} and found no wolf.
        Listen: I am the seer and {a} is innocent.
        I am the seer. My check says {a} is not a wolf.
        The seer is me. I saw {a}, and {a} is good.""",
    ),
    "seer_only": _way(
        lambda me, a, b: (_SEER,),
        """I am the seer, so please do not exile me today.
        Wait, I am the seer. You would lose a lot.
        I am the seer. I found no wolf yet.
        Please believe me: I am the seer of this village.""",
    ),
    "counter_wolf": _way(
        lambda me, a, b: (_SEER, Doubt(b), Result(a, Side.WEREWOLVES)),
        """{b} is a fake seer. I am the seer, and I saw {a} is a wolf.
        I do not believe {b}. I am the real seer. I checked {a}: a wolf.
        {b} is not the seer, I am. I checked {a}: {a} is a werewolf.
        Do not believe {b}. I am the seer and {a} is a werewolf.""",
    ),
    "counter_good": _way(
        lambda me, a, b: (_SEER, Doubt(b), Result(a, Side.VILLAGE)),
        """{b} is a fake seer. I am the seer, and I saw {a} is good.
        {b} is not the seer, I am. I checked {a}: {a} is no werewolf.
        Do not believe {b}. I am the seer and {a} is innocent.
        I do not believe {b}. I am the real seer. I checked {a}: no wolf.""",
    ),
    "counter": _way(
        lambda me, a, b: (_SEER, Doubt(a)),
        """{a} is not the seer. I am the seer.
        Do not believe {a}, because I am the real seer.
        {a} is a fake seer. The real seer is me.
        I am the seer, so {a} is a fake seer.""",
    ),
    # -- accusing ----------------------------------------------------------------------------------------------------
    "accuse": _way(
        lambda me, a, b: (Accuse(a),),
        """I think {a} is a werewolf.
        I suspect {a} more than anyone else.
        I do not trust {a} at all.
        My guess is that {a} is a wolf.
        {a} is suspicious to me today.
        Something about {a} is strange. I suspect {a}.""",
    ),
    "accuse_vote": _way(
        lambda me, a, b: (Accuse(a),),
        """I suspect {a}, because {a} voted against {b}.
        {a} voted for {b}, who was good. I suspect {a}.
        {a} voted against {b} without a reason. I think {a} is a wolf.
        Look at the votes: {a} voted for {b}. I suspect {a}.""",
    ),
    "accuse_words": _way(
        lambda me, a, b: (Accuse(a),),
        """I suspect {a}, because {a} accused {b} for nothing.
        {a} accused {b}, who was good. I suspect {a}.
        {a} blamed {b} too fast. I think {a} is a wolf.
        {a} spoke against {b}. I do not trust {a}.""",
    ),
    "accuse_shield": _way(
        lambda me, a, b: (Accuse(a),),
        """{a} defended {b}, the wolf. I suspect {a}.
        {a} trusted {b}, who was a wolf. I think {a} is a wolf too.
        I suspect {a}, because {a} defended {b} before.
        {a} never voted for {b} the wolf. I suspect {a}.""",
    ),
    "accuse_result": _way(
        lambda me, a, b: (Agree(b), Accuse(a)),
        """I agree with {b}. I think {a} is a wolf.
        I agree with {b}: {a} is a werewolf.
        {b} is right, and {a} is a wolf.
        I follow {b}. I think {a} is a wolf.""",
    ),
    "accuse_known": _way(
        lambda me, a, b: (Accuse(a), VoteFor(a)),
        """I know that {a} is a wolf. Vote for {a}.
        Trust me on this: {a} is a wolf. Vote {a}.
        {a} is certainly a wolf. We must exile {a}.
        {a} is lying to all of us. Vote for {a} now.""",
    ),
    "doubt": _way(
        lambda me, a, b: (Doubt(a),),
        """I do not believe {a}.
        I doubt that {a} is the seer.
        I think {a} is a fake seer.
        {a} is not the seer, if you ask me.
        I do not believe what {a} claims.""",
    ),
    # -- standing by somebody ----------------------------------------------------------------------------------------
    "trust": _way(
        lambda me, a, b: (Trust(a),),
        """I trust {a} for now.
        I think {a} is good.
        I do not think {a} is a wolf.
        {a} is good, as far as I can tell.
        I want to defend {a} today.""",
    ),
    "believe": _way(
        lambda me, a, b: (Trust(a),),
        """I believe {a} is the seer.
        I believe {a} for now.
        I think {a} is the real seer.
        I trust {a} with the checks.""",
    ),
    "agree": _way(
        lambda me, a, b: (Agree(b), VoteFor(a)),
        """I agree with {b}. Vote for {a}.
        {b} is right, so we should exile {a}.
        I agree with {b}: let us vote {a}.
        I side with {b}. My vote is for {a}.""",
    ),
    "call": _way(
        lambda me, a, b: (VoteFor(a),),
        """Let us vote for {a} today.
        Please vote for {a} with me.
        My vote is for {a} today.
        {a} should go today.
        We must exile {a} now.
        I will vote for {a}. Who is with me?""",
    ),
    "spare": _way(
        lambda me, a, b: (Trust(a),),
        """Do not vote for {a}, that would help the wolves.
        We should not exile {a} today.
        {a} should not go today. I trust {a}.
        Do not exile {a}, the wolves would love that.""",
    ),
    # -- about myself ------------------------------------------------------------------------------------------------
    "answer": _way(
        lambda me, a, b: (Deny(Role.WEREWOLF), Accuse(a)),
        """I am not a wolf. I think {a} is a wolf.
        I am no werewolf. I suspect {a} for this.
        This is a mistake: I am not a wolf. I suspect {a}.
        I am innocent, and I do not trust {a}.""",
    ),
    "deny": _way(
        lambda me, a, b: (Deny(Role.WEREWOLF),),
        """I am not a wolf, please believe me.
        I am no werewolf. You make a mistake.
        I am innocent. Look at somebody else.
        Exile me and you will see: I am not a wolf.""",
    ),
    "villager": _way(
        lambda me, a, b: (Claim(Role.VILLAGER),),
        """I am just a villager, like most of us.
        I am a villager and I know nothing yet.
        I am a simple villager. Ask me anything.
        I am only a villager without any news.""",
    ),
    "doctor": _way(
        lambda me, a, b: (Claim(Role.DOCTOR),),
        """I am the doctor, so do not exile me.
        I am the doctor. The village needs me.
        Wait: I am the doctor of this village.
        I must tell you: I am the doctor.""",
    ),
    "witch": _way(
        lambda me, a, b: (Claim(Role.WITCH),),
        """I am the witch, so do not exile me.
        I am the witch. The village needs me.
        Wait: I am the witch of this village.
        I must tell you: I am the witch.""",
        Role.WITCH,
    ),
    "hunter": _way(
        lambda me, a, b: (Claim(Role.HUNTER),),
        """I am the hunter, so do not exile me.
        I am the hunter. The village needs me.
        Wait: I am the hunter of this village.
        I must tell you: I am the hunter.""",
        Role.HUNTER,
    ),
    "medium_wolf": _way(
        lambda me, a, b: (Claim(Role.MEDIUM), Sensed(a, Side.WEREWOLVES)),
        """I am the medium. I know that {a} was a werewolf.
        I am the medium, and {a} was a wolf.
        Listen: I am the medium and {a} was a werewolf.
        I must tell you: I am the medium. {a} was a wolf.""",
        Role.MEDIUM,
    ),
    "medium_good": _way(
        lambda me, a, b: (Claim(Role.MEDIUM), Sensed(a, Side.VILLAGE)),
        """I am the medium. I know that {a} was no werewolf.
        I am the medium, and {a} was good.
        Listen: I am the medium and {a} was innocent.
        I must tell you: I am the medium. {a} was not a wolf.""",
        Role.MEDIUM,
    ),
    # -- small talk --------------------------------------------------------------------------------------------------
    "greet": _way(
        lambda me, a, b: (),
        """Good morning. I know nothing yet.
        Hello all. I have no idea who it is.
        It is too early to say anything for me.
        Let us hear what the others have to say.
        I have nothing to report this morning.
        I want to hear the seer first.""",
    ),
    "ask": _way(
        lambda me, a, b: (Ask(a),),
        """{a}, what do you think about this?
        {a}, who is your first guess?
        What does {a} have to say today?
        Why is {a} so quiet this morning?
        {a}, will you tell us what you know?""",
    ),
    # -- among werewolves --------------------------------------------------------------------------------------------
    "kill": _way(
        lambda me, a, b: (Attack(a),),
        """Let us kill {a} tonight.
        I want to attack {a} tonight.
        We should kill {a} before the morning.
        {a} knows too much. Let us attack {a}.
        I say we kill {a} this night.""",
    ),
    "kill_yes": _way(
        lambda me, a, b: (Attack(a),),
        """Yes, we kill {a} tonight.
        Fine with me, let us attack {a}.
        That is good. I will attack {a} too.
        Yes, kill {a} and stay calm tomorrow.""",
    ),
    "kill_no": _way(
        lambda me, a, b: (Attack(a),),
        """No, let us kill {a} and nobody else.
        I would rather attack {a} tonight.
        Not this time. We should kill {a}.
        No, {a} hurts us more. Kill {a}.""",
    ),
    "kill_plan": _way(
        lambda me, a, b: (Attack(a), Plan(me, Role.SEER)),
        """Let us kill {a}. I will claim seer tomorrow.
        Kill {a} tonight, and I will claim to be seer.
        We attack {a}. Tomorrow I will claim seer.
        Kill {a}. By day I will play the seer.""",
    ),
}


def ways(intention: str, names: Sequence[str], a: int | None, b: int | None, limit: int) -> list[str]:
    """All wordings of an intention that fit into ``limit`` characters."""
    words = {"a": "" if a is None else names[a], "b": "" if b is None else names[b]}
    texts = (template.format(**words) for template in INTENTIONS[intention].templates)
    return [t for t in texts if len(t) <= limit]


def phrase(
    random: Random, intention: str, names: Sequence[str], a: int | None = None, b: int | None = None, limit: int = 280
) -> str:
    """One wording of an intention, drawn; empty where none fits into ``limit`` characters."""
    options = ways(intention, names, a, b, limit)
    return random.choice(options) if options else ""


def vocabulary() -> frozenset[str]:
    """Every word of every template, in lower case, names aside."""
    text = " ".join(t for i in INTENTIONS.values() for t in i.templates).lower()
    return frozenset(re.findall(r"[a-z']+", re.sub(r"\{.\}", "", text)))
