"""The stack's keys: the ring that seals personal data, the local issuer's, those that prove."""

import base64
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from luban.cli.proof_keys import ensure_proof_keys
from luban.cli.secret_files import read_json, write_json, write_secret
from luban.cli.stack import StackError
from luban.eventkit.sealing import revision

RETENTION_CLASSES = ("certificate", "candidate", "access")
_FIRST_LOOKUP = "v1"
MOST_LOOKUP_KEYS = 255


@dataclass(frozen=True)
class KeyFiles:
    """Where the keys of a data directory are."""

    directory: Path

    @property
    def keyring(self) -> Path:
        """Sealing and look-up keys (luban.eventkit.sealing reads it)."""
        return self.directory / "keyring.json"

    @property
    def issuer(self) -> Path:
        """The local issuer's private key, Ed25519, PEM."""
        return self.directory / "issuer.pem"

    @property
    def jwks(self) -> Path:
        """The local issuer's public key, a JWK set."""
        return self.directory / "jwks.json"

    @property
    def proofs(self) -> Path:
        """The directory of the keys that prove (luban.cli.proof_keys)."""
        return self.directory / "proofs"

    @property
    def passwords(self) -> Path:
        """The database roles' passwords."""
        return self.directory / "database-passwords.json"


def ensure_keys(files: KeyFiles, years: Iterable[int], *, used: bool) -> None:
    """Makes every key that is missing and leaves the others alone.

    `used` says that databases of these keys exist. Raises StackError when their key ring is gone: a new one would open
    nothing that they hold; and as ensure_proof_keys.
    """
    if used and not files.keyring.exists():
        raise StackError(
            f"the key ring {files.keyring} is gone, and without it nobody can read the names in the databases: "
            "put it back from its backup"
        )
    if not files.issuer.exists():
        write_secret(files.issuer, _pem(Ed25519PrivateKey.generate()))
    write_json(files.jwks, {"keys": [public_jwk(read_private_key(files.issuer))]})
    keyed = tuple(years)
    add_sealing_keys(files.keyring, keyed)
    ensure_proof_keys(files.proofs, datetime(min(keyed), 1, 1, tzinfo=UTC), used=used)


def add_sealing_keys(keyring: Path, years: Iterable[int]) -> list[str]:
    """One sealing key for each retention class and year that has none yet. Returns the ids of the new ones."""
    ring = _ring(keyring)
    wanted = {f"{name}-{year}": (name, year) for year in years for name in RETENTION_CLASSES}
    added = [key_id for key_id in wanted if key_id not in ring["keys"]]
    for key_id in added:
        name, year = wanted[key_id]
        ring["keys"][key_id] = {"kind": "seal", "class": name, "year": year, "key": _random_key()}
    if added or not keyring.exists():
        write_json(keyring, ring)
    return added


def rotate_sealing_keys(keyring: Path, years: Iterable[int]) -> list[str]:
    """A newer key for each retention class in these years, used from the services' next start on; the older ones still
    open what they sealed. Returns the ids of the new ones."""
    ring = _ring(keyring)
    added = []
    for year in years:
        for name in RETENTION_CLASSES:
            revisions = [revision(key_id) for key_id in ring["keys"] if key_id.partition(".")[0] == f"{name}-{year}"]
            key_id = f"{name}-{year}.{max(revisions) + 1}" if revisions else f"{name}-{year}"
            ring["keys"][key_id] = {"kind": "seal", "class": name, "year": year, "key": _random_key()}
            added.append(key_id)
    write_json(keyring, ring)
    return added


def rotate_lookup_key(keyring: Path) -> str:
    """A new key for look-up hashes, under which what is new is stored; the older ones still find what is old.

    Returns its version. Raises StackError after 255 of them: a hash names its key in one byte.
    """
    ring = _ring(keyring)
    number = max(int(version.removeprefix("v")) for version in ring["lookup"]) + 1
    if number > MOST_LOOKUP_KEYS:
        raise StackError(f"{keyring} has {MOST_LOOKUP_KEYS} look-up keys, and there can be no more")
    ring["lookup"][f"v{number}"] = _random_key()
    ring["current_lookup"] = f"v{number}"
    write_json(keyring, ring)
    return f"v{number}"


def public_jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    """The public half as a JWK (RFC 8037); its `kid` is the thumbprint of RFC 7638."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
    digest = Hash(SHA256())
    digest.update(json.dumps(members, sort_keys=True, separators=(",", ":")).encode())
    return {**members, "use": "sig", "alg": "EdDSA", "kid": _base64url(digest.finalize())}


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Raises OSError or ValueError when the file is missing or holds no Ed25519 key."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")  # noqa: TRY004 -- the file's content is wrong, not a type of ours
    return key


def _ring(keyring: Path) -> dict[str, Any]:
    fresh = {"keys": {}, "lookup": {_FIRST_LOOKUP: _random_key()}, "current_lookup": _FIRST_LOOKUP}
    ring: dict[str, Any] = read_json(keyring, fresh)
    return ring


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _pem(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
