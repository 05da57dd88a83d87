"""A verifiable random function: ECVRF-EDWARDS25519-SHA512-TAI of RFC 9381, on libsodium's arithmetic.

One input has one output under a key. Without the key nobody can tell it from chance; with a proof and the public key
anybody can check it. libsodium refuses points outside of the main subgroup, which is stricter than the RFC asks.
"""

from hashlib import sha512

from nacl import bindings as sodium
from nacl.exceptions import CryptoError, RuntimeError, ValueError  # noqa: A004  # these are what libsodium raises

PROOF_BYTES = 80
PUBLIC_BYTES = 32
SEED_BYTES = 32

_SUITE = b"\x03"
_EIGHT = bytes([8]) + bytes(31)
_Q = 2**252 + 27742317777372353535851937790883648493


def public_of(seed: bytes) -> bytes:
    """The public key of a secret seed of 32 bytes."""
    return sodium.crypto_scalarmult_ed25519_base_noclamp(_scalar(seed))


def output_of(seed: bytes, public: bytes, message: bytes) -> bytes:
    """The output for a message, 64 bytes; costs a third of what its proof costs.

    The hashed point is of the main subgroup, so cofactor and secret may be multiplied before: one multiplication of the
    point instead of one and three additions, which cost as much.
    """
    eightfold = sodium.crypto_core_ed25519_scalar_mul(_EIGHT, _reduced(_scalar(seed)))
    return _hashed(sodium.crypto_scalarmult_ed25519_noclamp(eightfold, _to_curve(public, message)))


def prove(seed: bytes, public: bytes, message: bytes) -> bytes:
    """The proof of the output for a message (RFC 9381 §5.1), 80 bytes; the same one every time."""
    secret, point = _scalar(seed), _to_curve(public, message)
    gamma = sodium.crypto_scalarmult_ed25519_noclamp(secret, point)
    nonce = sodium.crypto_core_ed25519_scalar_reduce(sha512(sha512(seed).digest()[32:] + point).digest())
    u = sodium.crypto_scalarmult_ed25519_base_noclamp(nonce)
    v = sodium.crypto_scalarmult_ed25519_noclamp(nonce, point)
    challenge = _challenge(public, point, gamma, u, v)
    product = sodium.crypto_core_ed25519_scalar_mul(challenge + bytes(16), _reduced(secret))
    return gamma + challenge + sodium.crypto_core_ed25519_scalar_add(nonce, product)


def verified_output(public: bytes, message: bytes, proof: bytes) -> bytes | None:
    """The output that a proof shows (RFC 9381 §5.3); None where the proof or the key does not hold."""
    if len(proof) != PROOF_BYTES or len(public) != PUBLIC_BYTES:
        return None
    gamma, challenge, s = proof[:32], proof[32:48], proof[48:]
    if int.from_bytes(s, "little") >= _Q or not sodium.crypto_core_ed25519_is_valid_point(public):
        return None
    try:
        point = _to_curve(public, message)
        u = _difference(sodium.crypto_scalarmult_ed25519_base_noclamp(s), challenge, public)
        v = _difference(sodium.crypto_scalarmult_ed25519_noclamp(s, point), challenge, gamma)
        output = _output(gamma)
    except (CryptoError, RuntimeError, ValueError):  # no point, or one that no honest prover gives
        return None
    return output if _challenge(public, point, gamma, u, v) == challenge else None


def _scalar(seed: bytes) -> bytes:
    """The secret scalar, as Ed25519 makes it (RFC 8032 §5.1.5)."""
    lower = bytearray(sha512(seed).digest()[:32])
    lower[0] &= 248
    lower[31] = lower[31] & 127 | 64
    return bytes(lower)


def _to_curve(public: bytes, message: bytes) -> bytes:
    """Hashes to a point by trying counters (RFC 9381 §5.4.1.1); every second hash is none and is passed over."""
    for counter in range(256):
        hashed = sha512(_SUITE + b"\x01" + public + message + bytes([counter, 0])).digest()[:32]
        try:
            return _by_cofactor(hashed)
        except (CryptoError, RuntimeError):
            continue
    raise AssertionError("a chance of one in 2^256")


def _by_cofactor(point: bytes) -> bytes:
    for _ in range(3):
        point = sodium.crypto_core_ed25519_add(point, point)
    return point


def _difference(left: bytes, challenge: bytes, point: bytes) -> bytes:
    return sodium.crypto_core_ed25519_sub(left, sodium.crypto_scalarmult_ed25519_noclamp(challenge + bytes(16), point))


def _challenge(*points: bytes) -> bytes:
    return sha512(_SUITE + b"\x02" + b"".join(points) + b"\x00").digest()[:16]


def _reduced(scalar: bytes) -> bytes:
    return sodium.crypto_core_ed25519_scalar_reduce(scalar + bytes(32))


def _output(gamma: bytes) -> bytes:
    return _hashed(_by_cofactor(gamma))


def _hashed(point: bytes) -> bytes:
    return sha512(_SUITE + b"\x03" + point + b"\x00").digest()
