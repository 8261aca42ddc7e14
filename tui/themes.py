"""The looks of the terminal, and one stable colour a seat in each."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

SEAT_COLOURS: Final = 16

_DARK: Final = (
    "#7aa2f7", "#e8b36b", "#8fd17f", "#f08fa8", "#b99cf5", "#63cfd6",
    "#e2c85c", "#ef9a76", "#7fd4a8", "#d68fe0", "#8fb8d9", "#c2ce86",
    "#d9a6a6", "#a6d0c8", "#c9b48f", "#a8a4e6",
)  # fmt: skip
_LIGHT: Final = (
    "#2a5bc0", "#9a5b00", "#2f7a28", "#b32752", "#6b3fc0", "#0f727c",
    "#7a6400", "#b0441a", "#1c7a55", "#96359f", "#3d6686", "#5d6a17",
    "#8a4b4b", "#3a6d64", "#75602f", "#4f4ba3",
)  # fmt: skip


def _seats(colours: tuple[str, ...]) -> dict[str, str]:
    return {f"seat-{i}": colour for i, colour in enumerate(colours)}


DARK: Final = Theme(
    name="arena-dark",
    primary="#7aa2f7",
    secondary="#b99cf5",
    accent="#f0b45b",
    warning="#f0b45b",
    error="#f2778f",
    success="#8fd17f",
    foreground="#d9dce6",
    background="#11131a",
    surface="#171a23",
    panel="#222632",
    dark=True,
    variables={
        **_seats(_DARK),
        "faint": "#868ca0",
        "line": "#343a4a",
        "turn": "#2b2417",
        "footer-background": "#171a23",
        "footer-key-foreground": "#f0b45b",
        "footer-description-foreground": "#a9aec0",
        "block-cursor-background": "#f0b45b",
        "block-cursor-foreground": "#11131a",
        "block-cursor-text-style": "bold",
        "input-cursor-background": "#f0b45b",
        "input-selection-background": "#f0b45b 35%",
        "scrollbar": "#343a4a",
        "scrollbar-hover": "#4a5166",
        "scrollbar-active": "#f0b45b",
        "scrollbar-background": "#171a23",
        "scrollbar-background-hover": "#171a23",
        "scrollbar-background-active": "#171a23",
        "scrollbar-corner-color": "#171a23",
        "button-focus-text-style": "bold",
        "border": "#f0b45b",
        "border-blurred": "#343a4a",
    },
)
LIGHT: Final = Theme(
    name="arena-light",
    primary="#2a5bc0",
    secondary="#6b3fc0",
    accent="#a85a00",
    warning="#a85a00",
    error="#b3203c",
    success="#2f7a28",
    foreground="#2a2c35",
    background="#efece4",
    surface="#fbf9f4",
    panel="#e4e0d5",
    dark=False,
    variables={
        **_seats(_LIGHT),
        "faint": "#6a6c78",
        "line": "#cbc6b8",
        "turn": "#fcefd6",
        "footer-background": "#fbf9f4",
        "footer-key-foreground": "#a85a00",
        "footer-description-foreground": "#55575f",
        "block-cursor-background": "#a85a00",
        "block-cursor-foreground": "#fbf9f4",
        "block-cursor-text-style": "bold",
        "input-cursor-background": "#a85a00",
        "input-cursor-foreground": "#fbf9f4",
        "input-selection-background": "#a85a00 25%",
        "scrollbar": "#cbc6b8",
        "scrollbar-hover": "#b5af9f",
        "scrollbar-active": "#a85a00",
        "scrollbar-background": "#fbf9f4",
        "scrollbar-background-hover": "#fbf9f4",
        "scrollbar-background-active": "#fbf9f4",
        "scrollbar-corner-color": "#fbf9f4",
        "button-focus-text-style": "bold",
        "border": "#a85a00",
        "border-blurred": "#cbc6b8",
    },
)
_ANSI: Final = (
    "ansi_bright_blue", "ansi_bright_yellow", "ansi_bright_green", "ansi_bright_red", "ansi_bright_magenta",
    "ansi_bright_cyan", "ansi_yellow", "ansi_red", "ansi_green", "ansi_magenta", "ansi_blue", "ansi_cyan",
    "ansi_bright_blue", "ansi_bright_yellow", "ansi_bright_green", "ansi_bright_red",
)  # fmt: skip
TERMINAL: Final = Theme(
    name="arena-terminal",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_magenta",
    accent="ansi_yellow",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    dark=True,
    variables={
        **_seats(_ANSI),
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "faint": "ansi_default",
        "line": "ansi_bright_black",
        "turn": "ansi_default",
        "footer-key-foreground": "ansi_yellow",
        "block-cursor-background": "ansi_yellow",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-text-style": "bold",
        "input-cursor-background": "ansi_yellow",
        "input-cursor-foreground": "ansi_black",
        "border": "ansi_yellow",
        "border-blurred": "ansi_bright_black",
    },
)
"""Sixteen colours of the terminal's choice on its own background, dark or light: nothing hangs on them."""
THEMES: Final = {"dark": DARK, "light": LIGHT, "terminal": TERMINAL}
"""By their names in the settings."""


def seat_colour(seat: int) -> str:
    """The style of a seat's name, the same all game long and in both themes."""
    return f"$seat-{seat % SEAT_COLOURS}"
