"""How a holder is recognised: what two spellings of a name or of a document number have in common."""

import re

from luban.reference.identity import Identity, IdType
from luban.reference.names import name_key
from luban.reference.spelling import plain

Factor = tuple[str, str]
"""A label and a normalised value, the input of a keyed hash."""

_REISSUED_PERMIT = re.compile(r"[HM][0-9]{10}")


def name_factor(name: str) -> Factor:
    """Of a full name."""
    return "certificate.name", name_key(name)


def id_factor(id_type: str, id_no: str) -> Factor:
    """Of a holder's document; `id_no` as registration normalised it. Raises ValueError for an unknown type."""
    return "certificate.id_no", Identity(IdType(id_type), id_no).matching_no


def asked_id_factors(id_no: str) -> tuple[Factor, Factor]:
    """Of a number somebody brings without naming the document: as it stands, and without a permit's re-issue count.

    Always two, so that every question costs the same.
    """
    number = plain(id_no)
    shortened = number[:9] if _REISSUED_PERMIT.fullmatch(number) else number
    return ("certificate.id_no", number), ("certificate.id_no", shortened)
