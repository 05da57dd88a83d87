"""A whole stack that can be struck: its processes by name, its network, its clocks, its disk."""

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from luban.cli.launch import start_stack, stop_stack
from luban.cli.processes import wait_until
from luban.cli.secret_files import read_json
from luban.cli.stack import SERVICE_NAMES, STAYING, Options, Service, Stack, prepare_directory, state_file
from tests.fault import struck_service
from tests.fault.clocks import Clocks
from tests.fault.network import FIRST_GROUP, End, Network

START_SECONDS = 240
PROCESSES = tuple(f"{service}.{role}" for role in STAYING for service in SERVICE_NAMES)
"""Of the services. The stack's others are postgres, broker and supervisor."""
GROUPS = {name: FIRST_GROUP + number for number, name in enumerate(PROCESSES)}
POSTGRES, BROKER = "postgres", "broker"


@dataclass
class Scene:
    """One stack. `network` and `clocks` where it has its own."""

    options: Options
    network: Network | None = None
    clocks: Clocks | None = None

    @property
    def directory(self) -> Path:
        """Of its data."""
        return self.options.data_dir

    @property
    def stack(self) -> Stack:
        """As it is described now."""
        return Stack.read(self.directory)

    def start(self) -> None:
        """Starts it, or starts it again. A broker with a clock of its own shares it with the supervisor."""
        apart = self.clocks is not None and BROKER in self.clocks.names
        with self.clocks.handed_on(BROKER) if self.clocks and apart else nullcontext():
            start_stack(self.options, seconds=START_SECONDS)

    def processes(self, name: str) -> list[psutil.Process]:
        """A process that runs now and all that descend from it, itself first. Waits for one that is being restarted."""
        found: list[psutil.Process] = []

        def look() -> bool:
            found[:] = _family(pid_of(self.directory, name))
            return bool(found)

        assert wait_until(look, START_SECONDS), f"{name} does not run"
        return found

    def everything(self) -> list[psutil.Process]:
        """The supervisor, and all that it runs."""
        return _family(read_json(state_file(self.directory))["supervisor"]["pid"])

    def end_of(self, name: str) -> End:
        """Where a process is found on the network."""
        stack = self.stack
        if name == POSTGRES:
            return End((_port(stack.admin_database),))
        if name == BROKER:
            return End((_port(f"//{stack.broker}"),))
        service, role = name.split(".")
        addresses = [stack.monitoring[name], *([stack.urls[service]] if role == "api" else [])]
        return End(tuple(map(_port, addresses)), GROUPS[name])


@contextmanager
def struck_stack(
    directory: Path, *, network: Network | None = None, clocks: Clocks | None = None, database: str | None = None
) -> Iterator[Scene]:
    """A demo stack that runs while the block does, with PostgreSQL of its own unless it is told of another."""
    data = prepare_directory(directory / "stack")
    places = directory / "places.json"
    places.write_text(json.dumps(_places(network, clocks)), encoding="utf-8")
    scene = Scene(Options(data, services=_services(places), demo=True, database=database), network, clocks)
    if network:
        network.mark(list(GROUPS.values()))
    try:
        scene.start()
        yield scene
    finally:
        for process in _family_or_none(data):
            with suppress(psutil.Error):
                process.resume()
        stop_stack(data)


def pid_of(data_dir: Path, name: str) -> int | None:
    """The process that the supervisor runs under a name just now."""
    state = read_json(state_file(data_dir), {"processes": []})
    return next((each["pid"] for each in state["processes"] if each["name"] == name and each["pid"]), None)


def signal_all(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    """To each of them that still lives; psutil compares start times, so nobody else is hit."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _places(network: Network | None, clocks: Clocks | None) -> Mapping[str, object]:
    return {
        name: {
            **({"group": GROUPS[name]} if network else {}),
            **({"clock": dict(clocks.environment(name))} if clocks else {}),
        }
        for name in PROCESSES
    }


def _services(places: Path) -> tuple[Service, ...]:
    command = (sys.executable, os.fspath(struck_service.__file__), str(places))
    return tuple(Service(name, (*command, name)) for name in SERVICE_NAMES)


def _family(pid: int | None) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        if pid is not None:
            head = psutil.Process(pid)
            return [head, *head.children(recursive=True)]
    return []


def _family_or_none(data_dir: Path) -> list[psutil.Process]:
    state = read_json(state_file(data_dir))
    return _family(state["supervisor"]["pid"]) if state else []


def _port(address: str) -> int:
    port = urlsplit(address).port
    assert port is not None
    return port
