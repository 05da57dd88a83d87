"""Encrypted private keys as PEM (RFC 5958, PBES2 of RFC 8018), of any curve.

PBKDF2 with HMAC-SHA-256, AES-256-CBC: what `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256` writes.
"""

import os
from base64 import b64decode, encodebytes
from typing import NamedTuple

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.x509 import ObjectIdentifier

ITERATIONS = 100_000
"""Of PBKDF2. The passphrase is a long random one, so this need not be slow."""
MOST_ITERATIONS = 10_000_000
"""A file that asks for more is refused."""

_PBES2 = ObjectIdentifier("1.2.840.113549.1.5.13")
_PBKDF2 = ObjectIdentifier("1.2.840.113549.1.5.12")
_HMAC_SHA256 = ObjectIdentifier("1.2.840.113549.2.9")
_AES256_CBC = ObjectIdentifier("2.16.840.1.101.3.4.1.42")
_BLOCK_BITS = 128
_HEAD, _FOOT = "-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----END ENCRYPTED PRIVATE KEY-----"


@asn1.sequence
class _Prf:
    algorithm: ObjectIdentifier
    parameters: asn1.Null


@asn1.sequence
class _Pbkdf2:
    salt: bytes
    iterations: int
    prf: _Prf


@asn1.sequence
class _Derivation:
    algorithm: ObjectIdentifier
    parameters: _Pbkdf2


@asn1.sequence
class _Encryption:
    algorithm: ObjectIdentifier
    iv: bytes


@asn1.sequence
class _Pbes2:
    derivation: _Derivation
    encryption: _Encryption


@asn1.sequence
class _Scheme:
    algorithm: ObjectIdentifier
    parameters: _Pbes2


@asn1.sequence
class _EncryptedKey:
    scheme: _Scheme
    data: bytes


class _Salted(NamedTuple):
    salt: bytes
    iterations: int
    iv: bytes


def encrypt(der: bytes, passphrase: bytes) -> bytes:
    """A PEM file of this PKCS#8 key."""
    salted = _Salted(os.urandom(16), ITERATIONS, os.urandom(16))
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    encryptor = _cipher(salted, passphrase).encryptor()
    data = encryptor.update(padder.update(der) + padder.finalize()) + encryptor.finalize()
    encrypted = asn1.encode_der(_EncryptedKey(scheme=_scheme(salted), data=data))
    return f"{_HEAD}\n{encodebytes(encrypted).decode()}{_FOOT}\n".encode()


def decrypt(pem: bytes, passphrase: bytes) -> bytes:
    """The PKCS#8 key in DER. Raises ValueError for another format, a damaged file or a wrong passphrase."""
    lines = pem.decode("ascii").strip().splitlines()
    if len(lines) < 3 or (lines[0], lines[-1]) != (_HEAD, _FOOT):
        raise ValueError("no encrypted private key in PEM")
    encrypted = asn1.decode_der(_EncryptedKey, b64decode("".join(lines[1:-1]), validate=True))
    derivation, encryption = encrypted.scheme.parameters.derivation.parameters, encrypted.scheme.parameters.encryption
    salted = _Salted(derivation.salt, derivation.iterations, encryption.iv)
    if not 0 < salted.iterations <= MOST_ITERATIONS:
        raise ValueError("a number of iterations that is not served")
    if asn1.encode_der(encrypted.scheme) != asn1.encode_der(_scheme(salted)):
        raise ValueError("another encryption than PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC")
    decryptor = _cipher(salted, passphrase).decryptor()
    unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
    return unpadder.update(decryptor.update(encrypted.data) + decryptor.finalize()) + unpadder.finalize()


def _scheme(salted: _Salted) -> _Scheme:
    prf = _Prf(algorithm=_HMAC_SHA256, parameters=asn1.Null())
    pbkdf2 = _Pbkdf2(salt=salted.salt, iterations=salted.iterations, prf=prf)
    derivation = _Derivation(algorithm=_PBKDF2, parameters=pbkdf2)
    encryption = _Encryption(algorithm=_AES256_CBC, iv=salted.iv)
    return _Scheme(algorithm=_PBES2, parameters=_Pbes2(derivation=derivation, encryption=encryption))


def _cipher(salted: _Salted, passphrase: bytes) -> Cipher[modes.CBC]:
    derivation = PBKDF2HMAC(hashes.SHA256(), length=32, salt=salted.salt, iterations=salted.iterations)
    return Cipher(algorithms.AES256(derivation.derive(passphrase)), modes.CBC(salted.iv))
