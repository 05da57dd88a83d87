"""What callers send: shapes and bounds only; the rules of the field are the domain's."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from luban.reference.batch_calendar import PlanDates
from luban.reference.eligibility_facts import PriorCertificate, Schooling, SchoolKind, Title, TitleGrade
from luban.reference.identity import IdType
from luban.reference.levels import Level
from luban.reference.track import Track
from luban.registration.domain.body import BodyClass, ScopeItem
from luban.registration.domain.candidate import Declaration, YearsOfWork
from luban.registration.domain.scheme import Subject
from luban.registration.handlers.change_plan import PlanChange
from luban.registration.handlers.file_body import Filing, FilingChange
from luban.registration.handlers.publish_plan import LevelAsked, NewPlan
from luban.registration.handlers.publish_project import Specification
from luban.registration.handlers.register_candidate import Profile

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
ReasonText = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
Code6 = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
OccupationCode = Annotated[str, Field(min_length=1, max_length=20)]
LevelDigit = Annotated[int, Field(ge=1, le=5)]


class Request(BaseModel):
    """Base of every request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class ReasonGiven(Request):
    """A decision's reason."""

    reason: ReasonText


class ScopeItemIn(Request):
    """Levels of an occupation; an empty trade covers all of its trades."""

    occupation_code: OccupationCode
    trade: Annotated[str, Field(max_length=50)] = ""
    levels: Annotated[list[LevelDigit], Field(min_length=1, max_length=5)]

    def read(self) -> ScopeItem:
        """For the domain."""
        return ScopeItem(self.occupation_code, self.trade, frozenset(map(Level, self.levels)))


ScopeIn = Annotated[list[ScopeItemIn], Field(max_length=500)]
SiteCodes = Annotated[list[Code6], Field(max_length=500)]
ProjectIds = Annotated[list[UUID], Field(max_length=500)]


class BodyIn(Request):
    """A filing."""

    name: Text
    body_class: BodyClass
    code: Annotated[str, Field(max_length=30)]
    credit_code: Annotated[str, Field(max_length=40)]
    division: Code6
    scope: ScopeIn = []
    project_ids: ProjectIds = []
    site_codes: SiteCodes = []
    valid_from: date
    valid_to: date

    def read(self) -> Filing:
        """For the handler."""
        return Filing(
            name=self.name.strip(),
            body_class=self.body_class,
            code=self.code,
            credit_code=self.credit_code,
            division=self.division,
            scope=tuple(item.read() for item in self.scope),
            project_ids=frozenset(self.project_ids),
            site_codes=frozenset(self.site_codes),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class BodyChangeIn(Request):
    """What of a filing changes; absent or null stays."""

    name: Text | None = None
    scope: ScopeIn | None = None
    project_ids: ProjectIds | None = None
    site_codes: SiteCodes | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def read(self) -> FilingChange:
        """For the handler."""
        return FilingChange(
            self.name and self.name.strip(),
            None if self.scope is None else tuple(item.read() for item in self.scope),
            None if self.project_ids is None else frozenset(self.project_ids),
            None if self.site_codes is None else frozenset(self.site_codes),
            self.valid_from,
            self.valid_to,
        )


class ProjectIn(Request):
    """A special-ability project."""

    code: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$")]
    name: Text
    category: Text
    specification_version: Annotated[int, Field(ge=1, le=1000)] = 1
    definition: Annotated[str, Field(max_length=5000)] = ""

    def read(self) -> Specification:
        """For the handler."""
        return Specification(
            self.code, self.name.strip(), self.category.strip(), self.specification_version, self.definition
        )


class LevelIn(Request):
    """A level of an occupation."""

    occupation_code: OccupationCode
    trade: Annotated[str, Field(max_length=50)] = ""
    level: LevelDigit

    def read(self) -> LevelAsked:
        """For the handler."""
        return LevelAsked(self.occupation_code, self.trade, Level(self.level))


class SubjectIn(Request):
    """A subject that an enterprise chooses."""

    code: Annotated[str, Field(max_length=20)]
    name: Annotated[str, Field(min_length=1, max_length=50)]


def _subjects(given: list[SubjectIn] | None) -> list[Subject] | None:
    return None if given is None else [Subject(each.code, each.name) for each in given]


SubjectsIn = Annotated[list[SubjectIn], Field(max_length=20)]
Capacity = Annotated[int, Field(le=1_000_000)]


class PlanIn(Request):
    """A plan as its body files it."""

    track: Track
    level: LevelIn | None = None
    project_id: UUID | None = None
    route: Literal["ASSESSMENT"] = "ASSESSMENT"
    subjects: SubjectsIn | None = None
    site_code: Code6
    site_name: Text
    division: Code6
    capacity: Capacity
    registration_from: date
    registration_to: date
    exam_from: date
    exam_to: date

    def read(self) -> NewPlan:
        """For the handler."""
        return NewPlan(
            track=self.track,
            level=self.level.read() if self.level else None,
            project_id=self.project_id,
            subjects=_subjects(self.subjects),
            site_code=self.site_code,
            site_name=self.site_name.strip(),
            division=self.division,
            capacity=self.capacity,
            dates=PlanDates(self.registration_from, self.registration_to, self.exam_from, self.exam_to),
        )


class PlanChangeIn(Request):
    """What of a plan changes; absent or null stays."""

    registration_from: date | None = None
    registration_to: date | None = None
    exam_from: date | None = None
    exam_to: date | None = None
    site_code: Code6 | None = None
    site_name: Text | None = None
    division: Code6 | None = None
    capacity: Capacity | None = None
    level: LevelIn | None = None
    project_id: UUID | None = None
    subjects: SubjectsIn | None = None

    def read(self) -> PlanChange:
        """For the handler."""
        return PlanChange(
            registration_from=self.registration_from,
            registration_to=self.registration_to,
            exam_from=self.exam_from,
            exam_to=self.exam_to,
            site_code=self.site_code,
            site_name=self.site_name and self.site_name.strip(),
            division=self.division,
            capacity=self.capacity,
            level=self.level.read() if self.level else None,
            project_id=self.project_id,
            subjects=_subjects(self.subjects),
        )


class YearsIn(Request):
    """Whole years of work in an occupation."""

    occupation_code: OccupationCode | None = None
    years: Annotated[int, Field(ge=0, le=60)]


class CertificateIn(Request):
    """A certificate that somebody says they hold."""

    occupation_code: OccupationCode
    occupation_name: Annotated[str, Field(max_length=50)] = ""
    level: LevelDigit
    issued_on: date
    certificate_no: Annotated[str, Field(max_length=32)] = ""


class TitleIn(Request):
    """A professional title."""

    grade: Literal["JUNIOR", "MIDDLE", "SENIOR"]
    specialty: Annotated[str, Field(max_length=50)]
    awarded_on: date


class SchoolingIn(Request):
    """A course of study."""

    kind: SchoolKind
    major: Annotated[str, Field(max_length=100)] = ""
    school: Annotated[str, Field(max_length=100)] = ""
    graduated_on: date | None = None
    final_year: bool = False
    programme_assessed: bool = False
    """Their word; whether a programme was assessed is decided by the standard's list or by a person."""


class FactsIn(Request):
    """What a candidate declares."""

    years_in_occupation: Annotated[list[YearsIn], Field(max_length=20)] = []
    prior_certificates: Annotated[list[CertificateIn], Field(max_length=20)] = []
    titles: Annotated[list[TitleIn], Field(max_length=20)] = []
    schooling: Annotated[list[SchoolingIn], Field(max_length=20)] = []
    employed: bool = False
    apprenticeship_complete: bool = False

    def read(self) -> Declaration:
        """For the domain."""
        return Declaration(
            years=tuple(YearsOfWork(each.occupation_code, each.years) for each in self.years_in_occupation),
            certificates=tuple(
                PriorCertificate(each.occupation_code, Level(each.level), each.issued_on, each.occupation_name)
                for each in self.prior_certificates
            ),
            titles=tuple(Title(TitleGrade[each.grade], each.specialty, each.awarded_on) for each in self.titles),
            schooling=tuple(
                Schooling(each.kind, each.major, each.graduated_on, each.final_year, each.school)
                for each in self.schooling
            ),
            employed=self.employed,
            apprenticeship_complete=self.apprenticeship_complete,
        )


class CandidateIn(Request):
    """A candidate's own profile."""

    name: Annotated[str, Field(max_length=100)]
    id_type: IdType
    id_no: Annotated[str, Field(max_length=60)]
    phone: Annotated[str, Field(max_length=30)]
    birth_date: date | None = None
    """Only for documents that do not carry it."""
    facts: FactsIn = FactsIn()

    def read(self) -> Profile:
        """For the handler."""
        return Profile(self.name, self.id_type, self.id_no, self.phone, self.birth_date, self.facts.read())


class EntryIn(Request):
    """An application."""

    plan_id: UUID


class DecisionIn(Request):
    """A person's decision on an entry."""

    accept: bool
    reason: ReasonText
