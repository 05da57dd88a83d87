"""Fixtures that every test can ask for, and the servers they come from."""

import pytest
from hypothesis import HealthCheck, settings

from tests.embedded import (
    broker,
    database,
    database_factory,
    own_broker,
    postgres_server,
    reachable_directory,
    servers,
)
from tests.servers import servers_of_run

__all__ = ["broker", "database", "database_factory", "own_broker", "postgres_server", "reachable_directory", "servers"]

settings.register_profile("untimed", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # how long an example takes says what else the machine does, not whether it holds


def pytest_configure(config: pytest.Config) -> None:
    """Chooses before the workers begin, so that all of them run on the same servers."""
    config.stash[_CHOICE] = str(servers_of_run(config) or "")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Which servers the run uses, and why."""
    return [choice] if (choice := config.stash[_CHOICE]) else []


_CHOICE = pytest.StashKey[str]()
