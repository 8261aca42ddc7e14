"""The rules as a player who has never heard of Werewolf is told them, for the cast and the house rules of one match.

Made of what everybody knows: how many of each role there are, and the options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from arena.games.werewolf.text import cast_in_words
from arena.games.werewolf.types import Discussion, Reveal, Role, Tie, WerewolfOptions

_ROLES: Final = {
    Role.WEREWOLF: "Werewolves know each other. By night they talk among themselves and choose somebody to kill.",
    Role.SEER: "The seer looks at one living player each night and learns whether that is a werewolf.",
    Role.DOCTOR: "The doctor protects one living player each night from the werewolves.",
    Role.WITCH: "The witch hears whom the werewolves attack and may save them, or poison somebody: each once a match.",
    Role.HUNTER: "The hunter may shoot a living player when he dies, unless he was poisoned.",
    Role.MEDIUM: "The medium learns at night what role the player had who was exiled that day.",
    Role.POSSESSED: "The possessed is human and looks so to the seer, knows no werewolf, and wins with the werewolves.",
    Role.VILLAGER: "Villagers know nothing but their own card.",
}
_SHOWN: Final = {
    Reveal.NOTHING: "Nobody learns what the dead were.",
    Reveal.SIDE: "Everybody learns whether the dead were werewolves or of the village.",
    Reveal.ROLE: "Everybody learns the role of the dead.",
}
_TALK: Final = {
    Discussion.ROUNDS: "all living players speak one after the other",
    Discussion.PARALLEL: "all living players speak at once, without hearing each other's words of that round",
    Discussion.OPEN: "the living bid for the floor (silent, speak or urgent), and whoever gets it speaks",
}
_TIE: Final = {
    Tie.NONE: "On a tie nobody is exiled.",
    Tie.SECOND_VOTE: "On a tie all vote once more among the tied.",
    Tie.RANDOM: "On a tie one of the tied is drawn by lot.",
}


def primer(options: WerewolfOptions, cast: Mapping[str, int]) -> str:
    """A few paragraphs.

    Args:
        cast: how many of each role were dealt.
    """
    return "\n".join((_cast(cast), _nights(options, cast), _days(options), _end(options)))


def _cast(cast: Mapping[str, int]) -> str:
    roles = " ".join(says for role, says in _ROLES.items() if cast.get(str(role)))
    return (
        f"{sum(cast.values())} players sit in a village: {cast_in_words(cast)}. Each was dealt one card in secret. "
        f"The werewolves play against the village. {roles}"
    )


def _nights(options: WerewolfOptions, cast: Mapping[str, int]) -> str:
    return " ".join(
        (
            "Night and day take turns, beginning with a night. What is done by night is secret; in the morning all "
            "learn who has died, not how.",
            *(["In the first night nobody can die."] if not options.first_night_kill else []),
            *_doctor(options, cast),
            _SHOWN[options.reveal],
        )
    )


def _doctor(options: WerewolfOptions, cast: Mapping[str, int]) -> Iterator[str]:
    if cast.get(str(Role.DOCTOR)):
        if not options.self_protect:
            yield "The doctor may not protect herself."
        if not options.same_target:
            yield "The doctor may not protect the same player in two nights running."


def _days(options: WerewolfOptions) -> str:
    talks = options.open_slots if options.discussion is Discussion.OPEN else options.talk_rounds
    talk = f"By day {_TALK[options.discussion]}; then all living players vote at once to exile another one."
    return " ".join(
        (
            talk if talks else "By day nobody talks; all living players vote at once to exile another one.",
            "Whoever has the most votes is out.",
            _TIE[options.tie],
            "Then it is shown who voted for whom." if options.open_vote else "Only the count of the votes is shown.",
            *(
                ["On the first day the village elects a mayor, whose vote to exile counts twice."]
                if options.mayor
                else []
            ),
            "The dead say and do nothing more.",
        )
    )


def _end(options: WerewolfOptions) -> str:
    return (
        "The village wins when no werewolf is alive. The werewolves win when at least half of the living are "
        f"werewolves, and also when the vote of day {options.max_days} is over and nobody has won. All of a side win "
        "or lose together, the dead too."
    )
