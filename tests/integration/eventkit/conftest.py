"""One rig per test, on a broker of the test's own."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded import AnyBroker, DatabaseFactory, profile_of_broker
from tests.integration.eventkit.rig import Rig, build_rig


@pytest.fixture
def rig(database: DatabaseFactory, own_broker: AnyBroker, tmp_path: Path) -> Iterator[Rig]:
    """Two databases, one broker. What the clients left to the garbage collector is collected here, where it counts."""
    built = build_rig(database, own_broker.address, tmp_path, profile_of_broker(own_broker))
    yield built
    built.close()
    gc.collect()
