"""What people declare of their work, certificates and schooling, so that the rules come to what their kind says."""

from typing import Any

from luban.cli.demo.kinds import Kind
from luban.cli.demo.people import Person
from luban.cli.demo.schemes import ELECTRICIAN, LABOUR_RELATIONS

_Facts = dict[str, Any]


def declared(person: Person, occupation_code: str | None) -> _Facts:
    """The facts of a profile, for level 3 by the edition of 2023; without an occupation nothing is asked."""
    if occupation_code is None:
        return _facts()
    match person.kind:
        case Kind.NOT_ELIGIBLE:
            return _facts(years=[_years(occupation_code, 3)])
        case Kind.ADMITTED | Kind.REFUSED if person.variant % 2:
            return _facts(schooling=[_senior_class()])
        case Kind.ADMITTED | Kind.REFUSED:
            return _facts(years=[_years(_other(occupation_code), 12)])
        case _ if person.variant % 3:
            return _facts(years=[_years(occupation_code, 11 + person.variant % 9)])
        case _:
            return _facts(years=[_years(occupation_code, 6)], certificates=[_level_four(occupation_code, person)])


def _facts(
    years: list[_Facts] | None = None,
    certificates: list[_Facts] | None = None,
    schooling: list[_Facts] | None = None,
) -> _Facts:
    return {
        "years_in_occupation": years or [],
        "prior_certificates": certificates or [],
        "titles": [],
        "schooling": schooling or [],
        "employed": True,
        "apprenticeship_complete": False,
    }


def _years(occupation_code: str, years: int) -> _Facts:
    return {"occupation_code": occupation_code, "years": years}


def _other(occupation_code: str) -> str:
    """Work that the standard does not name: whether it is related, a person decides."""
    return ELECTRICIAN if occupation_code == LABOUR_RELATIONS else LABOUR_RELATIONS


def _level_four(occupation_code: str, person: Person) -> _Facts:
    number = f"S000037000072204{person.variant + 1:06d}"
    return {
        "occupation_code": occupation_code,
        "level": 4,
        "issued_on": "2020-06-15",
        "certificate_no": number,
    }


def _senior_class() -> _Facts:
    """A diploma that counts if its major is related, which a person decides."""
    return {
        "kind": "SENIOR_CLASS",
        "major": "综合管理",
        "graduated_on": "2015-07-01",
        "final_year": False,
        "programme_assessed": False,
    }
