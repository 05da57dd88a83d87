"""The Merkle tree of RFC 6962 and RFC 9162 §2.1 with SHA-256: hashes, and checks of what is proven about a tree.

A proof is a list of hashes, 32 bytes each, from the leaf's neighbour up. A subtree [start, end) as in Merkle Tree
Certificates (draft-ietf-plants-merkle-tree-certs §4): `start` is a multiple of the least power of two that is not
below its length.
"""

from collections.abc import Sequence
from hashlib import sha256

from luban.reference.refusal import Invalid

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""
LONGEST_PROOF = 64
"""Hashes; a tree has at most 2^63 leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return sha256(b"\x01" + left + right).digest()


def split(length: int) -> int:
    """The greatest power of two below a length of at least 2: where RFC 6962 parts a tree."""
    return 1 << (length - 1).bit_length() - 1


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over the leaf hashes of a whole tree, or over the roots of complete subtrees of one height."""
    row = list(hashes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        odd = [row[-1]] if len(row) % 2 else []
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)] + odd
    return row[0]


def is_subtree(start: int, end: int) -> bool:
    """Whether [start, end) may be named as a subtree; an empty one may, anywhere."""
    return 0 <= start <= end and (end == start or start % (1 << (end - start - 1).bit_length()) == 0)


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """That the leaf with this hash stands at `index` in the tree of this size and root.

    Raises `Invalid` inclusion-proof.
    """
    if root_by_inclusion(index, size, leaf, proof) != root:
        raise _no_inclusion()


def root_by_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that a proof leads to (RFC 9162 §2.1.3.2). Raises `Invalid` inclusion-proof for one of a wrong shape."""
    if not 0 <= index < size or len(leaf) != HASH_BYTES or len(proof) > LONGEST_PROOF:
        raise _no_inclusion()
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0 or len(sibling) != HASH_BYTES:
            raise _no_inclusion()
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise _no_inclusion()
    return found


def check_subtree_inclusion(  # a proof's own six parts
    index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """That the leaf stands at `index` of the tree, inside the subtree [start, end) of this root.

    Raises `Invalid` inclusion-proof.
    """
    if not is_subtree(start, end):
        raise _no_inclusion()
    check_inclusion(index - start, end - start, leaf, proof, root)


def check_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """That the tree of the first size is the beginning of the second: nothing was changed or removed.

    Raises `Invalid` consistency-proof; also for a first tree without leaves, of which nothing can be proven unless the
    second is empty too.
    """
    if size1 == 0 and (size2 != 0 or root2 != EMPTY_ROOT):
        raise _no_consistency()
    check_subtree_consistency(0, size1, size2, root1, root2, proof)


def check_subtree_consistency(  # a proof's own six parts
    start: int, end: int, size: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> None:
    """That the subtree [start, end) with `root1` is a part of the tree of `size` leaves with `root2`.

    An empty subtree is part of every tree that reaches to it. Raises `Invalid` consistency-proof.
    """
    if not is_subtree(start, end) or end > size or len(proof) > LONGEST_PROOF:
        raise _no_consistency()
    if start == end or (start, end) == (0, size):
        if proof or root1 != (EMPTY_ROOT if start == end else root2):
            raise _no_consistency()
        return
    if _roots_by_consistency(start, end, size, root1, proof) != (root1, root2):
        raise _no_consistency()


def _roots_by_consistency(start: int, end: int, size: int, root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The two roots that a proof leads to (draft §4.4.3; for start 0 RFC 9162 §2.1.4.2)."""
    first, inner, last = start, end - 1, size - 1
    while first != inner and (inner == last or inner & 1):
        first, inner, last = first >> 1, inner >> 1, last >> 1
    rest = list(proof)
    if any(len(given) != HASH_BYTES for given in rest) or (first != inner and not rest):
        raise _no_consistency()
    small = large = root if first == inner else rest.pop(0)
    for given in rest:
        if last == 0:
            raise _no_consistency()
        if inner & 1 or inner == last:
            small = node_hash(given, small) if first < inner else small
            large = node_hash(given, large)
            while not inner & 1 and inner:
                first, inner, last = first >> 1, inner >> 1, last >> 1
        else:
            large = node_hash(large, given)
        first, inner, last = first >> 1, inner >> 1, last >> 1
    if last:
        raise _no_consistency()
    return small, large


def _no_inclusion() -> Invalid:
    return Invalid("inclusion-proof", zh="包含证明不成立", en="the proof of inclusion does not hold")


def _no_consistency() -> Invalid:
    return Invalid("consistency-proof", zh="一致性证明不成立", en="the proof of consistency does not hold")
