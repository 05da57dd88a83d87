"""One rig per test, on a broker of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from luban.cli.broker import EmbeddedBroker
from tests.embedded import DatabaseFactory
from tests.integration.eventkit.rig import Rig, build_rig


@pytest.fixture
def rig(database: DatabaseFactory, own_broker: EmbeddedBroker, tmp_path: Path) -> Iterator[Rig]:
    """Two databases, one broker."""
    built = build_rig(database, own_broker.address, tmp_path)
    yield built
    built.source.close()
    built.sink.close()
