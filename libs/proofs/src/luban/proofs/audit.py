"""An audit of the whole log by anybody: from a log's address to a report on which entry is wrong, and how.

Knows no salt and no secret. Reads bundle by bundle; what it keeps of each entry are 37 bytes, to compare the entries of
one certificate at the end. Nothing here does I/O: `fetch` gives the bytes at a path.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import chain

from luban.proofs.audit_report import Findings, Report
from luban.proofs.certificates_audit import CertificatesAudit
from luban.proofs.checkpoint import PATH, Checkpoint, Policy, open_checkpoint
from luban.proofs.entries_audit import EntriesAudit
from luban.proofs.frontier import Frontier
from luban.proofs.log_entry import microseconds
from luban.proofs.merkle import HASH_BYTES, root_of
from luban.proofs.tiles import ENTRIES, HEIGHT, WIDTH, Fetch, Tile, read_tile, tile_of
from luban.reference.refusal import Invalid

MOST_LATE_DAYS = 7
"""Shanghai days between the day that a change bears and the day it is logged on; longer is back-dated."""
UNPUBLISHED = timedelta(hours=1)
"""The longest that an entry is in the log before a checkpoint shows it."""
AHEAD = timedelta(minutes=5)
"""How much a log's clock may be fast."""

ReadMany = Callable[[Iterable[str]], Iterable[bytes | None]]
"""Fetches paths and gives their bytes in the same order, None where there is nothing; may run ahead."""


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint that somebody kept or got from elsewhere, and when it was seen first."""

    content: bytes
    seen_at: datetime


def audit(
    fetch: Fetch,
    policy: Policy,
    *,
    now: datetime,
    known: Sequence[Known] = (),
    most_late_days: int = MOST_LATE_DAYS,
    read_many: ReadMany | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Audits the log behind `fetch`.

    `known` are checkpoints of the same log from earlier audits, mirrors or colleagues: the log must go on from each.
    `read_many` may fetch several files at once; without it files come one after another. `progress` is told how many
    entries are done. Raises what `fetch` raises, but for FileNotFoundError, which is a finding.
    """
    findings = Findings()
    try:
        signed = open_checkpoint(fetch(PATH), policy)
        kept = [_Kept(open_checkpoint(one.content, policy).checkpoint, one.seen_at) for one in known]
    except FileNotFoundError:
        findings.add("file-missing", zh="缺少文件 {path}", en="{path} is missing", path=PATH)
        return Report(policy.origin, None, 0, findings)
    except Invalid as refusal:
        findings.take(refusal, path=PATH)
        return Report(policy.origin, None, 0, findings)
    floors = [(one.checkpoint.size, microseconds(one.seen_at.astimezone(UTC) - UNPUBLISHED)) for one in kept]
    latest = microseconds(now.astimezone(UTC) + AHEAD)
    entries = EntriesAudit(findings, CertificatesAudit(), sorted(floors), latest, most_late_days)
    run = _Run(signed.checkpoint, kept, findings, entries, read_many or _one_by_one(fetch))
    run.compare_sizes()
    run.read(progress or (lambda _: None))
    return Report(policy.origin, signed, entries.checked, findings, dict(entries.certificates.changes))


@dataclass(frozen=True, slots=True)
class _Kept:
    checkpoint: Checkpoint
    seen_at: datetime


def _one_by_one(fetch: Fetch) -> ReadMany:
    def read(paths: Iterable[str]) -> Iterator[bytes | None]:
        for path in paths:
            try:
                yield fetch(path)
            except FileNotFoundError:
                yield None

    return read


class _Run:
    """The tree of one audit: what the files hash to, beside what the checkpoints and tiles say."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        kept: Sequence[_Kept],
        findings: Findings,
        entries: EntriesAudit,
        read_many: ReadMany,
    ) -> None:
        self._checkpoint, self._kept = checkpoint, kept
        self._findings, self._entries, self._read_many = findings, entries, read_many
        self._frontier = Frontier()
        self._whole: list[bytes] = []
        """The root of every full tile of leaves."""
        self._broken = False
        """Some hashes could not be had: then roots prove nothing more."""

    def compare_sizes(self) -> None:
        """The log never gets shorter."""
        for known in self._kept:
            if known.checkpoint.size > self._checkpoint.size:
                self._findings.add(
                    "checkpoint-goes-back",
                    zh="检查点倒退：曾有{known}条，现称{size}条",
                    en="the checkpoint goes back: it had {known} entries and now says {size}",
                    known=known.checkpoint.size,
                    size=self._checkpoint.size,
                )

    def read(self, progress: Callable[[int], None]) -> None:
        """Every bundle with its tile, then the tiles above, then what the entries of each certificate say together."""
        size = self._checkpoint.size
        blocks = range(-(-size // WIDTH))
        names = ((tile_of(ENTRIES, at, size).path, tile_of(0, at, size).path) for at in blocks)
        contents = iter(self._read_many(chain.from_iterable(names)))
        hashes: list[bytes] = []
        self._compare_roots(0, hashes)
        for at in blocks:
            hashes = self._read_block(at, next(contents, None), next(contents, None))
            self._compare_roots(at * WIDTH, hashes)
            if len(hashes) == WIDTH:
                self._whole.append(root_of(hashes))
                self._frontier.add(self._whole[-1])
            progress(self._entries.checked)
        self._read_upper_tiles()
        self._entries.certificates.finish(self._findings)

    def _read_block(self, at: int, bundle: bytes | None, tile_content: bytes | None) -> list[bytes]:
        """The leaf hashes of a block: of its entries where they can be read, else those its tile tells."""
        size = self._checkpoint.size
        told = self._told_hashes(tile_of(0, at, size), tile_content)
        entries = self._entries.read(tile_of(ENTRIES, at, size), bundle)
        if entries is None:
            self._broken = self._broken or told is None
            return told or [bytes(HASH_BYTES)] * tile_of(0, at, size).width
        hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
        if told is not None and told != hashes:
            self._name_differing(at * WIDTH, told, hashes)
        return hashes

    def _told_hashes(self, tile: Tile, content: bytes | None) -> list[bytes] | None:
        try:
            if content is not None:
                return read_tile(tile, content)
            self._entries.missing(tile)
        except Invalid as refusal:
            self._findings.take(refusal, index=tile.index * WIDTH, path=tile.path)
        return None

    def _name_differing(self, begin: int, told: Sequence[bytes], hashes: Sequence[bytes]) -> None:
        for index, (one, other) in enumerate(zip(told, hashes, strict=True), begin):
            if one != other:
                self._findings.add(
                    "entry-changed",
                    zh="第{index}条与其哈希不符",
                    en="entry {index} is not the one that its hash was taken of",
                    index=index,
                )

    def _compare_roots(self, begin: int, hashes: Sequence[bytes]) -> None:
        """Every checkpoint whose size lies in this block; the empty one before the first."""
        end = begin + len(hashes)
        for known in self._kept:
            if begin < known.checkpoint.size <= end:
                self._compare_known(known, self._frontier.root(hashes[: known.checkpoint.size - begin]))
        size, root = self._checkpoint.size, self._checkpoint.root
        due = begin < size <= end or (size == 0 and end == 0)
        if due and not self._broken and self._frontier.root(hashes) != root:
            self._findings.add(
                "root-differs",
                zh="{size}条记录的根与检查点不符",
                en="the {size} entries have another root than the checkpoint says",
                size=size,
            )

    def _compare_known(self, known: _Kept, root: bytes) -> None:
        same_size = known.checkpoint.size == self._checkpoint.size
        if same_size and known.checkpoint.root != self._checkpoint.root:
            self._findings.add(
                "split-view",
                zh="同为{size}条，曾见的检查点与现在的不同：日志对不同的人说法不一",
                en="two checkpoints of {size} entries differ: the log tells one thing here and another there",
                size=known.checkpoint.size,
            )
        elif not same_size and not self._broken and root != known.checkpoint.root:
            self._findings.add(
                "history-rewritten",
                zh="前{size}条已不是{seen_at}所见的记录：有记录被改动、删除，或日志有分叉",
                en="the first {size} entries are not those seen at {seen_at}: changed, removed, or another branch",
                size=known.checkpoint.size,
                seen_at=known.seen_at.isoformat(),
            )

    def _read_upper_tiles(self) -> None:
        """Tiles above the leaves serve others' proofs: each must hold what the tiles below hash to."""
        level, row = 1, self._whole
        while row and not self._broken:
            tiles = [tile_of(level, at, self._checkpoint.size) for at in range(-(-len(row) // WIDTH))]
            contents = self._read_many(tile.path for tile in tiles)
            for tile, content in zip(tiles, contents, strict=True):
                self._compare_upper(tile, content, row[tile.index * WIDTH :][: tile.width])
            row = [root_of(row[at : at + WIDTH]) for at in range(0, len(row) - WIDTH + 1, WIDTH)]
            level += 1

    def _compare_upper(self, tile: Tile, content: bytes | None, hashes: Sequence[bytes]) -> None:
        told = self._told_hashes(tile, content)
        wrong = next((at for at, pair in enumerate(zip(told or [], hashes, strict=False)) if pair[0] != pair[1]), None)
        if wrong is not None:
            self._findings.add(
                "tile-wrong",
                zh="{path} 的第{place}个哈希不是其下各条的根",
                en="hash {place} in {path} is not the root of what is below it",
                path=tile.path,
                index=(tile.index * WIDTH + wrong) << HEIGHT * tile.level,
                place=wrong,
            )
