from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from arena.db.engine import open_database
from arena.db.writer import LogWriter

os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the network, nor do the programs that tests start


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'arena.db'}")
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
