"""Fixtures that every test can ask for."""

from tests.embedded import broker, database, database_factory, own_broker, postgres_server, reachable_directory

__all__ = ["broker", "database", "database_factory", "own_broker", "postgres_server", "reachable_directory"]
