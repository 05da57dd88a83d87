"""A Merkle tree straight from the definitions of RFC 6962 §2.1, and a log's files in memory."""

from collections.abc import Sequence

from luban.proofs.merkle import EMPTY_ROOT, leaf_hash, node_hash
from luban.proofs.tiles import grow


class Files(dict[str, bytes]):
    """A web server's files, as a function too."""

    def __call__(self, path: str) -> bytes:
        if path not in self:
            raise FileNotFoundError(path)
        return self[path]


def filled(entries: Sequence[bytes], steps: Sequence[int] = ()) -> Files:
    """The files of a log that grew by so many entries at a time, and by the rest."""
    files, size = Files(), 0
    for step in [*steps, len(entries)]:
        new = entries[size : size + step]
        growth = grow(files, size, new, [leaf_hash(entry) for entry in new])
        files |= growth.files
        size = growth.size
    return files


def split_of(length: int) -> int:
    power = 1
    while power * 2 < length:
        power *= 2
    return power


def mth(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    middle = split_of(len(hashes))
    return node_hash(mth(hashes[:middle]), mth(hashes[middle:]))


def path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    if len(hashes) <= 1:
        return []
    middle = split_of(len(hashes))
    if index < middle:
        return [*path(index, hashes[:middle]), mth(hashes[middle:])]
    return [*path(index - middle, hashes[middle:]), mth(hashes[:middle])]


def subproof(first: int, hashes: Sequence[bytes], whole: bool) -> list[bytes]:
    if first == len(hashes):
        return [] if whole else [mth(hashes)]
    middle = split_of(len(hashes))
    if first <= middle:
        return [*subproof(first, hashes[:middle], whole), mth(hashes[middle:])]
    return [*subproof(first - middle, hashes[middle:], False), mth(hashes[:middle])]
