"""The eligibility decision (申报条件审核) of one entry, with everything needed to repeat it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from luban.reference.eligibility import Finding, Outcome, Reason, assess
from luban.reference.eligibility_facts import PriorCertificate
from luban.reference.eligibility_rules import Standard, edition
from luban.reference.identity import age_on
from luban.registration.domain.candidate import Declaration, facts_on
from luban.registration.domain.plan import Plan
from luban.registration.domain.scheme import LevelScheme, ProjectScheme

WORKING_AGE = 16
"""法定劳动年龄: all that a special-ability test asks (domain rule 7)."""


@dataclass(frozen=True, slots=True)
class EligibilityDecision:
    """What the rules said, by which edition, version and calendar, on which day."""

    edition: str
    rule_version: str
    calendar_version: str
    judged_on: date
    outcome: Outcome
    findings: tuple[Finding, ...]
    self_declared: bool

    def stored(self) -> dict[str, Any]:
        """As it is kept with the entry; no condition's text names a person."""
        return {
            "edition": self.edition,
            "rule_version": self.rule_version,
            "calendar_version": self.calendar_version,
            "judged_on": self.judged_on.isoformat(),
            "outcome": self.outcome.name,
            "self_declared": self.self_declared,
            "conditions": [_stored_finding(finding) for finding in self.findings],
        }


def decide(
    plan: Plan, declared: Declaration, registered: Sequence[PriorCertificate], birth_date: date, calendar_version: str
) -> EligibilityDecision:
    """Judge somebody on the plan's closing day. Raises `Invalid` with the codes of eligibility."""
    day = plan.dates.registration_closes
    match plan.scheme:
        case ProjectScheme() as project:
            finding = _working_age(birth_date, day)
            version = f"working-age-{WORKING_AGE}"
            book = f"{project.code}-{project.specification_version}"
            return EligibilityDecision(book, version, calendar_version, day, finding.outcome, (finding,), False)
        case LevelScheme() as scheme:
            standard = Standard(scheme.occupation_code, edition(scheme.standard_edition))
            made = assess(scheme.level, standard, facts_on(declared, registered, day), day, birth_date)
            return EligibilityDecision(
                made.edition,
                made.rule_version,
                calendar_version,
                day,
                made.outcome,
                made.findings,
                made.self_declared,
            )


def _working_age(birth_date: date, day: date) -> Finding:
    age = age_on(birth_date, day)
    outcome = Outcome.MET if age >= WORKING_AGE else Outcome.NOT_MET
    zh, en = f"年龄{age}周岁，要求满{WORKING_AGE}周岁", f"aged {age}; {WORKING_AGE} is asked"
    text = "达到法定劳动年龄，具有相应技能的劳动者均可申报"
    return Finding("working-age", text, outcome, (Reason(outcome, zh, en),))


def _stored_finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.condition_id,
        "text": finding.text,
        "outcome": finding.outcome.name,
        "reasons": [
            {"outcome": each.outcome.name, "zh": each.zh, "en": each.en, "self_declared": each.self_declared}
            for each in finding.reasons
        ],
    }
