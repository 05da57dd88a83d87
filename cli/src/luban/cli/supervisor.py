"""The process that starts a stack in order, keeps it running, and stops it in reverse order.

It holds the data directory's lock for as long as it lives, and its children die with it. `luban up` starts it as
`python -m luban.cli.supervisor DATA_DIR LOCK_DESCRIPTOR`.
"""

import logging
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg

from luban.cli.brokers import broker_of
from luban.cli.keys import KeyFiles, ensure_keys
from luban.cli.ports import LOOPBACK, assign
from luban.cli.postgres import EmbeddedPostgres
from luban.cli.processes import Child, ProcessError, Program, log_tail, stop_marked
from luban.cli.provision import provision
from luban.cli.secret_files import read_json, write_json
from luban.cli.stack import (
    LOCAL_AUDIENCE,
    LOCAL_ISSUER,
    MARK,
    STAYING,
    Issuer,
    Options,
    Service,
    Stack,
    StackError,
    logs_directory,
    stack_file,
    state_file,
)
from luban.cli.topics import ensure_topics
from luban.cli.units import Unit, stop_together
from luban.cli.wakeups import Wakeups
from luban.cli.years import is_migrated, sealing_years
from luban.contracts.catalogue import TOPICS
from luban.webkit.logs import configure_logs

STOP_SECONDS = {"services": 20.0, "broker": 15.0, "postgres": 30.0}
_IDLE_SECONDS = 60.0
_RETELL_SECONDS = 1.0
_log = logging.getLogger("luban.supervisor")


class Stopped(Exception):  # noqa: N818 -- no error: somebody asked
    """SIGTERM or SIGINT came while the stack was starting."""


class Supervisor:
    """Owns every process of one stack."""

    def __init__(self, options: Options, wakeups: Wakeups) -> None:
        self._options, self._wakeups = options, wakeups
        self._directory = options.data_dir
        self._keys = KeyFiles(self._directory / "keys")
        self._ports = self._assign_ports()
        self._units: dict[str, list[Unit]] = {"postgres": [], "broker": [], "services": []}
        self._stage, self._error = "starting", ""
        self._stack: Stack | None = None
        self._untold = False

    def run(self) -> int:
        """Starts, tends, and stops the stack. The process's exit code: 1 when it could not be started."""
        try:
            self._start()
            self._tend()
        except Stopped:
            _log.info("stopped while starting")
        except (ProcessError, StackError, psycopg.Error, OSError) as error:
            self._error = str(error)
            _log.exception("the stack cannot start: %s", error)
        finally:
            self._stop()
        return 1 if self._error else 0

    def _start(self) -> None:
        self._enter("clearing up after an earlier run")
        stop_marked(MARK, str(self._directory))
        self._enter("starting PostgreSQL")
        admin_url = self._start_postgres()
        self._enter("making databases and keys")
        known = read_json(stack_file(self._directory), {"databases": {}})["databases"]
        databases = provision(admin_url, (each.name for each in self._options.services), self._keys.passwords, known)
        used = any(is_migrated(url) for url in databases.values())
        years = sealing_years(databases.values(), admin_url, demo=self._options.demo)
        ensure_keys(self._keys, years, used=used)
        self._stack = self._describe(admin_url, databases)
        self._enter("starting the broker and making topics")
        self._start_broker(self._stack.broker)
        self._enter("migrating the databases")
        self._migrate(self._stack)
        self._enter("starting the services")
        self._start_services(self._stack)
        self._enter("running")

    def _start_postgres(self) -> str:
        if self._options.database:
            return self._options.database
        log = logs_directory(self._directory) / "postgres.log"
        server = EmbeddedPostgres(self._directory / "postgres", port=self._ports["postgres"], log=log)
        self._launch("postgres", Unit("postgres", server.start))
        return server.admin_url

    def _start_broker(self, address: str) -> None:
        if self._options.broker:
            self._make_topics(address)
            return
        log = logs_directory(self._directory) / "broker.log"
        port, environment = self._ports["broker"], {MARK: str(self._directory)}
        server = broker_of(self._options.engine, self._directory, port=port, log=log, environment=environment)

        def start() -> Child:
            child = server.start()
            try:
                self._make_topics(address)
            except StackError:
                server.kill()
                raise
            return child

        self._launch("broker", Unit("broker", start))

    def _make_topics(self, address: str) -> None:
        ensure_topics(address, TOPICS, self._options.profile, self._options.replication)

    def _migrate(self, stack: Stack) -> None:
        """All services at once: they share nothing. Raises ProcessError with the log of the first that fails."""
        running = [Child(self._program(stack, service, "migrate")) for service in self._options.services]
        try:
            while any(child.returncode() is None for child in running):
                self._wakeups.wait(1.0)
                self._stop_if_asked()
        finally:
            for child in running:
                child.kill()
        for child in running:
            if child.returncode():
                raise ProcessError(f"{child.program.name} failed; the end of its log:\n{log_tail(child.program.log)}")

    def _start_services(self, stack: Stack) -> None:
        for role in STAYING:
            for service in self._options.services:
                program = self._program(stack, service, role)
                self._launch("services", Unit(program.name, partial(Child, program)))

    def _program(self, stack: Stack, service: Service, role: str) -> Program:
        name = f"{service.name}.{role}"
        environment = stack.environment(service.name, role) | {MARK: str(self._directory)}
        return Program(name, (*service.command, role), logs_directory(self._directory) / f"{name}.log", environment)

    def _launch(self, tier: str, unit: Unit) -> None:
        unit.start()
        self._units[tier].append(unit)
        self._publish()
        self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        if self._wakeups.stopping:
            raise Stopped

    def _tend(self) -> None:
        while not self._wakeups.stopping:
            changed = [unit for unit in self._all_units() if unit.tend()]
            for unit in changed:
                _log.warning("%s: %s", unit.name, unit.describe())
            if changed or self._untold:
                self._tell()
            delays = [delay for unit in self._all_units() if (delay := unit.due_in()) is not None]
            self._wakeups.wait(min(delays, default=_RETELL_SECONDS if self._untold else _IDLE_SECONDS))

    def _stop(self) -> None:
        self._enter("stopping")
        for tier in ("services", "broker", "postgres"):
            stop_together(list(reversed(self._units[tier])), STOP_SECONDS[tier])
        stop_marked(MARK, str(self._directory))
        self._enter("failed" if self._error else "stopped")

    def _all_units(self) -> Iterable[Unit]:
        return (unit for tier in self._units.values() for unit in tier)

    def _assign_ports(self) -> dict[str, int]:
        file = self._directory / "ports.json"
        names = ["postgres", "broker", *(service.name for service in self._options.services)]
        ports = assign([*names, *map(_monitoring, self._processes())], read_json(file, {}))
        write_json(file, ports)
        return ports

    def _describe(self, admin_url: str, databases: dict[str, str]) -> Stack:
        options, keys = self._options, self._keys
        issuer = options.issuer or Issuer(LOCAL_ISSUER, LOCAL_AUDIENCE, str(keys.jwks), str(keys.issuer))
        return Stack(
            data_dir=str(self._directory),
            demo=options.demo,
            profile=options.profile,
            admin_database=admin_url,
            databases={service.name: databases[service.name] for service in options.services},
            broker=options.broker or f"{LOOPBACK}:{self._ports['broker']}",
            urls={service.name: f"http://{LOOPBACK}:{self._ports[service.name]}" for service in options.services},
            keyring=str(keys.keyring),
            issuer=issuer.name,
            audience=issuer.audience,
            jwks=issuer.jwks,
            issuer_key=issuer.key,
            monitoring={name: f"http://{LOOPBACK}:{self._ports[_monitoring(name)]}" for name in self._processes()},
        )

    def _processes(self) -> list[str]:
        """Names of the services' processes that stay."""
        return [f"{service.name}.{role}" for service in self._options.services for role in STAYING]

    def _enter(self, stage: str) -> None:
        self._stage = stage
        _log.info("%s", stage)
        if stage in ("stopping", "stopped", "failed"):
            self._tell()
        else:
            self._publish()
            self._stop_if_asked()

    def _tell(self) -> None:
        """As `_publish`, but a disk without room keeps nobody from being tended or stopped: it is told later."""
        try:
            self._publish()
        except OSError as error:
            _log.warning("cannot tell how the stack is: %s", error)
            self._untold = True
        else:
            self._untold = False

    def _publish(self) -> None:
        """Writes state.json, and stack.json with the pids of now."""
        processes = [unit.describe() for unit in self._all_units()]
        state = {"stage": self._stage, "error": self._error, "supervisor": {"pid": os.getpid()}, "processes": processes}
        write_json(state_file(self._directory), state)
        if self._stack is None:
            return
        pids = {each["name"]: each["pid"] for each in processes if each["pid"]} | {"supervisor": os.getpid()}
        self._stack = replace(self._stack, pids=pids)
        for path in (stack_file(self._directory), self._options.stack_copy):
            if path is not None:
                write_json(path, self._stack.as_json())


def _monitoring(process: str) -> str:
    """What the port is called at which a process answers its operators."""
    return f"{process}.monitoring"


def main(arguments: Sequence[str]) -> int:
    """`arguments`: the data directory and the descriptor of its lock, which stays open for as long as we live."""
    directory, lock = Path(arguments[0]), int(arguments[1])
    os.set_inheritable(lock, False)
    configure_logs("luban", "supervisor")
    logging.getLogger("kafka").setLevel(logging.ERROR)
    return Supervisor(Options.read(directory), Wakeups()).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
