"""What a check is told (design.md §7; masking by domain rule 12): never an ID number, a score or a full name."""

from datetime import date
from typing import Any, NamedTuple

from luban.certificate.domain.face import CertificateKind
from luban.certificate.domain.question import Question
from luban.certificate.domain.register import Authority, State
from luban.reference.levels import Level
from luban.reference.names import mask_name

NO_MATCH = "NO_MATCH"
MATCH = "MATCH"


class Registered(NamedTuple):
    """What the register says of one certificate to those who may know it."""

    certificate_id: str
    kind: str
    occupation_code: str | None
    occupation_name: str | None
    trade: str | None
    level: int | None
    project_code: str | None
    project_name: str | None
    issued_on: date
    body_name: str
    state: str
    withdrawn_on: date | None
    suspended_on: date | None
    authority: str = Authority.MOHRSS

    def facts(self, holder_name: str) -> dict[str, Any]:
        """The answer to a match."""
        return {
            "state": self.state,
            "withdrawn_on": self.withdrawn_on.isoformat() if self.withdrawn_on else None,
            "suspended_on": self.suspended_on.isoformat() if self.suspended_on else None,
            "kind": self.kind,
            **({"authority": self.authority} if self.authority != Authority.MOHRSS else {}),
            **self._scheme(),
            "issued_on": self.issued_on.isoformat(),
            "body_name": self.body_name,
            "name_masked": mask_name(holder_name) if holder_name else None,
        }

    def _scheme(self) -> dict[str, Any]:
        if self.kind == CertificateKind.SPECIAL_ABILITY or self.level is None:
            return {"project_code": self.project_code, "project_name": self.project_name}
        return {
            "occupation_code": self.occupation_code,
            "occupation_name": self.occupation_name,
            "trade": self.trade,
            "level": self.level,
            "level_name": Level(self.level).certificate_text,
        }


UNREGISTERED = Registered(
    "", CertificateKind.LEVEL, "", "", "", Level.FIVE.value, None, None, date(2000, 1, 1), "", State.VALID, None, None
)
"""Stands in for what is not in the register, so that a miss does the work of a hit."""


def answer(question: Question, facts: dict[str, Any] | None, *, as_of: str, verification_id: str) -> dict[str, Any]:
    """The whole answer; `facts` are None for a miss, and every miss says the same."""
    return {
        "asked": {
            "certificate_no": question.certificate_no,
            "factor": question.factor.value,
            "purpose": question.purpose,
            **({"lawful_ground": question.lawful_ground} if question.lawful_ground else {}),
        },
        "found": MATCH if facts is not None else NO_MATCH,
        **(facts or {}),
        "as_of": as_of,
        "verification_id": verification_id,
    }
