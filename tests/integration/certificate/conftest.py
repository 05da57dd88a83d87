"""A register per test, and its door."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.embedded import DatabaseFactory
from tests.integration.certificate.door import Door, open_door
from tests.integration.certificate.rig import Register, open_register


@pytest.fixture
def anyio_backend() -> str:
    """The product runs on asyncio."""
    return "asyncio"


@pytest.fixture
def register(database: DatabaseFactory, tmp_path: Path) -> Iterator[Register]:
    """An empty register."""
    opened = open_register(database, tmp_path)
    yield opened
    opened.units.engine.dispose()


@pytest.fixture
async def door(register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    """The running service."""
    opened = open_door(register, tmp_path, monkeypatch)
    app = opened.served.app
    async with app.router.lifespan_context(app):
        yield opened


@pytest.fixture
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A client at one address."""
    async with door.client() as client:
        yield client
