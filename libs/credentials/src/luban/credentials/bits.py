"""Lists of small numbers packed into bytes, in the two orders that status lists use, and unpacked within bounds."""

import zlib
from collections.abc import Collection, Mapping
from enum import Enum

from luban.credentials.problems import ProblemType, Refused

LONGEST = 1 << 24
"""Bytes of a list when decompressed: 2^27 entries of one bit."""


class Order(Enum):
    """Where the entries of a byte begin."""

    MOST_SIGNIFICANT_FIRST = "msb"
    """Bitstring Status List 1.0 §2.1: index 0 is the left-most bit."""
    LEAST_SIGNIFICANT_FIRST = "lsb"
    """Token Status List §4.1: index 0 is the right-most bits."""


def pack(entries: int, bits: int, values: Mapping[int, int], order: Order) -> bytes:
    """`entries` numbers of 1, 2, 4 or 8 bits: those of `values` by index, 0 elsewhere.

    Raises ValueError for an index or a value that does not fit, or entries that fill no whole byte.
    """
    if bits not in (1, 2, 4, 8) or entries < 1 or (entries * bits) % 8:
        raise ValueError("a list has whole bytes, and entries of 1, 2, 4 or 8 bits")
    if values and (
        min(values) < 0 or max(values) >= entries or min(values.values()) < 0 or max(values.values()) >> bits
    ):
        raise ValueError("an index or a value does not fit into the list")
    packed, per_byte = bytearray(entries * bits // 8), 8 // bits
    shifts = [_shift(place, bits, order) for place in range(per_byte)]
    for index, value in values.items():
        packed[index // per_byte] |= value << shifts[index % per_byte]
    return bytes(packed)


def pack_bits(entries: int, set_indices: Collection[int], order: Order) -> bytes:
    """As `pack` with entries of 1 bit, many times faster: 0 and 1 as letters of one binary number."""
    if entries < 1 or entries % 8:
        raise ValueError("a list has whole bytes")
    if set_indices and (min(set_indices) < 0 or max(set_indices) >= entries):
        raise ValueError("an index does not fit into the list")
    letters = bytearray(b"0") * entries
    for index in set_indices:
        letters[index] = ord("1")
    if order is Order.MOST_SIGNIFICANT_FIRST:
        return int(letters, 2).to_bytes(entries // 8, "big")
    letters.reverse()
    return int(letters, 2).to_bytes(entries // 8, "little")


def value_at(packed: bytes, bits: int, index: int, order: Order) -> int:
    """The number at an index. Raises `Refused` status-index where the list does not reach."""
    per_byte = 8 // bits
    if not 0 <= index < len(packed) * per_byte:
        raise Refused(
            ProblemType.RANGE,
            "status-index",
            zh="状态序号超出状态列表",
            en="the status index lies beyond the status list",
        )
    return packed[index // per_byte] >> _shift(index % per_byte, bits, order) & ((1 << bits) - 1)


def decompressed(compressed: bytes, window: int) -> bytes:
    """The bytes of one zlib (`window` 15) or gzip (31) stream, stopped where it would grow beyond LONGEST.

    Raises `Refused` status-list-malformed or status-list-length.
    """
    stream = zlib.decompressobj(wbits=window)
    try:
        raw = stream.decompress(compressed, LONGEST + 1)
    except zlib.error as error:
        raise malformed() from error
    if len(raw) > LONGEST:
        raise wrong_length()
    if not stream.eof or stream.unused_data:
        raise malformed()
    return raw


def _shift(place: int, bits: int, order: Order) -> int:
    return place * bits if order is Order.LEAST_SIGNIFICANT_FIRST else 8 - bits * (place + 1)


def malformed() -> Refused:
    return Refused(
        ProblemType.STATUS_VERIFICATION,
        "status-list-malformed",
        zh="状态列表格式不正确",
        en="the status list is malformed",
    )


def wrong_length() -> Refused:
    return Refused(
        ProblemType.STATUS_LIST_LENGTH,
        "status-list-length",
        zh="状态列表的长度不符",
        en="the status list is of another size than it must be",
    )
