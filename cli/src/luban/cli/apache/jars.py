"""Apache Kafka's jars: fetched by Maven once, compared with known checksums, kept in the user's cache."""

import fcntl
import hashlib
import importlib.resources
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from luban.cli.processes import ProcessError

VERSION = "4.3.1"
_OPTIONS = ("--quiet", "--batch-mode", "--strict-checksums")
_GOAL = "dependency:copy-dependencies"
_SECONDS = 900.0
_DATA = importlib.resources.files("luban.cli.apache")


def kafka_jars(report: Callable[[str], None] = lambda _: None) -> Path:
    """The directory of the jars. The first who asks fetches them; others wait for it.

    Raises ProcessError where Maven is missing, cannot fetch them, or delivers other bytes than `jars.sha256` names.
    """
    known = (_DATA / "jars.sha256").read_text(encoding="utf-8")
    target = _cache() / f"kafka-{VERSION}-{hashlib.sha256(known.encode()).hexdigest()[:12]}"
    if not target.exists():
        with _alone(target.with_name(f"{target.name}.lock")):
            if not target.exists():
                report(f"fetching Apache Kafka {VERSION} with Maven, once")
                _fetch(target, _by_name(known))
    return target


def _cache() -> Path:
    directory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "luban"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProcessError(f"no place for Apache Kafka's jars: {error}; name one by XDG_CACHE_HOME") from error
    return directory


def _by_name(sums: str) -> dict[str, str]:
    """The checksums of `sha256sum`'s lines."""
    pairs = (line.split() for line in sums.splitlines())
    return {name: digest for digest, name in pairs}


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _fetch(target: Path, known: dict[str, str]) -> None:
    """Into a draft beside the target, which takes its place when whole and right."""
    draft = target.with_name(f"{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    _run_maven(draft)
    delivered = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in draft.iterdir()}
    if delivered != known:
        others = sorted(name for name in delivered.keys() | known.keys() if delivered.get(name) != known.get(name))
        raise ProcessError(f"Maven delivered other jars than luban knows, none is used: {', '.join(others)}")
    draft.rename(target)


def _run_maven(draft: Path) -> None:
    program = shutil.which("mvn")
    if program is None:
        raise ProcessError(f"Apache Kafka {VERSION} is fetched with Maven, and there is no mvn on the PATH: install it")
    with importlib.resources.as_file(_DATA / "pom.xml") as pom:
        command = (program, *_OPTIONS, "--file", str(pom), _GOAL, f"-DoutputDirectory={draft}")
        try:
            done = subprocess.run(  # noqa: S603 -- the user's own Maven
                command, capture_output=True, text=True, check=False, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise ProcessError(f"Maven did not deliver Apache Kafka within {_SECONDS:.0f} s") from None
    if done.returncode:
        raise ProcessError(f"Maven cannot fetch Apache Kafka {VERSION}:\n{(done.stdout + done.stderr).strip()[-2000:]}")
