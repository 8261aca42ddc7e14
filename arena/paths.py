"""Where things lie on this machine: the platform's own folders."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path, user_data_path, user_state_path


def data_folder() -> Path:
    """The platform's data folder for this program, made if need be."""
    folder = user_data_path("social-arena", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def state_folder() -> Path:
    """Where the terminal remembers things between two starts. It need not be there yet."""
    return user_state_path("social-arena", appauthor=False)


def config_folder() -> Path:
    """Where people put settings of theirs. It need not be there."""
    return user_config_path("social-arena", appauthor=False)


def default_database_url() -> str:
    return f"sqlite:///{data_folder() / 'arena.db'}"


def checkpoints_folder() -> Path:
    """Where trained checkpoints go unless a command says otherwise."""
    folder = data_folder() / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def scenarios_folder() -> Path:
    """Where people put scenarios of their own. It need not be there."""
    return user_data_path("social-arena", appauthor=False) / "scenarios"
