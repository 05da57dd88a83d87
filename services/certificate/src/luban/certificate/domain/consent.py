"""A holder's consent that one employer learns more than the minimum, for one purpose and a time.

After the annotation (加注) of professionals' e-certificates: a purpose, at most 90 days, at most three live at a time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from luban.reference.refusal import Conflict, Invalid

NOT_VALID = {"consent": "NOT_VALID"}
"""Told beside a match whose consent is unknown, over, revoked, another's, or for something else; never why."""


class ConsentField(StrEnum):
    """What an answer may say beyond the minimum; never the ID number or the photo."""

    NAME = "name"
    SCORES = "scores"


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as it stands at the moment of a check."""

    consent_id: str
    credit_code: str
    certificate_id: str
    fields: tuple[ConsentField, ...]
    purpose: str
    live: bool
    scores: list[dict[str, Any]]
    """Of its certificate."""

    def covers(self, credit_code: str | None, certificate_id: str, purpose: str) -> bool:
        """Whether it was given to this employer, on this certificate, for just this purpose, and is not over."""
        asked = (credit_code, certificate_id, purpose)
        return self.live and asked == (self.credit_code, self.certificate_id, self.purpose)

    def facts(self, holder_name: str) -> dict[str, Any]:
        """What an answer says because of it."""
        told: Mapping[ConsentField, Any] = {ConsentField.NAME: holder_name or None, ConsentField.SCORES: self.scores}
        return {"consent": "GIVEN", **{each.value: told[each] for each in self.fields}}


def parse_fields(names: Collection[str]) -> tuple[ConsentField, ...]:
    """The fields in one order, each once. Raises `Invalid` consent-fields."""
    if not names or not set(names) <= set(ConsentField):
        raise Invalid(
            "consent-fields",
            zh="授权内容应为：{allowed}",
            en="a consent names one or more of: {allowed}",
            allowed=", ".join(ConsentField),
        )
    return tuple(each for each in ConsentField if each in set(names))


def require_room(live: int, most: int) -> None:
    """Raises `Conflict` consent-too-many when a certificate has as many live consents as it may have."""
    if live >= most:
        raise Conflict(
            "consent-too-many",
            zh="同一证书最多有{most}个有效授权，请先撤销",
            en="a certificate has at most {most} live consents; revoke one first",
            most=most,
        )
