"""A private key in this process's memory, and its encrypted PEM file (PKCS#8): the default signer."""

from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from nacl.bindings import crypto_sign, crypto_sign_BYTES

from luban.proofs import pkcs8, sm2
from luban.proofs.signing import Algorithm, PublicKey

SHORTEST_PASSPHRASE = 16
"""Bytes. It is a program's, not a person's: 32 random letters do well."""


class KeyFileError(Exception):
    """A private key that cannot be read, or a passphrase too short to protect one. Names no secret."""


class _Ed25519:
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self.public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._key = key
        self._secret = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()) + self.public

    def sign(self, message: bytes) -> bytes:
        # libsodium needs two thirds of OpenSSL's time, and a signature is the dearest thing in an answer
        return crypto_sign(message, self._secret)[:crypto_sign_BYTES]

    def to_der(self) -> bytes:
        return self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


class _SM2:
    def __init__(self, private: bytes, public: bytes) -> None:
        self._private, self.public = private, public

    def sign(self, message: bytes) -> bytes:
        return sm2.sign(self._private, self.public, message)

    def to_der(self) -> bytes:
        return sm2.to_pkcs8(self._private, self.public)


class _Private(Protocol):
    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes, /) -> bytes: ...

    def to_der(self) -> bytes: ...


class LocalSigner:
    """A `Signer` of either algorithm."""

    def __init__(self, algorithm: Algorithm, private: _Private) -> None:
        self.algorithm = algorithm
        self.public_key = PublicKey(algorithm, private.public)
        self.key_id = self.public_key.key_id
        self._private = private

    @classmethod
    def generate(cls, algorithm: Algorithm = Algorithm.ED25519) -> "LocalSigner":
        """A new key. Raises `Invalid` algorithm-unavailable."""
        if algorithm is Algorithm.SM2:
            return cls(algorithm, _SM2(*sm2.generate()))
        return cls(algorithm, _Ed25519(Ed25519PrivateKey.generate()))

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes | None, algorithm: Algorithm = Algorithm.ED25519) -> "LocalSigner":
        """Reads PKCS#8; a passphrase of None is for an Ed25519 key that is not encrypted.

        Raises KeyFileError for a damaged file, a wrong passphrase and a key of another algorithm.
        """
        try:
            if algorithm is Algorithm.SM2:
                return cls(algorithm, _SM2(*sm2.from_pkcs8(pkcs8.decrypt(pem, passphrase or b""))))
            key = load_pem_private_key(pem, password=passphrase)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFileError(f"the private key cannot be read ({error})") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError("the private key is none of Ed25519")
        return cls(algorithm, _Ed25519(key))

    def to_pem(self, passphrase: bytes) -> bytes:
        """The encrypted key. Raises KeyFileError for a passphrase of less than 16 bytes."""
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise KeyFileError(f"a passphrase has at least {SHORTEST_PASSPHRASE} bytes")
        return pkcs8.encrypt(self._private.to_der(), passphrase)

    def public_jwk(self) -> dict[str, str]:
        return self.public_key.jwk()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)
