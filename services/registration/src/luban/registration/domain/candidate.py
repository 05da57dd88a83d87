"""A candidate (考生): who somebody is, and what they put forward about their work, certificates and schooling."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from luban.reference.eligibility_facts import (
    Apprenticeship,
    Facts,
    PriorCertificate,
    Schooling,
    Title,
    WorkPeriod,
)
from luban.reference.identity import Identity, IdType, parse_identity
from luban.reference.names import parse_name, parse_phone
from luban.reference.refusal import Invalid

EARLIEST_BIRTH = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Person:
    """Who a candidate is. Nothing of it shows in a repr."""

    identity: Identity = field(repr=False)
    name: str = field(repr=False)
    phone: str = field(repr=False)
    birth_date: date = field(repr=False)


def parse_person(name: str, id_type: IdType, id_no: str, phone: str, birth_date: date | None, today: date) -> Person:
    """Read what somebody wrote of a person; the birth date is asked only where the document does not say it.

    Raises `Invalid` with the codes of identity, names and phone; identity-type-mismatch for a resident ID given as
    another document; birth-date-missing, birth-date-contradicts or birth-date-impossible.
    """
    identity = parse_identity(id_type, id_no, today)
    _refuse_disguise(identity, today)
    return Person(identity, parse_name(name), parse_phone(phone), _birth_date(identity, birth_date, today))


def _refuse_disguise(identity: Identity, today: date) -> None:
    """One person must not become two by calling a resident ID a passport."""
    if identity.id_type not in (IdType.PASSPORT, IdType.OTHER):
        return
    try:
        parse_identity(IdType.RESIDENT_ID, identity.id_no, today)
    except Invalid:
        return
    raise Invalid(
        "identity-type-mismatch",
        zh="该号码是居民身份证号码，请核对证件类型",
        en="this is the number of a resident identity card; check the type of document",
    )


def _birth_date(identity: Identity, given: date | None, today: date) -> date:
    if identity.birth_date is not None:
        if given is not None and given != identity.birth_date:
            raise Invalid(
                "birth-date-contradicts",
                zh="出生日期与证件号码不符",
                en="the birth date is not that of the document",
            )
        return identity.birth_date
    if given is None:
        raise Invalid("birth-date-missing", zh="该类证件须填写出生日期", en="this document asks for a birth date")
    if not EARLIEST_BIRTH <= given <= today:
        raise Invalid("birth-date-impossible", zh="出生日期有误", en="the birth date is impossible")
    return given


@dataclass(frozen=True, slots=True)
class YearsOfWork:
    """Whole years in an occupation, by the candidate's promise (工作年限承诺书); None where it is not named."""

    occupation_code: str | None
    years: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a candidate declares; everything rests on their word until a register confirms it."""

    years: tuple[YearsOfWork, ...] = ()
    certificates: tuple[PriorCertificate, ...] = ()
    titles: tuple[Title, ...] = ()
    schooling: tuple[Schooling, ...] = ()
    employed: bool = False
    apprenticeship_complete: bool = False


def facts_on(declared: Declaration, registered: Sequence[PriorCertificate], day: date) -> Facts:
    """The facts of one application on the closing day: what is declared, and what the register itself has issued.

    Years without dates count as one stretch up to that day; who does not work now, up to the day before.
    """
    until = day if declared.employed else date.fromordinal(day.toordinal() - 1)
    work = [WorkPeriod.of_years(each.years, until, each.occupation_code) for each in declared.years if each.years]
    if declared.employed and not work:
        work.append(WorkPeriod(day, None, None))
    done = (Apprenticeship(day),) if declared.apprenticeship_complete else ()
    return Facts(tuple(work), (*registered, *declared.certificates), declared.titles, declared.schooling, done)
