"""Wall clocks that step, each process's apart: stepped_clock.c stands between it and the system's."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from luban.cli.postgres import EmbeddedPostgres

SOURCE = Path(__file__).with_name("stepped_clock.c")
TRUE = timedelta()


class Clocks:
    """One file a process, mapped into its memory: a step is seen at its next look at the clock."""

    def __init__(self, directory: Path, names: Iterable[str]) -> None:
        directory.mkdir()
        directory.chmod(0o755)
        self._directory = directory
        self._library = _compiled(directory)
        self.names = tuple(names)
        self.step(self.names, TRUE)

    def environment(self, name: str) -> Mapping[str, str]:
        """What a process is started with."""
        return {"LD_PRELOAD": str(self._library), "STEPPED_CLOCK": str(self._directory / name)}

    @contextmanager
    def handed_on(self, name: str) -> Iterator[None]:
        """What is started while the block runs has this clock."""
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in self.environment(name).items():
                patch.setenv(variable, value)
            yield

    def step(self, names: Iterable[str], off: timedelta) -> None:
        """From now on these processes' clocks are off by so much."""
        for name in names:
            file = self._directory / name
            with file.open("r+b" if file.exists() else "xb", buffering=0) as place:
                place.write(int(off.total_seconds()).to_bytes(8, sys.byteorder, signed=True))


@contextmanager
def running_postgres(directory: Path, clocks: Clocks, name: str) -> Iterator[EmbeddedPostgres]:
    """A durable server whose clock is one of these."""
    server = EmbeddedPostgres(directory)
    with clocks.handed_on(name):
        server.start()
    try:
        yield server
    finally:
        server.stop()


def _compiled(directory: Path) -> Path:
    """Fails without a compiler: a suite that stepped no clock must not look green."""
    compiler = shutil.which("cc")
    assert compiler, "a C compiler is missing: apt-get install gcc libc6-dev"
    library = directory / "stepped_clock.so"
    command = [compiler, "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library
