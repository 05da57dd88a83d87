"""A stack: what was asked for (options), where everything is (stack.json), how it is doing (state.json)."""

import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, cast, get_args

from luban.cli.processes import wait_until
from luban.cli.secret_files import read_json, write_json

Profile = Literal["embedded", "production"]
Engine = Literal["embedded", "apache"]
"""The brokers that a stack can run itself: the embedded one, or Apache Kafka from Maven's jars."""
ENGINE_VARIABLE = "LUBAN_UP_BROKER"
MARK = "LUBAN_STACK"
"""Stands in the environment of every child, so that those of a killed supervisor are found whatever became of them."""
LOCAL_ISSUER = "urn:luban:local-issuer"
LOCAL_AUDIENCE = "luban"
SERVICE_NAMES = ("registration", "exam", "certificate")
STAYING = ("api", "worker")
"""What runs of a service for as long as the stack is up."""


class StackError(RuntimeError):
    """A command cannot be done on this stack; the message says why and what to do."""


@dataclass(frozen=True)
class Service:
    """A service and the command that starts it; `migrate`, `api`, `worker` or `replay` is added to it."""

    name: str
    command: tuple[str, ...]


def luban_services() -> tuple[Service, ...]:
    """The services of the product, run by this interpreter."""
    return tuple(Service(name, (sys.executable, "-m", f"luban.{name}")) for name in SERVICE_NAMES)


@dataclass(frozen=True)
class Issuer:
    """Who signs the bearer tokens. `key` is set for the local issuer only: the path of its private key."""

    name: str
    audience: str
    jwks: str
    key: str | None = None


def default_engine() -> Engine:
    """The broker to run where nobody says which: $LUBAN_UP_BROKER, else the embedded one."""
    named = os.environ.get(ENGINE_VARIABLE) or "embedded"
    if named not in get_args(Engine):
        raise StackError(f"{ENGINE_VARIABLE} is {named!r}; there are {', '.join(get_args(Engine))}")
    return cast("Engine", named)


def profile_of(engine: Engine) -> Profile:
    """What decides the partitions on a broker of ours: they are as lasting as its log."""
    return "production" if engine == "apache" else "embedded"


@dataclass(frozen=True)
class Options:
    """What `luban up` was asked for. `database` and `broker` name external servers; without them ours are started.

    `engine` is the broker of ours.
    """

    data_dir: Path
    services: tuple[Service, ...] = field(default_factory=luban_services)
    demo: bool = False
    database: str | None = None
    broker: str | None = None
    engine: Engine = field(default_factory=default_engine)
    profile: Profile = field(default_factory=lambda: profile_of(default_engine()))
    replication: int = 1
    issuer: Issuer | None = None
    stack_copy: Path | None = None

    def write(self) -> None:
        """Leaves the options for the supervisor."""
        write_json(_options_file(self.data_dir), {**asdict(self), "data_dir": str(self.data_dir), **self._paths()})

    def _paths(self) -> dict[str, str | None]:
        return {"stack_copy": str(self.stack_copy) if self.stack_copy else None}

    @classmethod
    def read(cls, data_dir: Path) -> Self:
        """The options of the last `luban up` on this directory."""
        raw = read_json(_options_file(data_dir))
        raw["services"] = tuple(Service(each["name"], tuple(each["command"])) for each in raw["services"])
        raw["issuer"] = Issuer(**raw["issuer"]) if raw["issuer"] else None
        raw["stack_copy"] = Path(raw["stack_copy"]) if raw["stack_copy"] else None
        return cls(**{**raw, "data_dir": data_dir})


@dataclass(frozen=True)
class Stack:
    """Where everything of a stack is; the contents of stack.json. It holds passwords: mode 0600.

    `databases` and `urls` are by service; `monitoring` and `pids` by process ("postgres", "supervisor", "exam.api" …).
    """

    data_dir: str
    demo: bool
    profile: Profile
    admin_database: str
    databases: Mapping[str, str]
    broker: str
    urls: Mapping[str, str]
    keyring: str
    issuer: str
    audience: str
    jwks: str
    issuer_key: str | None
    monitoring: Mapping[str, str] = field(default_factory=dict)
    """Where each process answers its operators, as far as it can be reached from here: /metrics, a worker's health."""
    pids: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, data_dir: Path) -> Self:
        """Raises StackError when no stack was ever started here."""
        return cls.read_file(stack_file(data_dir))

    @classmethod
    def read_file(cls, path: Path) -> Self:
        """Reads a stack.json wherever it stands. Raises StackError when there is none."""
        raw = read_json(path)
        if raw is None:
            raise StackError(f"there is no stack at {path.parent}: start one with `luban up --data-dir {path.parent}`")
        return cls(**raw)

    def as_json(self) -> dict[str, Any]:
        """What stands in stack.json."""
        return asdict(self)

    def environment(self, service: str, role: str = "") -> dict[str, str]:
        """Everything a service is told of the world; `role`, api or worker, adds what only that process is told."""
        host, port = self.urls[service].removeprefix("http://").rsplit(":", 1)
        environment = {
            "LUBAN_DATABASE": self.databases[service],
            "LUBAN_BROKER": self.broker,
            "LUBAN_KEYRING": self.keyring,
            "LUBAN_OIDC_ISSUER": self.issuer,
            "LUBAN_OIDC_AUDIENCE": self.audience,
            "LUBAN_OIDC_JWKS": self.jwks,
            "LUBAN_HTTP_HOST": host,
            "LUBAN_HTTP_PORT": port,
            "LUBAN_PROFILE": self.profile,
            "LUBAN_DEMO": str(int(self.demo)),
            "PYTHONUNBUFFERED": "1",
        }
        monitoring = self.monitoring.get(f"{service}.{role}")
        if monitoring:
            host, port = monitoring.removeprefix("http://").rsplit(":", 1)
            environment |= {"LUBAN_METRICS_HOST": host, "LUBAN_METRICS_PORT": port}
        return environment | (self._proving() if service == "certificate" else {})

    def _proving(self) -> dict[str, str]:
        proofs = Path(self.keyring).parent / "proofs"
        return {
            "LUBAN_PROOF_KEYS": str(proofs),
            "LUBAN_KEY_PASSPHRASE_FILE": str(proofs / "passphrase"),
            "LUBAN_LOG_MARK": str(log_mark(Path(self.data_dir))),
        }


def log_mark(data_dir: Path) -> Path:
    """How far the public log was signed; kept outside its database."""
    return data_dir / "keys" / "log-mark.json"


def stack_file(data_dir: Path) -> Path:
    """The description of the stack that lives in a data directory."""
    return data_dir / "stack.json"


def state_file(data_dir: Path) -> Path:
    """What the supervisor last said of its processes."""
    return data_dir / "state.json"


def logs_directory(data_dir: Path) -> Path:
    """One log per process."""
    return data_dir / "logs"


def prepare_directory(data_dir: Path) -> Path:
    """Makes the data directory; PostgreSQL's account may pass through it, and read nothing."""
    directory = data_dir.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o711)
    for name, mode in (("logs", 0o711), ("keys", 0o700)):
        (directory / name).mkdir(exist_ok=True)
        (directory / name).chmod(mode)
    return directory


def is_running(data_dir: Path) -> bool:
    """Whether a supervisor holds the directory."""
    try:
        with exclusive(data_dir, seconds=0.0):
            return False
    except BlockingIOError:
        return True


@contextmanager
def exclusive(data_dir: Path, seconds: float = 0.5) -> Iterator[int]:
    """Holds the directory's lock and gives its descriptor, which a supervisor may inherit.

    Raises BlockingIOError when somebody holds it for longer than `seconds` (`is_running` holds it for an instant).
    The lock goes with the last process that has the descriptor open.
    """
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not wait_until(lambda: _locks(descriptor), seconds):
            raise BlockingIOError(f"{data_dir} is held by another process")
        yield descriptor
    finally:
        os.close(descriptor)


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _options_file(data_dir: Path) -> Path:
    return data_dir / "options.json"
