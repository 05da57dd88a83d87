"""One exam service per test, on a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded import DatabaseFactory
from tests.integration.exam.desk import Desk, open_desk
from tests.integration.exam.rig import ExamRig, build_rig


@pytest.fixture
def rig(database: DatabaseFactory, tmp_path: Path) -> Iterator[ExamRig]:
    """A migrated database and its units of work."""
    built = build_rig(database, tmp_path)
    yield built
    built.units.engine.dispose()


@pytest.fixture
def desk(rig: ExamRig) -> Desk:
    """The service's HTTP door over that database."""
    return open_desk(rig)
