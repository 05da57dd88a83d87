"""What was found out about a file, in words for a person."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from luban.reference.refusal import Refusal
from luban.reference.shanghai import SHANGHAI

Said = tuple[str, str]
"""Chinese and English."""

_HEADS = {
    "holds": ("成立", "HOLDS"),
    "refused": ("不成立", "DOES NOT HOLD"),
    "kind": ("文件", "File"),
    "by": ("签署者", "Signed by"),
    "as_of": ("截至", "As of"),
    "proven": ("已证明", "Proven"),
    "unproven": ("未证明", "Not proven"),
    "reasons": ("原因", "Because"),
}


@dataclass
class Finding:
    """Of one file. It holds when nothing was refused; what it does not prove is said all the same."""

    kind: Said
    by: str = ""
    as_of: datetime | None = None
    proven: list[Said] = field(default_factory=list)
    unproven: list[Said] = field(default_factory=list)
    reasons: list[Said] = field(default_factory=list)
    """Why it does not hold."""

    @property
    def holds(self) -> bool:
        return not self.reasons

    def refuse(self, refusal: Refusal) -> "Finding":
        """It does not hold, for this reason; then nothing is proven."""
        self.reasons.append((refusal.zh, refusal.en))
        self.proven.clear()
        return self

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "holds": self.holds,
            "kind": self.kind[1],
            "by": self.by,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            **{name: [each[1] for each in getattr(self, name)] for name in ("proven", "unproven", "reasons")},
        }

    def words(self, language: str) -> list[str]:
        """Lines, the outcome first. `language` is zh or en."""
        at = 1 if language == "en" else 0
        lines = [f"{_HEADS['holds' if self.holds else 'refused'][at]} — {self.kind[at]}"]
        if self.by:
            lines.append(f"{_HEADS['by'][at]}: {self.by}")
        if self.as_of:
            lines.append(
                f"{_HEADS['as_of'][at]}: {self.as_of.astimezone(SHANGHAI).isoformat(sep=' ', timespec='seconds')}"
            )
        for name in ("reasons", "proven", "unproven"):
            said = getattr(self, name)
            if said:
                lines += [f"{_HEADS[name][at]}:", *(f"  - {each[at]}" for each in said)]
        return lines
