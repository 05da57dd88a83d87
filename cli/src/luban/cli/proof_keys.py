"""The keys that prove: of answers, the public log, credentials and the VC-API; of the log's tags and the lists' order.

All private ones are encrypted under the passphrase beside them; production keeps that one elsewhere.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from luban.cli.secret_files import write_secret
from luban.cli.stack import StackError
from luban.proofs.key_files import KeyDirectory, passphrase_of, pin_of
from luban.proofs.key_history import KeyHistory, KeyRecord
from luban.proofs.local_key import KeyFileError
from luban.proofs.number_tag import TagKey
from luban.proofs.signing import Algorithm
from luban.proofs.token_key import Token

PASSPHRASE = "passphrase"  # noqa: S105  # the name of a file
PURPOSES = ("answers", "log", "credentials", "vc-api")
TAG_KEY, STATUS_KEY = "tag.pem", "status.key"

GRACE = timedelta(hours=1)
"""What a rotated key still signs counts for so long: by then every process was started anew."""


def ensure_proof_keys(directory: Path, since: datetime, *, used: bool = False) -> None:
    """Makes what is missing and leaves the rest alone. The first keys are valid from `since`, which must not lie after
    the clock of the stack.

    Raises StackError where something is missing though it was `used`: made anew unasked, it would silently end what
    rests on it.
    """
    missing = [name for name in (PASSPHRASE, *PURPOSES, TAG_KEY, STATUS_KEY) if not (directory / name).exists()]
    if used and missing:
        raise StackError(
            f"of the keys in {directory} there are no {', '.join(missing)}: put them back from their backup, "
            "or see docs/runbook.md, Keys are lost"
        )
    directory.mkdir(mode=0o700, exist_ok=True)
    if not (directory / PASSPHRASE).exists():
        write_secret(directory / PASSPHRASE, secrets.token_urlsafe(32))
    secret = secret_in(directory)
    for purpose in PURPOSES:
        (directory / purpose).mkdir(mode=0o700, exist_ok=True)
        keys = KeyDirectory(directory / purpose, secret)
        if keys.history().current is None:
            keys.rotate(since)
    if not (directory / TAG_KEY).exists():
        write_secret(directory / TAG_KEY, TagKey.generate().to_pem(secret).decode())
    if not (directory / STATUS_KEY).exists():
        write_secret(directory / STATUS_KEY, secrets.token_hex(32))


def histories(directory: Path) -> dict[str, KeyHistory]:
    """Every public key there ever was, by purpose. Raises StackError for a directory that holds none."""
    with told():
        found = {purpose: KeyDirectory(directory / purpose, b"").history() for purpose in PURPOSES}
    if not any(history.records for history in found.values()):
        raise StackError(f"{directory} holds no keys that prove; `luban up` makes them with its stack")
    return found


def rotate(directory: Path, purpose: str, at: datetime, algorithm: Algorithm, token: Token | None = None) -> str:
    """A new key, in a file or in a token, that signs from the processes' next start on; its id. Private keys that were
    retired by earlier rotations are destroyed. Raises StackError, `Conflict` key-time-order."""
    histories(directory)
    with told(), owned(directory):
        keys = _keys(directory, purpose)
        keys.destroy_retired()
        if token is None:
            return keys.rotate(at, algorithm, GRACE).key_id
        label = f"luban-{purpose}-{at.astimezone(UTC):%Y%m%d}-{secrets.token_hex(4)}"
        return keys.rotate_into(token, label, at, GRACE).key_id


def compromise(directory: Path, purpose: str, key: str, since: datetime, at: datetime) -> tuple[KeyRecord, str]:
    """Records that somebody else may hold a key since a moment, destroys our file of it, and makes another where it
    was the current one. `key` is the beginning of its id. The key's record and the id of the one that signs now.

    Raises StackError, `Conflict` key-time-order.
    """
    key_id = _one(histories(directory)[purpose], key).public_key.key_id
    with told(), owned(directory):
        keys = _keys(directory, purpose)
        keys.compromise(key_id, since, at)
        current = keys.history().current
        signing = current.public_key.key_id if current else keys.rotate(at).key_id
        return _one(keys.history(), key_id), signing


def _keys(directory: Path, purpose: str) -> KeyDirectory:
    return KeyDirectory(directory / purpose, secret_of(directory), pin_of(os.environ))


def secret_of(directory: Path) -> bytes:
    """The passphrase: of the environment (LUBAN_KEY_PASSPHRASE or …_FILE), else of the file beside the keys.

    Raises KeyFileError.
    """
    if is_kept_elsewhere():
        return passphrase_of(os.environ)
    if not (directory / PASSPHRASE).exists():
        raise KeyFileError("there is no passphrase: set LUBAN_KEY_PASSPHRASE_FILE")
    return secret_in(directory)


def is_kept_elsewhere() -> bool:
    """Whether the environment says where the passphrase is."""
    return any(name in os.environ for name in ("LUBAN_KEY_PASSPHRASE", "LUBAN_KEY_PASSPHRASE_FILE"))


def secret_in(directory: Path) -> bytes:
    """What stands in the passphrase's file."""
    return (directory / PASSPHRASE).read_bytes().removesuffix(b"\n")


def _one(history: KeyHistory, beginning: str) -> KeyRecord:
    found = [record for record in history.records if record.public_key.key_id.startswith(beginning)]
    if len(found) != 1:
        raise StackError(
            f"{len(found)} keys of this purpose begin with {beginning!r}; `luban keys proof show` names them"
        )
    return found[0]


@contextmanager
def told() -> Iterator[None]:
    """Trouble with files of keys ends a command with its reason."""
    try:
        yield
    except KeyFileError as error:
        raise StackError(str(error)) from error


@contextmanager
def owned(directory: Path) -> Iterator[None]:
    """What root makes for an account that owns the directory, as a container's, is that account's."""
    yield
    owner = directory.stat()
    for path in directory.rglob("*"):
        if (path.stat().st_uid, path.stat().st_gid) != (owner.st_uid, owner.st_gid) and os.getuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)
