"""A register per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded import DatabaseFactory
from tests.integration.certificate.rig import Register, open_register


@pytest.fixture
def register(database: DatabaseFactory, tmp_path: Path) -> Iterator[Register]:
    """An empty register."""
    opened = open_register(database, tmp_path)
    yield opened
    opened.units.engine.dispose()
