"""`python -m luban.<service> migrate | api | worker | replay | recover`: the same commands for every service."""

import argparse
import gc
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import as_file, files

import psycopg
from alembic import command
from alembic.config import Config
from pydantic import ValidationError
from pydantic_core import to_json

from luban.eventkit.backlog import LIMITS, YEAR
from luban.eventkit.comparison import refuse_if_behind
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.metrics import expect_events_of
from luban.eventkit.recovery import Missing, Recovery, summary
from luban.eventkit.replaying import Replay
from luban.eventkit.sealing import KeyRing
from luban.eventkit.settings import Settings
from luban.eventkit.starting import CannotStartError
from luban.eventkit.timers import TimerHandler
from luban.eventkit.uow import UnitsOfWork, connect, open_units
from luban.eventkit.worker import Loop, build_worker
from luban.webkit.housekeeping import Housekeeping
from luban.webkit.logs import configure_logs
from luban.webkit.monitoring import MonitoringServer, Page, metrics
from luban.webkit.serving import serve
from luban.webkit.telemetry import configure_tracing
from luban.webkit.watching import Watching

_LOG = logging.getLogger("luban.program")

WORKER_CONNECTIONS = 6
TURN_SECONDS = 0.001
"""How long one thread of a worker keeps the interpreter while another waits for it. By Python's own 5 ms a thread that
leaves it often, for libsodium or the database, is starved by one that never does."""
COLLECT_AFTER = (50_000, 20, 50)
"""Allocations before the collector looks at new objects, and how seldom at older ones. A batch makes tens of thousands
of objects that reference counts free without it; at Python's own 700 it takes a sixth of a worker's time."""

SPOKEN = ("recover", "replay")
"""Commands that say something on standard output; their log lines go beside it."""

Rebuild = Callable[[UnitsOfWork, Recovery, Sequence[Missing]], None]


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
    rebuild: Rebuild | None = None
    """Makes the rows that events of ours led to, where those and the events that caused them say all that is needed."""
    loops: Callable[[UnitsOfWork, Settings], Mapping[str, Loop]] = lambda _, __: {}
    """Loops of the worker's own, beside consumer, relay, retries, timers and housekeeping."""


def main(service: Service) -> int:
    """Runs one command; the process's exit code. Whatever ends it is said as one JSON line."""
    parser = argparse.ArgumentParser(prog=f"luban.{service.name}")
    parser.add_argument("command", choices=["migrate", "api", "worker", "replay", "recover"])
    parser.add_argument("--dry-run", action="store_true", help="recover, replay: only say what would be done")
    whole = parser.add_mutually_exclusive_group()
    whole.add_argument("--from-start", action="store_true", help="replay: the topics from their start")
    whole.add_argument("--rebuild", action="store_true", help="replay: make the read state anew from the topics")
    asked = parser.parse_args()
    chosen = asked.command
    configure_logs(service.name, chosen, stream=sys.stderr if chosen in SPOKEN else None)
    try:
        if chosen == "recover":
            return _recover(service, Settings(), dry_run=asked.dry_run)
        return _run(service, asked, Settings())
    except CannotStartError as error:
        _LOG.error("cannot start: %s", error)  # its text is all there is to know
    except ValidationError as error:
        _LOG.error("cannot start: %s", _unusable(error))  # its own text quotes values, passwords too
    except Exception:
        _LOG.exception("%s failed", chosen)
    return 1


def _run(service: Service, asked: argparse.Namespace, settings: Settings) -> int:
    chosen = asked.command
    if chosen == "migrate":
        migrate(service.name, settings)
        return 0
    configure_tracing(service.name, chosen)
    look_before_starting(settings)
    gc.freeze()  # what was imported stays
    gc.set_threshold(*COLLECT_AFTER)
    if chosen == "api":
        _open_to_operators(settings, {"/metrics": metrics})
        expect_events_of(service.name)
        serve(service.api, settings)
        return 0
    sys.setswitchinterval(TURN_SECONDS)
    units = open_units(settings, WORKER_CONNECTIONS)
    if service.before_worker:
        service.before_worker(units)
    return _replay(service, asked, settings, units) if chosen == "replay" else _work(service, settings, units)


def look_before_starting(settings: Settings) -> None:
    """Raises KeyRingError without a key ring that has this year's keys by the database's clock, JournalBehindError on a
    database that is known to be restored from the past.

    A database that is away does not stop a start; /readyz asks again.
    """
    ring = KeyRing.load(settings.keyring)
    try:
        with psycopg.connect(settings.database, **LIMITS) as connection:
            (year,) = connection.execute(YEAR).fetchone() or (0,)
            ring.require(year)
            refuse_if_behind(connection)
    except psycopg.Error as error:
        _LOG.warning("the database is looked at later: %s", type(error).__name__)


def _work(service: Service, settings: Settings, units: UnitsOfWork) -> int:
    others: dict[str, Loop] = {"housekeeping": Housekeeping(units), **service.loops(units, settings)}
    worker = build_worker(service.name, settings, units, service.subscriptions, service.timers, others)
    _open_to_operators(settings, Watching(service.name, worker, units, settings).pages)
    expect_events_of(service.name)
    return worker.run()


def _recover(service: Service, settings: Settings, *, dry_run: bool) -> int:
    """Brings a database that was restored from the past to where its topic is; 1 while it is not there."""
    units = open_units(settings, WORKER_CONNECTIONS)
    recovery = Recovery(service.name, settings, units)
    missing = recovery.missing()
    print(summary(missing))  # noqa: T201  # its output
    if dry_run:
        return 1 if missing else 0
    if missing and service.rebuild is None:
        raise CannotStartError(
            f"the rows of {service.name} that led to these events cannot be made from them: events do not carry all"
            " that was entered. Restore the database with its WAL (docs/runbook.md, Backup and restore)"
        )
    if missing and service.rebuild:
        service.rebuild(units, recovery, missing)
    recovery.compare_again()
    print("the journal has everything that stands on its topic")  # noqa: T201  # its output
    return 0


def _open_to_operators(settings: Settings, pages: Mapping[str, Page]) -> None:
    if settings.metrics_port is not None:
        MonitoringServer(settings.metrics_host, settings.metrics_port, pages).start()


def _unusable(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"LUBAN_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in faults)


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


def _replay(service: Service, asked: argparse.Namespace, settings: Settings, units: UnitsOfWork) -> int:
    """Prints what became of it as one line of JSON; 1 when something was refused again or could not be read."""
    if service.subscriptions is None:
        return 0
    replay = Replay(service.subscriptions, units, settings, dry_run=asked.dry_run)
    outcome = replay.rebuild() if asked.rebuild else replay.from_start() if asked.from_start else replay.waiting()
    print(to_json(outcome.as_json()).decode())  # noqa: T201  # its output
    return 1 if outcome.refused or outcome.undecodable else 0
