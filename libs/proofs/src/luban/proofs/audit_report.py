"""What an audit found, in words and as JSON."""

from dataclasses import dataclass, field
from typing import Any

from luban.proofs.checkpoint import SignedCheckpoint
from luban.reference.refusal import Invalid

MOST_FINDINGS = 1000
"""Kept in a report; more are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `code` is stable; `index` is the entry, `path` the file, where there is one."""

    code: str
    zh: str
    en: str
    index: int | None = None
    path: str | None = None

    def to_json(self) -> dict[str, Any]:
        """All five members."""
        return {"code": self.code, "index": self.index, "path": self.path, "zh": self.zh, "en": self.en}


class Findings:
    """The first 1,000, and how many there were."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.count = 0

    def add(
        self, code: str, /, *, zh: str, en: str, index: int | None = None, path: str | None = None, **params: object
    ) -> None:
        """`zh` and `en` are `str.format` templates over index, path and params."""
        self.count += 1
        if len(self.kept) < MOST_FINDINGS:
            told = {"index": index, "path": path, **params}
            self.kept.append(Finding(code, zh.format(**told), en.format(**told), index, path))

    def take(self, refusal: Invalid, index: int | None = None, path: str | None = None) -> None:
        """What a check refused is a finding."""
        self.count += 1
        if len(self.kept) < MOST_FINDINGS:
            self.kept.append(Finding(refusal.code, refusal.zh, refusal.en, index, path))


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of an audit."""

    origin: str
    signed: SignedCheckpoint | None
    """The log's checkpoint, to be kept for the next audit; None where there was none to believe."""
    checked: int
    """Entries read."""
    findings: Findings = field(repr=False)
    changes: dict[str, int] = field(default_factory=dict)
    """Entries by the name of their change."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.findings.count == 0

    def to_json(self) -> dict[str, Any]:
        """The whole report; `checkpoint` is the signed note."""
        checkpoint = self.signed.checkpoint if self.signed else None
        return {
            "origin": self.origin,
            "sound": self.sound,
            "size": checkpoint.size if checkpoint else None,
            "root": checkpoint.root.hex() if checkpoint else None,
            "witnessed": {name: at.isoformat() for name, at in self.signed.witnessed.items()} if self.signed else {},
            "entries_checked": self.checked,
            "changes": self.changes,
            "findings_count": self.findings.count,
            "findings": [finding.to_json() for finding in self.findings.kept],
            "checkpoint": self.signed.content.decode() if self.signed else None,
        }

    def words(self, language: str = "zh") -> list[str]:
        """Lines for a person: the outcome first, then every finding. `language` is zh or en."""
        english = language == "en"
        size = self.signed.checkpoint.size if self.signed else 0
        if self.sound:
            said = "{origin}: nothing is wrong with its {size} entries" if english else "{origin}：{size}条记录无误"
        else:
            said = "{origin}: {count} findings" if english else "{origin}：发现{count}处问题"
        lines = [said.format(origin=self.origin, size=size, count=self.findings.count)]
        lines += [f"[{finding.code}] {finding.en if english else finding.zh}" for finding in self.findings.kept]
        return lines
