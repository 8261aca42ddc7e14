from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from arena.db.engine import open_database
from arena.db.writer import LogWriter

if TYPE_CHECKING:
    from agents.engines.vllm.launch import OwnServer
    from tests.postgres import Cluster

os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the network, nor do the programs that tests start


WITHOUT_POSTGRES = "ARENA_TEST_WITHOUT_POSTGRES"
"""Set in the environment where no PostgreSQL can run: its tests are then left out, with a warning."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running PostgreSQL server, one a test process."""
    yield from _cluster(fsync=False)


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[Cluster]:
    """Another one that keeps what was committed as in earnest, for tests that stop it, break it or measure it."""
    yield from _cluster(fsync=True)


def _cluster(*, fsync: bool) -> Iterator[Cluster]:
    if os.environ.get(WITHOUT_POSTGRES):
        warnings.warn(f"{WITHOUT_POSTGRES} is set: NOTHING IS TESTED ON POSTGRESQL", stacklevel=1)
        pytest.skip(f"{WITHOUT_POSTGRES} is set")
    from tests.postgres import Cluster

    cluster = Cluster(fsync=fsync)
    try:
        yield cluster
    finally:
        cluster.remove()


WITHOUT_VLLM = "ARENA_TEST_WITHOUT_VLLM"
"""Set in the environment where vLLM cannot be installed: its tests are then left out, with a warning."""


@pytest.fixture(scope="session")
def vllm_python() -> Path:
    """The Python of the environment that ``make test`` makes for vLLM."""
    if os.environ.get(WITHOUT_VLLM):
        warnings.warn(f"{WITHOUT_VLLM} is set: NOTHING IS TESTED ON VLLM", stacklevel=1)
        pytest.skip(f"{WITHOUT_VLLM} is set")
    from agents.engines.vllm.launch import find_python

    return find_python()


@pytest.fixture(scope="session")
def vllm_house(vllm_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], OwnServer]]:
    """Gives the one vLLM server that runs, or starts it."""
    from agents.engines.vllm.launch import Launch, OwnServer, free_port, runs_on_cpu
    from agents.models import shipped_folder

    started: list[OwnServer] = []

    def running() -> OwnServer:
        if not started or started[-1].process.poll() is not None:
            launch = Launch(vllm_python, str(shipped_folder()), free_port(), runs_on_cpu(vllm_python))
            started.append(OwnServer(launch, log=tmp_path_factory.mktemp("vllm") / "server.log"))
        return started[-1]

    yield running
    for server in started:
        server.stop()


@pytest.fixture
def vllm_server(vllm_house: Callable[[], OwnServer]) -> OwnServer:
    """A real vLLM server with the shipped model. It takes its time to start, so that there should be one: whoever uses
    it carries ``xdist_group("vllm")``, and leaves it with the full weights that it found, or dead."""
    return vllm_house()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new, empty database of this test's own, on SQLite (``tmp_path / "arena.db"``) and on PostgreSQL in turn.

    A test that has nothing to do with storage takes one of them:
    ``@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)``.
    """
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'arena.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.new_database()
    yield url
    cluster.drop_database(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[LogWriter]:
    writer = LogWriter(engine)
    yield writer
    writer.close()


@pytest.fixture(scope="session")
def tiny_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tokenizer of at most 768 tokens."""
    from tests.fakes.checkpoints import make_tokenizer

    return make_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Path) -> Path:
    """The folder of a whole checkpoint with random weights: width 64, one layer. Copy it before changing it."""
    from tests.fakes.checkpoints import make_checkpoint

    return make_checkpoint(tmp_path_factory.mktemp("tiny"), tiny_tokenizer)


@pytest.fixture(scope="session")
def second_checkpoint(tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Path) -> Path:
    """Another one, with the same tokenizer."""
    from tests.fakes.checkpoints import make_checkpoint

    return make_checkpoint(tmp_path_factory.mktemp("second"), tiny_tokenizer, seed=1)
