"""The tree in tiles (C2SP tlog-tiles): names, reading proofs from tiles, and the tiles that more entries make.

Nothing here reads or writes: tiles come by a function from path to bytes, and go back as a mapping from path to bytes.
"""

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from luban.proofs.merkle import HASH_BYTES, root_of, split
from luban.reference.refusal import Invalid

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""
HEIGHT = 8
HIGHEST_LEVEL = 63
LARGEST_SIZE = 2**63 - 1
LONGEST_ENTRY = 0xFFFF
LARGEST_BUNDLE = WIDTH * (LONGEST_ENTRY + 2)
ENTRIES = -1
"""The level of a bundle of entries."""

Fetch = Callable[[str], bytes]
"""From a path below the log's address to its bytes. Raises FileNotFoundError where there is nothing."""

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """The name of a tile: its level (ENTRIES for a bundle), its index there, and how many of 256 places it fills."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """As tile/1/x001/x234/067 or tile/entries/000.p/5."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{partial}"


def parse_path(path: str) -> Tile:
    """The tile that a path names. Raises `Invalid` tile-path for any other spelling."""
    found = _PATH.fullmatch(path) if len(path) <= 60 else None
    if found is None:
        raise _no_path()
    level = ENTRIES if found[1] == "entries" else int(found[1])
    tile = Tile(level, int(re.sub(r"[x/]", "", found[2])), int(found[3] or WIDTH))
    if level > HIGHEST_LEVEL or tile.path != path or (found[3] and tile.width >= WIDTH):
        raise _no_path()
    return tile


def tile_of(level: int, index: int, size: int) -> Tile:
    """The tile at this level and index in a tree of `size` leaves: full, or as wide as the tree has it.

    Raises `Invalid` tile-path where the tree has none.
    """
    there = min(WIDTH, (size >> HEIGHT * max(level, 0)) - index * WIDTH)
    if there <= 0:
        raise _no_path()
    return Tile(level, index, there)


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree, bundles of entries not counted, level by level."""
    level = 0
    while size >> HEIGHT * level:
        for index in range(-(-(size >> HEIGHT * level) // WIDTH)):
            yield tile_of(level, index, size)
        level += 1


def read_tile(tile: Tile, content: bytes) -> list[bytes]:
    """The hashes in a tile. Raises `Invalid` tile-size for a tile of another size than its name says."""
    if len(content) != tile.width * HASH_BYTES:
        raise Invalid(
            "tile-size",
            zh="{path} 应为{right}字节，实为{wrong}字节",
            en="{path} should have {right} bytes and has {wrong}",
            path=tile.path,
            right=tile.width * HASH_BYTES,
            wrong=len(content),
        )
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def read_bundle(tile: Tile, content: bytes) -> list[bytes]:
    """The entries in a bundle. Raises `Invalid` bundle-malformed when it is cut short, too long or of another count."""
    entries, at, end = [], 0, len(content)
    for _ in range(tile.width):
        begin = at + 2
        at = begin + int.from_bytes(content[begin - 2 : begin])
        if begin > end or at > end:
            raise _bad_bundle(tile)
        entries.append(content[begin:at])
    if at != end:
        raise _bad_bundle(tile)
    return entries


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """The bundle of at most 256 entries, each of at most 65,535 bytes."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


class TileTree:
    """A tree that is read from its tiles. `size` is the number of leaves that the tiles are known to hold.

    Tiles are remembered, up to `remembered` of them; those of an old tree need never be forgotten, since a tile's path
    says its content. Nothing is trusted by being here: compare `root()` with a signed checkpoint.
    """

    def __init__(self, fetch: Fetch, size: int, remembered: int = 1024) -> None:
        self.size = size
        self._fetch = fetch
        self._rows = lru_cache(maxsize=remembered)(self._load)

    def root(self, size: int | None = None) -> bytes:
        """The root of the whole tree, or of its first `size` leaves. Raises `Invalid` tile-size, tree-size."""
        return self.subtree(0, self.size if size is None else size)

    def subtree(self, start: int, end: int) -> bytes:
        """The root over the leaves [start, end), where `start` is a multiple of the greatest power of two in it."""
        self._require(0 <= start <= end <= self.size)
        if start == end:
            return root_of([])
        length = end - start
        if length & (length - 1) == 0:
            return self._complete(start, length)
        middle = start + split(length)
        return root_of([self.subtree(start, middle), self.subtree(middle, end)])

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that leaf `index` is in the tree of the first `size` leaves (RFC 6962 §2.1.1)."""
        start, end = 0, self.size if size is None else size
        self._require(0 <= index < end)
        proof = []
        while end - start > 1:
            middle = start + split(end - start)
            if index < middle:
                proof.append(self.subtree(middle, end))
                end = middle
            else:
                proof.append(self.subtree(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, size1: int, size2: int | None = None) -> list[bytes]:
        """The proof that the first `size1` leaves are the beginning of the first `size2` (RFC 6962 §2.1.2)."""
        start, end = 0, self.size if size2 is None else size2
        self._require(0 <= size1 <= end)
        proof: list[bytes] = []
        while 0 < size1 < end:
            middle = start + split(end - start)
            if size1 <= middle:
                proof.append(self.subtree(middle, end))
                end = middle
            else:
                proof.append(self.subtree(start, middle))
                start = middle
        if start:
            proof.append(self.subtree(start, end))
        return proof[::-1]

    def leaf(self, index: int) -> bytes:
        """The hash of one leaf."""
        self._require(0 <= index < self.size)
        return self._complete(index, 1)

    def _complete(self, start: int, length: int) -> bytes:
        """The root of a complete subtree, from the lowest tile level that holds parts of it in one tile."""
        level, inner = divmod(length.bit_length() - 1, HEIGHT)
        place = start >> HEIGHT * level
        tile = tile_of(level, place // WIDTH, self.size)
        rows = self._rows(tile)
        return rows[inner][place % WIDTH >> inner]

    def _load(self, tile: Tile) -> list[list[bytes]]:
        """The hashes of a tile and of the complete subtrees above them, row by row."""
        rows = [read_tile(tile, self._fetch(tile.path))]
        while len(rows[-1]) > 1:
            below = rows[-1]
            rows.append([root_of(below[at : at + 2]) for at in range(0, len(below) - 1, 2)])
        return rows

    def _require(self, fits: bool) -> None:
        if not fits:
            raise Invalid("tree-size", zh="超出日志的范围", en="that is outside of the tree")


@dataclass(frozen=True)
class Growth:
    """What more entries make of a tree: its new size, its root, and the files to write, by path."""

    size: int
    root: bytes
    files: dict[str, bytes] = field(repr=False)


def grow(fetch: Fetch, size: int, entries: Sequence[bytes], hashes: Sequence[bytes]) -> Growth:
    """Adds entries, with their leaf hashes, to a tree of `size` leaves; reads no more than its partial files.

    Write the files before anybody sees a checkpoint of the new size; old partial files may go once it is seen. Raises
    `Invalid` tile-size, bundle-malformed for damaged partial files, log-entry-length for an entry beyond 65,535 bytes.
    """
    if any(len(entry) > LONGEST_ENTRY for entry in entries):
        raise Invalid("log-entry-length", zh="日志条目过长", en="an entry of the log is too long")
    if not entries:
        return Growth(size, TileTree(fetch, size).root(), {})
    files: dict[str, bytes] = {}
    for tile, bundle in _appended(fetch, Tile(ENTRIES, size // WIDTH, size % WIDTH), entries, read_bundle):
        files[tile.path] = write_bundle(bundle)
    level, row = 0, list(hashes)
    while row:
        before = size >> HEIGHT * level
        whole = []
        for tile, part in _appended(fetch, Tile(level, before // WIDTH, before % WIDTH), row, read_tile):
            files[tile.path] = b"".join(part)
            if tile.width == WIDTH:
                whole.append(root_of(part))
        level, row = level + 1, whole
    grown = size + len(entries)
    return Growth(grown, TileTree(lambda path: files[path] if path in files else fetch(path), grown).root(), files)


def _appended(
    fetch: Fetch, partial: Tile, new: Sequence[bytes], read: Callable[[Tile, bytes], list[bytes]]
) -> Iterator[tuple[Tile, list[bytes]]]:
    """The tiles that a level's last, partial tile and more hashes (or entries) make."""
    row = [*(read(partial, fetch(partial.path)) if partial.width else []), *new]
    for at in range(0, len(row), WIDTH):
        part = row[at : at + WIDTH]
        yield Tile(partial.level, partial.index + at // WIDTH, len(part)), part


def _index_path(index: int) -> str:
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def _no_path() -> Invalid:
    return Invalid("tile-path", zh="没有这个日志分片", en="there is no such tile")


def _bad_bundle(tile: Tile) -> Invalid:
    return Invalid(
        "bundle-malformed",
        zh="{path} 不是{width}个条目",
        en="{path} does not hold {width} entries and nothing else",
        path=tile.path,
        width=tile.width,
    )
