"""Tags of certificate numbers: equal numbers have equal tags, and no tag leads to its number.

A tag is a verifiable random function of the number under the log's tag key. So the log cannot give one number two tags
without being caught by whoever holds a disclosure, and nobody without the key can try numbers out. The key is the log's
for life: another one would be another log (docs/adr/0020).
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from luban.proofs import pkcs8, vrf
from luban.proofs.local_key import KeyFileError

TAG_BYTES = 32
PROOF_BYTES = vrf.PROOF_BYTES

_DOMAIN = b"luban/certificate-number/v1\n"


class TagKey:
    """The secret key of a log's tags."""

    def __init__(self, seed: bytes) -> None:
        self.public = vrf.public_of(seed)
        """32 bytes, to be published beside the log's key."""
        self._seed = seed

    @classmethod
    def generate(cls) -> "TagKey":
        """A new key."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes) -> "TagKey":
        """Reads what `to_pem` wrote. Raises KeyFileError."""
        try:
            key = load_der_private_key(pkcs8.decrypt(pem, passphrase), password=None)
        except (ValueError, TypeError) as error:
            raise KeyFileError(f"the tag key cannot be read ({error})") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError("the tag key is none of Ed25519")
        return cls(key.private_bytes_raw())

    def to_pem(self, passphrase: bytes) -> bytes:
        """The key, encrypted, in the form of an Ed25519 key (RFC 9381 §5.5 makes it so)."""
        key = Ed25519PrivateKey.from_private_bytes(self._seed)
        return pkcs8.encrypt(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), passphrase)

    def tag(self, number: str) -> bytes:
        """The tag of a number as printed, 32 bytes. One number has one spelling: see luban.reference.spelling.plain."""
        return vrf.output_of(self._seed, self.public, _DOMAIN + number.encode())[:TAG_BYTES]

    def tags(self, numbers: Sequence[str]) -> dict[str, bytes]:
        """The tag of each, by as many threads as there are processors: libsodium works without Python's lock."""
        threads = min(os.cpu_count() or 1, len(numbers))
        if threads < 2:
            return self._each(numbers)
        with ThreadPoolExecutor(threads) as pool:
            parts = pool.map(self._each, [numbers[place::threads] for place in range(threads)])
            return {number: tag for part in parts for number, tag in part.items()}

    def _each(self, numbers: Sequence[str]) -> dict[str, bytes]:
        return {number: self.tag(number) for number in numbers}

    def prove(self, number: str) -> bytes:
        """The proof that a tag is this number's, 80 bytes; for whoever may know the number."""
        return vrf.prove(self._seed, self.public, _DOMAIN + number.encode())


def holds(public: bytes, number: str, tag: bytes, proof: bytes) -> bool:
    """Whether the tag is this number's under the log's published tag key."""
    output = vrf.verified_output(public, _DOMAIN + number.encode(), proof)
    return output is not None and output[:TAG_BYTES] == tag
