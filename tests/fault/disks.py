"""A small disk that can be filled to its last byte and freed again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CHUNK = 1 << 20


def require_mount() -> None:
    """Fails where no disk can be made: a suite that filled none must not look green."""
    assert os.geteuid() == 0, "a disk of its own takes root: run `make fault` as root"
    assert shutil.which("mount"), "mount is missing"


@contextmanager
def small_disk(directory: Path, mebibytes: int) -> Iterator["Disk"]:
    """A disk in memory at `directory`, for as long as the block runs."""
    require_mount()
    directory.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=711", "tmpfs", str(directory))
    try:
        yield Disk(directory)
    finally:
        _run("umount", "--lazy", str(directory))


class Disk:
    """What is mounted."""

    def __init__(self, directory: Path) -> None:
        self._filler = directory / "filler"

    @property
    def free(self) -> int:
        """Bytes."""
        return shutil.disk_usage(self._filler.parent).free

    @contextmanager
    def full(self) -> Iterator[None]:
        """While the block runs not a byte is free, whatever is deleted meanwhile by others aside."""
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for size in (_CHUNK, 4096):
                with suppress(OSError):
                    while os.write(descriptor, b"\0" * size):
                        pass
            assert self.free == 0
            yield
        finally:
            os.close(descriptor)
            self._filler.unlink()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
