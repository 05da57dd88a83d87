"""Whether somebody may apply for a level (申报条件审核): each condition is met, not met, or for a person to decide.

Facts are judged as of the closing day of registration. Conditions of one level are alternatives; within one
condition everything it asks must hold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from luban.reference.eligibility_facts import (
    Facts,
    PriorCertificate,
    Provenance,
    Schooling,
    Title,
    WorkPeriod,
    months_worked,
    years_after,
)
from luban.reference.eligibility_rules import Condition, SchoolingRule, Standard
from luban.reference.identity import age_on
from luban.reference.levels import Level
from luban.reference.occupations import current_code
from luban.reference.refusal import Invalid


class Outcome(IntEnum):
    """Ordered: a condition is as good as its worst part, an application as good as its best condition."""

    NOT_MET = 0
    NEEDS_PERSON = 1
    MET = 2


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing a condition asks, how it stands, and why, in words for the candidate."""

    outcome: Outcome
    zh: str
    en: str
    self_declared: bool = False
    """It is met only by what the candidate promised."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition's outcome with its reasons."""

    condition_id: str
    text: str
    outcome: Outcome
    reasons: tuple[Reason, ...]

    @property
    def self_declared(self) -> bool:
        return any(reason.self_declared for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one application, with what is needed to repeat it."""

    level: Level
    edition: str
    rule_version: str
    judged_on: date
    """The closing day of registration."""
    outcome: Outcome
    findings: tuple[Finding, ...]

    @property
    def self_declared(self) -> bool:
        """Met, but by no condition without the candidate's own promise."""
        met = [finding for finding in self.findings if finding.outcome is Outcome.MET]
        return bool(met) and all(finding.self_declared for finding in met)


def assess(level: Level, standard: Standard, facts: Facts, on: date, birth_date: date) -> Decision:
    """Judge `facts` on the closing day `on` against every condition the standard has for `level`.

    Raises `Invalid` eligibility-level-missing.
    """
    case = _Case(standard, facts, on, birth_date)
    findings = tuple(case.finding(condition) for condition in standard.table.conditions(level))
    return Decision(
        level=level,
        edition=standard.table.edition,
        rule_version=standard.table.version,
        judged_on=on,
        outcome=max(finding.outcome for finding in findings),
        findings=findings,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    standard: Standard
    facts: Facts
    on: date
    birth_date: date

    def finding(self, condition: Condition) -> Finding:
        reasons = tuple(self._reasons(condition))
        return Finding(condition.id, condition.text, min(reason.outcome for reason in reasons), reasons)

    def _reasons(self, condition: Condition) -> Iterator[Reason]:
        if condition.min_age is not None:
            yield self._age(condition.min_age)
        if condition.employed:
            yield self._employed()
        if condition.apprenticeship_complete:
            yield self._apprenticeship()
        if condition.prior_level is not None:
            yield from self._prior(condition, condition.prior_level)
        if condition.title is not None:
            yield from self._title(condition)
        if condition.schooling is not None:
            yield from self._schooling(condition, condition.schooling)
        if condition.years_total is not None:
            yield self._worked(condition.years_total, date.min, "累计工作", "work in total")

    def _age(self, least: int) -> Reason:
        age = age_on(self.birth_date, self.on)
        outcome = Outcome.MET if age >= least else Outcome.NOT_MET
        return Reason(outcome, f"年龄{age}周岁，要求满{least}周岁", f"aged {age}; {least} is asked")

    def _employed(self) -> Reason:
        current = [each for each in self.facts.work if each.begins <= self.on and self.on <= (each.ends or self.on)]
        sure = [each for each in current if self._is_listed(each.occupation_code)]
        if sure:
            return Reason(Outcome.MET, "现从事本职业或相关职业", "works in the occupation", _promised(sure))
        if current:
            return _for_a_person("现职业是否为相关职业", "whether the present work is in a related occupation")
        return Reason(Outcome.NOT_MET, "未从事本职业或相关职业", "does not work in the occupation")

    def _apprenticeship(self) -> Reason:
        done = [each for each in self.facts.apprenticeships if each.completed_on <= self.on]
        sure = [each for each in done if self._is_listed(each.occupation_code)]
        if sure:
            promised = all(each.provenance is Provenance.SELF_DECLARED for each in sure)
            return Reason(Outcome.MET, "学徒期满", "apprenticeship finished", promised)
        if done:
            return _for_a_person("学徒职业是否为相关职业", "whether the apprenticeship was in a related occupation")
        return Reason(Outcome.NOT_MET, "没有期满的学徒经历", "no finished apprenticeship")

    def _prior(self, condition: Condition, level: Level) -> tuple[Reason, ...]:
        held = [each for each in self.facts.certificates if each.issued_on <= self.on and each.level >= level]
        if not held:
            text = level.certificate_text
            return (Reason(Outcome.NOT_MET, f"没有{text}证书", f"no level {level.code} certificate"),)
        return _best([tuple(self._by_certificate(condition, level, each)) for each in held])

    def _by_certificate(self, condition: Condition, level: Level, held: PriorCertificate) -> Iterator[Reason]:
        promised = held.provenance is Provenance.SELF_DECLARED
        if held.level is not level:
            yield _for_a_person("持有更高等级证书能否适用", "whether a higher level's certificate serves")
        elif not self._is_listed(held.occupation_code, held.occupation_name):
            yield _for_a_person("证书职业是否为相关职业", "whether the certificate's occupation is related")
        else:
            zh, en = f"持有{held.level.certificate_text}证书", f"holds level {held.level.code}"
            yield Reason(Outcome.MET, zh, en, promised)
        if condition.years_since_prior_issue is not None:
            yield self._passed(condition.years_since_prior_issue, held.issued_on)
        if condition.years_after_prior is not None:
            yield self._worked(condition.years_after_prior, held.issued_on, "取证后工作", "work since that certificate")

    def _title(self, condition: Condition) -> tuple[Reason, ...]:
        asked = condition.title
        held = [each for each in self.facts.titles if each.granted_on <= self.on and asked and each.grade >= asked]
        if not held:
            return (Reason(Outcome.NOT_MET, "没有要求的职称", "does not have the title asked for"),)
        return _best([tuple(self._by_title(condition, each)) for each in held])

    def _by_title(self, condition: Condition, held: Title) -> Iterator[Reason]:
        if held.specialty in self.standard.title_specialties:
            promised = held.provenance is Provenance.SELF_DECLARED
            yield Reason(Outcome.MET, "职称专业对应", "the title's specialty corresponds", promised)
        else:
            yield _for_a_person("职称专业是否对应", "whether the title's specialty corresponds")
        if condition.years_after_title is not None:
            yield self._worked(condition.years_after_title, held.granted_on, "取得职称后工作", "work since that title")

    def _schooling(self, condition: Condition, rule: SchoolingRule) -> tuple[Reason, ...]:
        of_kind = [each for each in self.facts.schooling if each.kind in rule.kinds | rule.evaluated]
        fitting = [each for each in of_kind if self._is_at_stage(each, condition, rule)]
        if not fitting:
            return (Reason(Outcome.NOT_MET, "没有要求的学历", "does not have the schooling asked for"),)
        return _best([tuple(self._by_schooling(condition, rule, each)) for each in fitting])

    def _is_at_stage(self, each: Schooling, condition: Condition, rule: SchoolingRule) -> bool:
        graduated = each.graduated_on is not None and each.graduated_on <= self.on
        if rule.in_study:
            return not graduated
        return graduated or (condition.final_year_ok and each.is_final_year)

    def _by_schooling(self, condition: Condition, rule: SchoolingRule, each: Schooling) -> Iterator[Reason]:
        promised = each.provenance is Provenance.SELF_DECLARED
        yield Reason(Outcome.MET, "学历类别符合", "schooling of the kind asked for", promised)
        if condition.major_related and each.major not in self.standard.related_majors:
            yield _for_a_person("所学专业是否为相关专业", "whether the major is related")
        needs_evaluation = condition.requires_programme_whitelist or each.kind not in rule.kinds
        if needs_evaluation and (each.school, each.major) not in self.standard.evaluated_programmes:
            yield _for_a_person("该专业是否经评估论证", "whether the programme passed evaluation")

    def _passed(self, years: int, since: date) -> Reason:
        outcome = Outcome.MET if years_after(since, years) <= self.on else Outcome.NOT_MET
        return Reason(outcome, f"取证日{since}，要求满{years}年", f"issued on {since}; {years} years are asked")

    def _worked(self, years: int, since: date, zh: str, en: str) -> Reason:
        """Work in listed occupations counts; work in others may count, which a person decides if it would matter."""
        listed = [each for each in self.facts.work if self._is_listed(each.occupation_code)]
        verified = [each for each in listed if each.provenance is Provenance.VERIFIED]
        months = months_worked(listed, since, self.on)
        zh, en = f"{zh}{_span_zh(months)}，要求满{years}年", f"{en}: {months} months; {years} years are asked"
        if months >= years * 12:
            return Reason(Outcome.MET, zh, en, months_worked(verified, since, self.on) < years * 12)
        if months_worked(self.facts.work, since, self.on) >= years * 12:
            return Reason(Outcome.NEEDS_PERSON, f"{zh}；其余工作是否相关需人工认定", f"{en}; other work may be related")
        return Reason(Outcome.NOT_MET, zh, en)

    def _is_listed(self, code: str | None, name: str = "") -> bool:
        """Whether an occupation is the standard's own or one it lists as related, former codes included."""
        try:
            today = current_code(code or "", name)
        except Invalid:
            return False
        return today == self.standard.occupation_code or today in self.standard.related_occupations


def _best(alternatives: Sequence[tuple[Reason, ...]]) -> tuple[Reason, ...]:
    """The set of reasons that serves the candidate best; among equals the one that rests least on promises."""
    return max(
        alternatives, key=lambda reasons: (min(r.outcome for r in reasons), -sum(r.self_declared for r in reasons))
    )


def _promised(periods: Sequence[WorkPeriod]) -> bool:
    return all(each.provenance is Provenance.SELF_DECLARED for each in periods)


def _for_a_person(zh: str, en: str) -> Reason:
    return Reason(Outcome.NEEDS_PERSON, f"{zh}，需人工认定", f"a person decides {en}")


def _span_zh(months: int) -> str:
    return f"{months // 12}年{months % 12}个月"
