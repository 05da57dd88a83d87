"""The root of a growing tree from a handful of hashes: what an auditor keeps instead of the tree."""

from collections.abc import Sequence

from luban.proofs.merkle import EMPTY_ROOT, node_hash, root_of


class Frontier:
    """The roots of the complete subtrees that a tree of whole blocks of leaves consists of, greatest first."""

    def __init__(self) -> None:
        self._blocks = 0
        self._roots: list[bytes] = []

    def add(self, block_root: bytes) -> None:
        """One more block, complete and as long as all others."""
        self._roots.append(block_root)
        self._blocks += 1
        finished = self._blocks
        while finished % 2 == 0:
            right, left = self._roots.pop(), self._roots.pop()
            self._roots.append(node_hash(left, right))
            finished //= 2

    def root(self, rest: Sequence[bytes] = ()) -> bytes:
        """The root over the blocks and at most one more block of leaf hashes."""
        parts = [*self._roots, *([root_of(rest)] if rest else [])]
        if not parts:
            return EMPTY_ROOT
        root = parts.pop()
        while parts:
            root = node_hash(parts.pop(), root)
        return root
