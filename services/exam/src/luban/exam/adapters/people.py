"""Keyed hashes of people, under every look-up key of the ring."""

from collections.abc import Collection

from luban.eventkit.sealing import KeyRing
from luban.reference.names import name_key
from luban.reference.spelling import plain

TAIL = 4
"""Characters of a document's number that lists show."""


def id_tail(id_no: str) -> str:
    """The last characters of a document's number, as lists show them."""
    return plain(id_no)[-TAIL:]


class KeyedHashes:
    """How the list of a plan knows people; the first of several hashes is the one to store."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def of_match(self, name: str, id_tail: str) -> Collection[bytes]:
        """Of a name and the last 4 characters of a number; a spreadsheet may have eaten leading zeros."""
        tail = plain(id_tail)
        return self._ring.lookup_hashes("match", name_key(name), tail.zfill(TAIL) if tail.isdecimal() else tail)

    def of_name(self, name: str) -> Collection[bytes]:
        """Of a name, by what its spellings share."""
        return self._ring.lookup_hashes("name", name_key(name))

    def of_number(self, id_no: str) -> Collection[bytes]:
        """Of a whole document number."""
        return self._ring.lookup_hashes("id_no", plain(id_no))
