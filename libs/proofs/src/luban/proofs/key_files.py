"""A signing key's history in a directory: `keys.json` is public, `<key id>.pem` holds one encrypted private key, or
`<key id>.token` says where in a token (PKCS#11) it is.

One process changes a directory at a time (a lock file says so); any number read it. A private file is written before
the history that names it, so that a crash between leaves a file too many and never one too few.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from luban.proofs.key_history import KeyHistory
from luban.proofs.local_key import KeyFileError, LocalSigner
from luban.proofs.signing import Algorithm, PublicKey, Signer
from luban.proofs.token_key import Token, TokenError, TokenKey, TokenSigner, destroy, generate
from luban.reference.refusal import Conflict, Invalid

HISTORY = "keys.json"
LARGEST_FILE = 1 << 20
"""Bytes; a key file or a history beyond it is damaged."""


def passphrase_of(environment: Mapping[str, str], name: str = "LUBAN_KEY_PASSPHRASE") -> bytes:
    """The passphrase that an environment gives in `name`, or in a file that `name`_FILE names, less a last newline.

    Raises KeyFileError where it gives both or neither, or the file cannot be read.
    """
    given, file = environment.get(name), environment.get(f"{name}_FILE")
    if (given is None) == (file is None):
        raise KeyFileError(f"set {name} or {name}_FILE, one of them")
    if given is not None:
        return given.encode()
    try:
        return Path(file or "").read_bytes().removesuffix(b"\n")
    except OSError as error:
        raise KeyFileError(f"the file that {name}_FILE names cannot be read ({error.strerror})") from error


def pin_of(environment: Mapping[str, str]) -> str | None:
    """The PIN of a token, LUBAN_TOKEN_PIN or LUBAN_TOKEN_PIN_FILE; None where neither is given.

    Raises KeyFileError as `passphrase_of`.
    """
    if not any(name in environment for name in ("LUBAN_TOKEN_PIN", "LUBAN_TOKEN_PIN_FILE")):
        return None
    return passphrase_of(environment, "LUBAN_TOKEN_PIN").decode()


class KeyDirectory:
    """The keys of one purpose."""

    def __init__(self, path: Path, passphrase: bytes, pin: str | None = None) -> None:
        """`pin` is of the token, for keys that are in one."""
        self._path, self._passphrase, self._given_pin = path, passphrase, pin

    def history(self) -> KeyHistory:
        """What is published; empty before the first key. Raises KeyFileError for a damaged file."""
        path = self._path / HISTORY
        if not path.exists():
            return KeyHistory()
        try:
            return KeyHistory.from_jwks(json.loads(_read(path)))
        except (ValueError, AttributeError, Invalid) as error:
            raise KeyFileError(f"{path} is damaged ({error})") from error

    def signer(self) -> Signer:
        """The current key. Raises KeyFileError where there is none, or its file is missing or damaged, and TokenError
        where it is in a token that cannot be used."""
        current = self.history().current
        if current is None:
            raise KeyFileError(f"{self._path} has no current key: make one by a rotation")
        public = current.public_key
        signer = self._in_token(public) or LocalSigner.from_pem(
            _read(self._private_file(public)), self._passphrase, public.algorithm
        )
        if signer.key_id != public.key_id:
            raise KeyFileError(f"{self._private_file(public)} holds another key than its name says")
        return signer

    def rotate(
        self, at: datetime, algorithm: Algorithm = Algorithm.ED25519, grace: timedelta = timedelta()
    ) -> LocalSigner:
        """Makes a new current key, the first one included. Raises KeyFileError, and as KeyHistory.rotate."""
        with self._changing() as history:
            signer = LocalSigner.generate(algorithm)
            changed = history.rotate(signer.public_key, at, grace)
            _write(self._private_file(signer.public_key), signer.to_pem(self._passphrase), mode=0o600)
            self._publish(changed)
        return signer

    def rotate_into(self, token: Token, label: str, at: datetime, grace: timedelta = timedelta()) -> TokenSigner:
        """Makes a new current key in a token, which it never leaves. `label` names it there.

        Raises TokenError, `Invalid` pkcs11-unavailable, and as KeyHistory.rotate.
        """
        place = TokenKey(token.module, token.label, label)
        with self._changing() as history:
            generate(token.module, token.label, self._pin(), label)
            signer = TokenSigner(token.module, token.label, self._pin(), label)
            try:
                changed = history.rotate(signer.public_key, at, grace)
            except Conflict:
                signer.close()
                destroy(place, self._pin())
                raise
            _write(self._token_file(signer.public_key), place.to_json(), mode=0o600)
            self._publish(changed)
        return signer

    def put_back(self, history: KeyHistory) -> None:
        """Writes a history that was published, where ours is gone. Raises KeyFileError where there is one."""
        with self._changing() as known:
            if known.records:
                raise KeyFileError(f"{self._path} has its public keys already")
            self._publish(history)

    def lose(self, key_id: str, at: datetime) -> None:
        """Records that a private key is gone. Raises as KeyHistory.lose."""
        with self._changing() as history:
            self._publish(history.lose(key_id, at))

    def compromise(self, key_id: str, since: datetime, at: datetime) -> None:
        """Records that somebody else may hold a private key, and destroys ours: what was recorded stays so where a
        token does not do it.

        Raises as KeyHistory.compromise, and TokenError.
        """
        with self._changing() as history:
            changed = history.compromise(key_id, since, at)
            self._publish(changed)
            self._destroy(changed, key_id)

    def destroy_retired(self) -> None:
        """Removes the private files of keys that sign no more: nobody needs them, and nobody can take them."""
        with self._changing() as history:
            for record in history.records:
                if record != history.current:
                    self._destroy(history, record.public_key.key_id)

    def _destroy(self, history: KeyHistory, key_id: str) -> None:
        record = history.find(key_id)
        if record is None:
            return
        self._private_file(record.public_key).unlink(missing_ok=True)
        reference = self._token_file(record.public_key)
        if reference.exists():
            destroy(TokenKey.from_json(_read(reference)), self._pin())
            reference.unlink()

    def _in_token(self, key: PublicKey) -> TokenSigner | None:
        reference = self._token_file(key)
        if not reference.exists():
            return None
        place = TokenKey.from_json(_read(reference))
        return TokenSigner(place.module, place.token, self._pin(), place.label)

    def _pin(self) -> str:
        if self._given_pin is None:
            raise TokenError(f"a key of {self._path} is in a token: set LUBAN_TOKEN_PIN or LUBAN_TOKEN_PIN_FILE")
        return self._given_pin

    def _token_file(self, key: PublicKey) -> Path:
        return self._path / f"{key.key_id}.token"

    def _private_file(self, key: PublicKey) -> Path:
        return self._path / f"{key.key_id}.pem"

    def _publish(self, history: KeyHistory) -> None:
        _write(self._path / HISTORY, json.dumps(history.jwks(), indent=1).encode() + b"\n", mode=0o644)

    @contextmanager
    def _changing(self) -> Iterator[KeyHistory]:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._path / "lock", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.history()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read ({error.strerror})") from error
    if len(content) > LARGEST_FILE:
        raise KeyFileError(f"{path} is too large for what it should be")
    return content


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and on disk when it returns."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
