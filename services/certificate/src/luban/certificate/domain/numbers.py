"""Numbers of new certificates: a prefix that the counter counts under, and the sequence after it (domain rule 1)."""

from collections.abc import Iterable, Iterator, Mapping

from luban.certificate.domain.face import KIND_OF_BODY, Face, LevelFace
from luban.reference.certificate_number import SPECIAL_ABILITY_TEMPLATE, LevelNumber, NumberKind, NumberTemplate
from luban.reference.refusal import Conflict

LEVEL_SEQUENCE_DIGITS = 6


class Numbering:
    """Prints numbers. The special-ability rule is a template, because the province has published none."""

    def __init__(self, special_ability: str = SPECIAL_ABILITY_TEMPLATE) -> None:
        """Raises ValueError for a text that is no template."""
        self._special_ability = NumberTemplate(special_ability)
        self._special_digits = int(special_ability[-2])

    def digits(self, face: Face) -> int:
        """Digits of the sequence."""
        return LEVEL_SEQUENCE_DIGITS if isinstance(face.scheme, LevelFace) else self._special_digits

    def counted_prefix(self, kind: NumberKind, number: str) -> str | None:
        """What our own counter would count this number under; None for a format that we never generate."""
        match kind:
            case NumberKind.LEVEL:
                return number[:-LEVEL_SEQUENCE_DIGITS]
            case NumberKind.SPECIAL_ABILITY:
                return number[: -self._special_digits]
            case _:
                return None

    def prefix(self, face: Face, year: int) -> str:
        """Everything before the sequence; body × year × level for level certificates. Raises `Invalid`."""
        code = face.body.code
        if isinstance(face.scheme, LevelFace):
            return str(LevelNumber(code, year, face.scheme.level, 1))[:-LEVEL_SEQUENCE_DIGITS]
        return self._special_ability.prefix(
            year,
            province=int(code.province),
            city=int(face.body.division[2:4] or 0),
            kind=KIND_OF_BODY[code.body_class],
            body=int(code.serial[3:]),
        )


def numbers(prefixes: Iterable[str], last_before: Mapping[str, int], digits: Mapping[str, int]) -> Iterator[str]:
    """One number per prefix asked for, in order, each the next after what its counter stood at.

    Raises `Conflict` certificate-sequence-exhausted.
    """
    at = dict(last_before)
    for prefix in prefixes:
        at[prefix] += 1
        width = digits[prefix]
        if at[prefix] >= 10**width:
            raise Conflict(
                "certificate-sequence-exhausted",
                zh="该机构该年度该等级的证书序列号已用完",
                en="this body has used up its sequence numbers of this year and level",
            )
        yield f"{prefix}{at[prefix]:0{width}d}"
