"""`python -m luban.<service> migrate | api | worker | replay`: the same four commands for every service."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config

from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.retries import Retries
from luban.eventkit.settings import Settings
from luban.eventkit.timers import TimerHandler
from luban.eventkit.uow import UnitsOfWork, connect, open_units
from luban.eventkit.worker import build_worker
from luban.webkit.housekeeping import Housekeeping
from luban.webkit.logs import configure_logs
from luban.webkit.serving import serve

WORKER_CONNECTIONS = 6


@dataclass(frozen=True)
class Service:
    """What distinguishes one service's processes from another's."""

    name: str
    api: str
    """Import path of the function that makes the ASGI application, module:function."""
    subscriptions: Subscriptions | None = None
    timers: Mapping[str, TimerHandler] = field(default_factory=dict)
    before_worker: Callable[[UnitsOfWork], None] | None = None
    """Raises when the worker must not start, or dead letters not be replayed, on this database."""


def main(service: Service) -> int:
    """Runs one command; the process's exit code."""
    parser = argparse.ArgumentParser(prog=f"luban.{service.name}")
    parser.add_argument("command", choices=["migrate", "api", "worker", "replay"])
    chosen = parser.parse_args().command
    configure_logs(service.name)
    settings = Settings()
    if chosen == "migrate":
        migrate(service.name, settings)
        return 0
    if chosen == "api":
        serve(service.api, settings)
        return 0
    units = open_units(settings, WORKER_CONNECTIONS)
    if service.before_worker:
        service.before_worker(units)
    if chosen == "replay":
        return _replay(service, units)
    others = {"housekeeping": Housekeeping(units)}
    return build_worker(service.name, settings, units, service.subscriptions, service.timers, others).run()


def migrate(service: str, settings: Settings) -> None:
    """Brings the service's database to its newest schema, and says whether its clock may be moved."""
    with as_file(files(f"luban.{service}").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.attributes["address"] = settings.database
        command.upgrade(config, "head")
    engine = connect(settings.database, 1)
    with engine.begin() as connection:
        connection.exec_driver_sql("update eventkit.simulated_clock set allowed = %s", (settings.demo,))
    engine.dispose()


def _replay(service: Service, units: UnitsOfWork) -> int:
    if service.subscriptions is None:
        return 0
    report = Retries(service.subscriptions, units).replay()
    print(f"applied {report.applied}, repeats {report.repeats}, refused {len(report.refused)}")  # noqa: T201  # its output
    return 1 if report.refused else 0
