"""What the entries of each certificate say together: one number issued once, versions 1, 2, 3 …, no impossible change.

Entries are told apart by the first 16 bytes of their tags, 128 bits. They are sorted into 256 heaps as they come, 37
bytes each, and a heap is looked at as a whole: two million entries take 74 MB and not one object each.
"""

import struct
from collections import Counter

from luban.proofs.audit_report import Findings
from luban.proofs.log_entry import FIRST_CHANGES, NEXT, NO_ENTRY, Change, State

KEPT = struct.Struct(">16sQIBQ")
"""Tag, index, version, change, previous."""

_Seen = tuple[int, int, State]
"""Index and version of a certificate's last entry, and what the certificate is after it."""


class CertificatesAudit:
    """Takes every entry in the log's order, then gives its findings."""

    def __init__(self) -> None:
        self.heaps = [bytearray() for _ in range(256)]
        """By the first byte of the tag; each entry as KEPT."""
        self.incomplete = False
        """Some entries could not be read: then gaps prove nothing."""
        self.changes: Counter[str] = Counter()

    def finish(self, findings: Findings) -> None:
        """Looks at every certificate. To be called once, at the end."""
        for heap in self.heaps:
            last: dict[bytes, _Seen] = {}
            for tag, index, version, change, previous in KEPT.iter_unpack(bytes(heap)):
                self._take(findings, last, tag, (index, version, change, previous))
            heap.clear()

    def _take(self, findings: Findings, last: dict[bytes, _Seen], tag: bytes, entry: tuple[int, int, int, int]) -> None:
        index, version, number, previous = entry
        if not Change.ISSUED <= number <= Change.SIGNED_ANEW:
            findings.add("log-entry", zh="第{index}条的变更未知", en="entry {index} tells no known change", index=index)
            return
        change, seen = Change(number), last.get(tag)
        self.changes[change.name] += 1
        if seen is None:
            state = State.VALID
            if version != 1 or previous != NO_ENTRY or change not in FIRST_CHANGES:
                self._gap(findings, index, version, 0)
        elif change in FIRST_CHANGES:
            findings.add(
                "double-numbered",
                zh="第{index}条与第{other}条为同一证书编号重复发证",
                en="entry {index} issues the certificate number that entry {other} had issued",
                index=index,
                other=seen[0],
            )
            return
        else:
            state = self._next(findings, seen, entry)
        last[tag] = (index, version, state)

    def _next(self, findings: Findings, seen: _Seen, entry: tuple[int, int, int, int]) -> State:
        index, version, number, previous = entry
        before, last_version, state = seen
        if version != last_version + 1:
            self._gap(findings, index, version, last_version)
        elif previous != before:
            findings.add(
                "previous-differs",
                zh="第{index}条所指的前一条不是第{before}条",
                en="entry {index} does not name entry {before} as the one before it",
                index=index,
                before=before,
            )
        found = NEXT.get((state, Change(number)))
        if found is None:
            findings.add(
                "change-impossible",
                zh="第{index}条的变更（{change}）不能发生在状态{state}之后",
                en="entry {index} tells a change ({change}) that cannot happen to what is {state}",
                index=index,
                change=Change(number).name,
                state=state.name,
            )
        return state if found is None else found

    def _gap(self, findings: Findings, index: int, version: int, last_version: int) -> None:
        if self.incomplete:
            return
        findings.add(
            "version-gap",
            zh="第{index}条的版本为{version}，其前一条为{last_version}：缺少记录或记录有误",
            en="entry {index} has version {version} after {last_version}: an entry is missing or wrong",
            index=index,
            version=version,
            last_version=last_version,
        )
