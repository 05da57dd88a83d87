"""Which index of a status list a certificate gets: its ordinal through a secret permutation of the whole list.

An index in order of issue would show, to whoever holds two credentials and the public list, who was examined beside
whom, and that a whole batch was withdrawn. A random one must be remembered and tried again when it is taken. A keyed
permutation has neither fault: no two ordinals share an index, nothing is stored, and without the key the set bits are
spread over the list like any others.
"""

from hashlib import blake2b

ROUNDS = 8
_LARGEST_KEY = 64


class IndexPermutation:
    """A permutation of 0 to `entries` - 1, by a balanced Feistel network; one per list."""

    def __init__(self, key: bytes, list_url: str, entries: int) -> None:
        """`key` is secret, 16 to 64 bytes; `entries` is a power of two. Raises ValueError for others."""
        if not 16 <= len(key) <= _LARGEST_KEY:
            raise ValueError("the key has 16 to 64 bytes")
        if entries < 4 or entries & (entries - 1):
            raise ValueError("the number of entries is a power of two")
        self.entries = entries
        self._half = (entries.bit_length()) // 2
        self._mask = (1 << self._half) - 1
        self._keyed = blake2b(list_url.encode(), key=key, digest_size=8)

    def index(self, ordinal: int) -> int:
        """The index of the list's `ordinal`th certificate, counted from 0. Raises ValueError beyond the list."""
        if not 0 <= ordinal < self.entries:
            raise ValueError("the list has no such ordinal")
        found = self._permuted(ordinal)
        while found >= self.entries:  # a list of an odd number of bits is half of the network's range
            found = self._permuted(found)
        return found

    def _permuted(self, number: int) -> int:
        left, right = number >> self._half, number & self._mask
        for round_ in range(ROUNDS):
            left, right = right, left ^ (self._mixed(round_, right) & self._mask)
        return left << self._half | right

    def _mixed(self, round_: int, half: int) -> int:
        mixer = self._keyed.copy()
        mixer.update(bytes((round_,)) + half.to_bytes(8))
        return int.from_bytes(mixer.digest())
