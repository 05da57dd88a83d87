"""After a loss of keys that prove: others in their place, the public ones of before still published."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from luban.cli.proof_keys import PASSPHRASE, PURPOSES, STATUS_KEY, TAG_KEY, is_kept_elsewhere, owned, secret_of, told
from luban.cli.secret_files import write_secret
from luban.cli.stack import StackError
from luban.proofs.key_files import KeyDirectory, pin_of
from luban.proofs.key_history import KeyHistory
from luban.proofs.local_key import KeyFileError
from luban.proofs.number_tag import TagKey
from luban.proofs.token_key import TokenError


@dataclass(frozen=True)
class Allowed:
    """What may be begun anew where it is lost, though nothing old can be continued with it."""

    tag_key: bool = False
    lists_from: int | None = None
    """Number of the first status list of the new order; higher than any that was published."""


def replace_lost(
    directory: Path, at: datetime, published: Mapping[str, KeyHistory] | None, allowed: Allowed
) -> list[str]:
    """Makes another of every private key that cannot be read; public keys that are gone are put back as `published`.

    What was replaced, by name. Raises StackError, before anything is changed, where public keys are gone and not among
    the published, or where the tag key or the lists' order is lost and not `allowed` to begin anew.
    """
    with told(), owned(directory):
        secret, fresh = _secret_or_new(directory)
        lost = _lost_signers(directory, secret)
        known = {purpose: KeyDirectory(directory / purpose, secret).history() for purpose in lost}
        gone = [purpose for purpose, history in known.items() if not history.records]
        _refuse_unpublished(gone, published or {})
        others = _lost_others(directory, secret, allowed)
        if fresh:
            write_secret(directory / PASSPHRASE, secret.decode())
        for purpose in lost:
            keys = KeyDirectory(directory / purpose, secret)
            if purpose in gone:
                keys.put_back((published or {})[purpose])
            current = keys.history().current
            if current:
                keys.lose(current.public_key.key_id, at)
            keys.rotate(at)
        if TAG_KEY in others:
            write_secret(directory / TAG_KEY, TagKey.generate().to_pem(secret).decode())
        if STATUS_KEY in others:
            write_secret(directory / STATUS_KEY, f"{secrets.token_hex(32)} {allowed.lists_from}")
    return [*([PASSPHRASE] if fresh else []), *lost, *others]


def _secret_or_new(directory: Path) -> tuple[bytes, bool]:
    """A new one only where it lay beside the keys: one that is kept elsewhere is made anew there."""
    if is_kept_elsewhere() or (directory / PASSPHRASE).exists():
        return secret_of(directory), False
    return secrets.token_urlsafe(32).encode(), True


def _lost_signers(directory: Path, secret: bytes) -> list[str]:
    """Purposes whose current private key cannot be read. Raises TokenError for one in a token that cannot be used now:
    that is not yet lost."""
    lost = []
    for purpose in PURPOSES:
        try:
            KeyDirectory(directory / purpose, secret, pin_of(os.environ)).signer()
        except TokenError:
            raise
        except KeyFileError:
            lost.append(purpose)
    return lost


def _refuse_unpublished(gone: list[str], published: Mapping[str, KeyHistory]) -> None:
    missing = [purpose for purpose in gone if purpose not in published]
    if missing:
        raise StackError(
            f"the public keys of {', '.join(missing)} are gone too, and nothing that they signed verifies without: "
            "give what `luban trust` kept of them with --trust, or put keys.json back from the backup"
        )


def _lost_others(directory: Path, secret: bytes, allowed: Allowed) -> list[str]:
    """The tag key and the lists' order, where they are lost. Raises StackError where one may not begin anew."""
    lost = [
        name for name, reads in ((TAG_KEY, _reads_tag_key), (STATUS_KEY, _reads_order)) if not reads(directory, secret)
    ]
    if TAG_KEY in lost and not allowed.tag_key:
        raise StackError(
            f"{TAG_KEY} is lost too: entries of the log can be opened no more. Put it back from the backup; "
            "if there is none, --new-tag-key begins another"
        )
    if STATUS_KEY in lost and allowed.lists_from is None:
        raise StackError(
            f"{STATUS_KEY} is lost too: the status of credentials handed out so far can be told no more. "
            "Put it back from the backup; if there is none, --new-lists-from N begins other lists"
        )
    return lost


def _reads_tag_key(directory: Path, secret: bytes) -> bool:
    try:
        TagKey.from_pem((directory / TAG_KEY).read_bytes(), secret)
    except (OSError, ValueError, KeyFileError):
        return False
    return True


def _reads_order(directory: Path, _: bytes) -> bool:
    return (directory / STATUS_KEY).exists()
