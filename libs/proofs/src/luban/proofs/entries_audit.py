"""What each entry says by itself and after its neighbours: its form, its time, its day."""

import struct
from collections.abc import Sequence

from luban.proofs.audit_report import Findings
from luban.proofs.certificates_audit import KEPT, CertificatesAudit
from luban.proofs.log_entry import ENTRY_BYTES, FORMAT, LAYOUT, NO_ENTRY, Change, instant_of
from luban.proofs.tiles import WIDTH, Tile, read_bundle
from luban.reference.refusal import Invalid

_DAY_US = 86_400_000_000
_SHANGHAI_US = 8 * 3_600_000_000
_IN_BUNDLE = struct.Struct(f">H{LAYOUT.format[1:]}")
_PREFIX = ENTRY_BYTES.to_bytes(2) + bytes([FORMAT])


class EntriesAudit:
    """Takes the bundles in order. Written flat: this is the loop that two million entries go through."""

    def __init__(
        self,
        findings: Findings,
        certificates: CertificatesAudit,
        floors: Sequence[tuple[int, int]],
        latest: int,
        most_late_days: int,
    ) -> None:
        """`floors`: from an index on, no entry is logged before a microsecond, in order; `latest`: none after it."""
        self.certificates = certificates
        self.checked = 0
        self._findings, self._latest, self._late = findings, latest, most_late_days
        self._floors = list(floors)
        self._last = 0

    def read(self, tile: Tile, content: bytes | None) -> list[bytes] | None:
        """Checks a bundle's entries and gives their bytes; None where they cannot be told apart."""
        if content is None:
            self.missing(tile)
            self.certificates.incomplete = True
            return None
        try:
            entries = self._split(tile, content)
        except Invalid as refusal:
            self._findings.take(refusal, index=tile.index * WIDTH, path=tile.path)
            self.certificates.incomplete = True
            return None
        self.checked += len(entries)
        return entries

    def missing(self, tile: Tile) -> None:
        """A file that should be there is not."""
        self._findings.add(
            "file-missing",
            zh="缺少文件 {path}",
            en="{path} is missing",
            index=tile.index * WIDTH if tile.level <= 0 else None,
            path=tile.path,
        )

    def _split(self, tile: Tile, content: bytes) -> list[bytes]:
        """Entries of the one length are read at once; a bundle with any other is read with care."""
        begin, step = tile.index * WIDTH, _IN_BUNDLE.size
        heads = b"".join(content[at::step] for at in range(len(_PREFIX)))
        if len(content) == tile.width * step and heads == b"".join(bytes([byte]) * tile.width for byte in _PREFIX):
            self._check(begin, content)
            return [content[at : at + ENTRY_BYTES] for at in range(2, len(content), step)]
        entries = read_bundle(tile, content)
        for index, entry in enumerate(entries, begin):
            if len(entry) == ENTRY_BYTES and entry[0] == FORMAT:
                self._check(index, ENTRY_BYTES.to_bytes(2) + entry)
            else:
                self.certificates.incomplete = True
                self._findings.add("log-entry", zh="第{index}条格式不正确", en="entry {index} is none", index=index)
        return entries

    def _check(self, index: int, content: bytes) -> None:
        """Entries one behind another, the first of them at `index`."""
        pack, heaps = KEPT.pack, self.certificates.heaps
        latest, late, imported = self._latest, self._late, int(Change.IMPORTED)
        last, floor = self._last, self._next_floor()
        for _, _, change, version, logged_at, day, previous, tag, _ in _IN_BUNDLE.iter_unpack(content):
            if index >= floor:
                last = self._raise_floor(last, index)
                floor = self._next_floor()
            if logged_at < last:
                self._back_dated(index, logged_at)
            elif logged_at > latest:
                self._dated_ahead(index)
            else:
                last = logged_at
            delay = (logged_at + _SHANGHAI_US) // _DAY_US - day
            if delay < 0 or (delay > late and change != imported):
                self._day_differs(index, delay)
            heaps[tag[0]] += pack(tag[:16], index, version, change, previous)
            index += 1
        self._last = last

    def _next_floor(self) -> int:
        return self._floors[0][0] if self._floors else NO_ENTRY

    def _raise_floor(self, last: int, index: int) -> int:
        """From here on entries were not in a checkpoint that somebody saw: they were logged after it."""
        while self._floors and self._floors[0][0] <= index:
            last = max(last, self._floors.pop(0)[1])
        return last

    def _back_dated(self, index: int, logged_at: int) -> None:
        self._findings.add(
            "back-dated",
            zh="第{index}条的时间{told}早于其前的记录或已见的检查点",
            en="entry {index} is dated {told}, before an entry before it or a checkpoint that lacked it",
            index=index,
            told=instant_of(logged_at).isoformat(),
        )

    def _dated_ahead(self, index: int) -> None:
        self._findings.add("dated-ahead", zh="第{index}条的时间在将来", en="entry {index} is dated ahead", index=index)

    def _day_differs(self, index: int, delay: int) -> None:
        self._findings.add(
            "back-dated" if delay > 0 else "dated-ahead",
            zh="第{index}条的日期与记录时间相差{delay}日",
            en="entry {index} bears a day that lies {delay} days before the day it was logged on",
            index=index,
            delay=delay,
        )
