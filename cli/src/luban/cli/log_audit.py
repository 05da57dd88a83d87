"""An audit of a public log over HTTP, and what is kept of it until the next one."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from luban.cli.secret_files import read_json, write_json
from luban.cli.stack import StackError
from luban.proofs.audit import Known, audit
from luban.proofs.audit_report import Report
from luban.proofs.checkpoint import Policy
from luban.proofs.note import NoteKey
from luban.proofs.tiles import LARGEST_BUNDLE

MOST_CHECKPOINTS = 100
"""Kept of one log; the oldest are dropped first but for the very first."""
LARGEST_KEYS = 1 << 20
_AHEAD = 64
"""Files asked for before the first of them was read."""
_READERS = 8


@dataclass(frozen=True)
class Kept:
    """What an earlier audit left: whom to believe, and the checkpoints that were seen."""

    policy: Policy
    known: tuple[Known, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return {
            "origin": self.policy.origin,
            "keys": [key.vkey for key in self.policy.log_keys],
            "witnesses": [key.vkey for key in self.policy.witnesses],
            "witnesses_needed": self.policy.witnesses_needed,
            "checkpoints": [
                {"seen_at": each.seen_at.isoformat(), "note": each.content.decode()} for each in self.known
            ],
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Kept":
        """Raises KeyError, TypeError, ValueError for what is none; `Invalid` for keys that are none."""
        keys, witnesses = (tuple(map(NoteKey.from_vkey, raw[name])) for name in ("keys", "witnesses"))
        known = [Known(each["note"].encode(), datetime.fromisoformat(each["seen_at"])) for each in raw["checkpoints"]]
        return cls(Policy(raw["origin"], keys, witnesses, raw["witnesses_needed"]), tuple(known))

    def with_keys(self, keys: Iterable[str]) -> "Kept":
        """Believes more keys of the log. Raises `Invalid` for one that is none."""
        known = self.policy.log_keys
        added = [key for key in dict.fromkeys(map(NoteKey.from_vkey, keys)) if key not in known]
        return replace(self, policy=replace(self.policy, log_keys=(*known, *added)))

    def with_seen(self, report: Report, at: datetime) -> "Kept":
        """Adds the checkpoint of an audit."""
        if report.signed is None or any(each.content == report.signed.content for each in self.known):
            return self
        known = (*self.known, Known(report.signed.content, at))
        return Kept(self.policy, known if len(known) <= MOST_CHECKPOINTS else (known[0], *known[2:]))


class Website:
    """A log's files below an address."""

    def __init__(self, address: str, client: httpx.Client) -> None:
        self._address, self._client = address.rstrip("/"), client

    def fetch(self, path: str) -> bytes:
        """Raises FileNotFoundError where there is nothing, StackError for any other trouble."""
        content = self._get(path, LARGEST_BUNDLE)
        if content is None:
            raise FileNotFoundError(path)
        return content

    def read_many(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        """In order, several at once."""
        source = iter(paths)
        with ThreadPoolExecutor(_READERS) as readers:
            while ahead := list(islice(source, _AHEAD)):
                yield from readers.map(lambda path: self._get(path, LARGEST_BUNDLE), ahead)

    def keys(self) -> dict[str, Any]:
        """What the log says of its keys."""
        found = self._get("keys", LARGEST_KEYS)
        if found is None:
            raise StackError(f"{self._address} publishes no keys: give them with --key")
        try:
            told: dict[str, Any] = httpx.Response(200, content=found).json()
        except ValueError as error:
            raise StackError(f"{self._address}/keys is no JSON") from error
        return told

    def _get(self, path: str, most: int) -> bytes | None:
        """At most `most` bytes; None for 404."""
        try:
            with self._client.stream("GET", f"{self._address}/{path}") as answer:
                if answer.status_code == httpx.codes.NOT_FOUND:
                    return None
                if answer.status_code != httpx.codes.OK:
                    raise StackError(f"{self._address}/{path} answers {answer.status_code}")
                content = b""
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > most:
                        raise StackError(f"{self._address}/{path} is larger than {most} bytes")
                return content
        except httpx.HTTPError as error:
            raise StackError(f"{self._address}/{path} cannot be read ({type(error).__name__})") from error


def run_audit(site: Website, kept: Kept, now: datetime) -> Report:
    """Audits everything. Raises StackError where the log cannot be read at all."""
    return audit(site.fetch, kept.policy, now=now, known=kept.known, read_many=site.read_many)


def read_kept(file: Path) -> Kept | None:
    """What an earlier audit left in a file; None without one. Raises StackError for a file that is none."""
    try:
        raw = read_json(file)
        return None if raw is None else Kept.from_json(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise StackError(f"{file} does not hold what an audit keeps") from error


def write_kept(file: Path, kept: Kept) -> None:
    """Leaves it for the next audit."""
    write_json(file, kept.to_json())


def believe(told: dict[str, Any], keys: Iterable[str], witnesses_needed: int) -> Policy:
    """Whom to believe the first time: the keys that were given, else those that the log tells of itself.

    Raises StackError for an answer that is none, `Invalid` for keys that are none.
    """
    given = tuple(map(NoteKey.from_vkey, keys))
    try:
        told_keys = tuple(map(NoteKey.from_vkey, told["keys"]))
        witnesses = tuple(map(NoteKey.from_vkey, told["witnesses"]))
        return Policy(str(told["origin"]), given or told_keys, witnesses, witnesses_needed)
    except (KeyError, TypeError, AttributeError) as error:
        raise StackError("the log's keys are not told as they should be") from error
