"""Where the public keys of the token issuer come from."""

from pathlib import Path
from threading import Lock
from typing import Protocol

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

from luban.webkit.problem import unavailable

ALGORITHMS = ("EdDSA", "RS256", "ES256")
"""Signatures that are accepted; never none, never a shared secret."""

_FETCH_SECONDS = 3.0


class KeySource(Protocol):
    """Finds the issuer's public keys."""

    blocking: bool
    """Whether a look-up may wait for the network."""

    def find(self, key_id: str) -> PyJWK | None:
        """The key of this id, None if the issuer has no such key. 503 when the keys cannot be had."""


class KeyFile:
    """A JWKS file, read again when it changes."""

    blocking = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, PyJWK] = {}
        self._lock = Lock()

    def find(self, key_id: str) -> PyJWK | None:
        """The key of this id in the file as it is now; a file half written keeps the keys read before."""
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._read(stamp)
        except (OSError, ValueError, jwt.PyJWTError) as error:
            if not self._keys:
                raise unavailable() from error
        return self._keys.get(key_id)

    def _read(self, stamp: tuple[int, int]) -> None:
        with self._lock:
            keys = PyJWKSet.from_json(self._path.read_text(encoding="utf-8")).keys
            self._keys = {key.key_id: key for key in keys if key.key_id and key.algorithm_name in ALGORITHMS}
            self._stamp = stamp


class KeyAddress:
    """A JWKS address; keys are kept for five minutes, an unknown key id asks again at most every 30 s."""

    blocking = True

    def __init__(self, address: str) -> None:
        self._client = PyJWKClient(address, lifespan=300, timeout=_FETCH_SECONDS, cooldown_duration=30)

    def find(self, key_id: str) -> PyJWK | None:
        """The key of this id as the issuer publishes it."""
        try:
            key = self._client.get_signing_key(key_id)
        except jwt.PyJWKClientConnectionError as error:
            raise unavailable() from error
        except jwt.PyJWTError:
            return None
        return key if key.algorithm_name in ALGORITHMS else None


def key_source(location: str) -> KeySource:
    """The source for a path or an https address (plain http only on this machine)."""
    if location.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        return KeyAddress(location)
    if location.startswith("http://"):
        raise ValueError("the issuer's keys must come over https")
    return KeyFile(Path(location))
