"""The operating system account that PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from luban.cli.processes import ProcessError

_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}


@dataclass(frozen=True)
class Account:
    """`ids` is (user id, group id), None for ourselves; `prefix` stands before every command."""

    ids: tuple[int, int] | None = None
    prefix: tuple[str, ...] = ()

    def own(self, path: Path) -> None:
        """Gives a path to this account."""
        if self.ids:
            os.chown(path, *self.ids)

    @property
    def switch(self) -> tuple[int, int] | None:
        """The account to change to before the command starts; None where the prefix does it."""
        return None if self.prefix else self.ids


def database_account(*paths: Path) -> Account:
    """Ourselves, or `nobody` when we are root.

    Where `nobody` cannot traverse to one of the paths (a checkout below a private directory), the command is started
    through setpriv, which
    leaves it the one capability to search directories. Raises ProcessError when that is not possible either, naming
    the directory.
    """
    if os.geteuid() != 0:
        return Account()
    entry = pwd.getpwnam("nobody")
    ids = (entry.pw_uid, entry.pw_gid)
    closed = closed_directories(paths)
    return Account(ids, _setpriv(ids, closed[0]) if closed else ())


def closed_directories(paths: Iterable[Path]) -> list[Path]:
    """The directories above the paths that another user may not traverse."""
    parents = {parent for path in paths for parent in path.resolve().parents}
    return sorted(parent for parent in parents if parent.exists() and not parent.stat().st_mode & stat.S_IXOTH)


def _setpriv(ids: tuple[int, int], closed: Path) -> tuple[str, ...]:
    tool, capability = shutil.which("setpriv"), _capability()
    if tool is None or capability is None:
        raise ProcessError(
            f"PostgreSQL does not run as root, and the user nobody cannot reach {closed}. "
            f"Run as another user, or allow the way with: chmod o+x {closed}"
        )
    user, group = (str(number) for number in ids)
    return (
        *(tool, "--reuid", user, "--regid", group, "--clear-groups", "--pdeathsig", "INT"),
        *("--inh-caps", f"-all,+{capability}", "--ambient-caps", f"-all,+{capability}"),
    )


def _capability() -> str | None:
    """The weakest capability we hold that lets a process traverse any directory."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    held = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    return next((name for name, bit in _CAPABILITIES.items() if held >> bit & 1), None)
