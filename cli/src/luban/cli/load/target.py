"""The stack under load, as a file describes it: a stack.json, or a few lines that a person wrote.

A person's file names the three services' addresses and whatever else there is:

    {"urls": {"registration": "https://…", "exam": "https://…", "certificate": "https://…"},
     "issuer": "…", "audience": "…", "issuer_key": "/path/issuer.pem",
     "demo": true, "databases": {"registration": "postgresql://…", "exam": "…", "certificate": "…"}}

Only `urls` is needed. Without the issuer's key nobody can be given a token; without a demo's databases the clock cannot
be moved over the days of publicity. What can be done then, `require_whole_cycle` and `luban.cli.load.given` say.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from luban.cli.clock import read_clocks
from luban.cli.load.faults import LoadError
from luban.cli.stack import SERVICE_NAMES, Stack, StackError

_ABSENT: Mapping[str, Any] = {
    "demo": False,
    "profile": "production",
    "admin_database": "",
    "databases": {},
    "broker": "",
    "keyring": "",
    "issuer": "",
    "audience": "luban",
    "jwks": "",
    "issuer_key": None,
    "pids": {},
}
_ONLY_CHECKS = (
    "Without it only checks of certificates that there are can be made: name them with --certificates FILE "
    "(columns certificate_no and name or id_no)"
)


class Target:
    """A stack described by a file, which is read again whenever it may have changed."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def stack(self) -> Stack:
        """The description as it is now. Raises LoadError for a file that describes no stack."""
        raw = self._read()
        unknown = raw.keys() - {each.name for each in fields(Stack)}
        if unknown:
            raise LoadError(f"{self.file} has fields that no stack has: {', '.join(sorted(unknown))}")
        _require_urls(self.file, raw.get("urls"))
        return Stack(**{"data_dir": str(self.file.parent), **_ABSENT, **raw})

    @property
    def is_described_by_luban(self) -> bool:
        """Whether the file is a whole stack.json, so that `luban fsck` can look into databases and topics."""
        return {each.name for each in fields(Stack)} - {"pids"} <= self._read().keys()

    def require_issuer(self) -> None:
        """Raises LoadError where nobody can be given a token, and says what to do."""
        stack = self.stack()
        if stack.issuer_key is None:
            raise LoadError(
                f"{self.file} names no issuer_key, so nobody can be given a token (its issuer is "
                f"{stack.issuer or 'not named'}). {_ONLY_CHECKS}, and the key to ask with by --api-key FILE."
            )

    def require_whole_cycle(self) -> None:
        """Raises LoadError where a plan cannot be taken from its filing to its certificates, and says what to do."""
        self.require_issuer()
        stack = self.stack()
        if not stack.demo or not stack.databases:
            raise LoadError(
                "the clock of this stack cannot be moved (it is no demo, or its databases are not named), and results "
                "are five working days in publicity before a certificate is issued. Start a stack with "
                f"`luban up --demo` for the whole cycle. {_ONLY_CHECKS}."
            )
        _require_movable(stack)

    def _read(self) -> dict[str, Any]:
        try:
            raw = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise LoadError(f"there is no {self.file}: start a stack with `luban up --demo`, or write it") from None
        except (OSError, ValueError) as error:
            raise LoadError(f"{self.file} describes no stack: {error}") from error
        if not isinstance(raw, dict):
            raise LoadError(f"{self.file} describes no stack: it holds no JSON object")
        return raw


def _require_urls(file: Path, urls: object) -> None:
    if not isinstance(urls, dict) or set(urls) != set(SERVICE_NAMES):
        raise LoadError(f"{file}: `urls` must name the address of each service: {', '.join(SERVICE_NAMES)}")
    for name, url in urls.items():
        if urlsplit(str(url)).scheme not in ("http", "https") or not urlsplit(str(url)).hostname:
            raise LoadError(f"{file}: the address of {name} must begin with http:// or https:// and name a host")


def _require_movable(stack: Stack) -> None:
    try:
        fixed = [clock.service for clock in read_clocks(stack) if not clock.allowed]
    except (StackError, psycopg.Error) as error:
        raise LoadError(f"the stack's databases do not answer, so its clock cannot be moved: {error}") from error
    if fixed:
        raise LoadError(
            f"the databases of {', '.join(fixed)} do not let their clock be moved: they are no demo's. {_ONLY_CHECKS}."
        )
