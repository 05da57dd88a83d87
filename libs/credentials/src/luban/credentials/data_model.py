"""Whether a document is a credential or a presentation at all: the structure VC Data Model 2.0 asks for."""

import re
from datetime import datetime
from typing import Any

from luban.credentials.contexts import CREDENTIALS_V2, check_contexts
from luban.credentials.instants import parse_instant
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document, check_bounds

MOST_CREDENTIALS = 32
"""In one presentation."""

_URL = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|\\^`]+')
_TYPED = ("credentialStatus", "evidence", "termsOfUse", "refreshService", "credentialSchema")
_LANGUAGE_MEMBERS = frozenset({"@value", "@language", "@direction"})


def check_credential(document: object) -> Document:
    """The credential itself, proof aside (§4).

    Raises `Refused` as `check_bounds` and `check_contexts`, and member-malformed with the member's name.
    """
    credential = _check_common(document, "VerifiableCredential")
    _require(isinstance(credential.get("issuer"), str | dict), "issuer")
    _require(_is_url(controller_of(credential["issuer"])), "issuer")
    subjects = as_list(credential.get("credentialSubject"))
    _require(bool(subjects) and all(_is_subject(subject) for subject in subjects), "credentialSubject")
    _check_period(credential)
    for name in _TYPED:
        _require(all(_is_typed(entry) for entry in as_list(credential.get(name))), name)
    for schema in as_list(credential.get("credentialSchema")):
        _require(_is_url(schema.get("id")), "credentialSchema")
    _check_alone(credential)
    return credential


def check_presentation(document: object) -> Document:
    """The presentation itself, proof and the credentials in it aside (§4.13). Raises as `check_credential`."""
    presentation = _check_common(document, "VerifiablePresentation")
    if "holder" in presentation:
        _require(_is_url(controller_of(presentation["holder"])), "holder")
    credentials = as_list(presentation.get("verifiableCredential"))
    _require(len(credentials) <= MOST_CREDENTIALS, "verifiableCredential")
    _require(all(isinstance(credential, dict) for credential in credentials), "verifiableCredential")
    _check_alone(presentation)
    return presentation


def validity(credential: Document) -> tuple[datetime | None, datetime | None]:
    """When the credential begins and ends to be valid. Raises `Refused` instant-malformed."""
    begins, ends = (
        parse_instant(credential[name], name) if name in credential else None for name in ("validFrom", "validUntil")
    )
    return begins, ends


def controller_of(issuer: object) -> object:
    """The id of an issuer or holder, who stands there as a URL or as an object with one."""
    return issuer.get("id") if isinstance(issuer, dict) else issuer


def as_list(value: object) -> list[Any]:
    """Of one thing, several or none: JSON-LD writes all three."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def types_of(document: Document) -> list[str]:
    return [name for name in as_list(document.get("type")) if isinstance(name, str)]


def _check_common(document: object, kind: str) -> Document:
    checked = check_bounds(document)
    context = checked.get("@context")
    _require(isinstance(context, list) and context[:1] == [CREDENTIALS_V2], "@context")
    check_contexts(checked)
    _require(kind in types_of(checked) and all(isinstance(name, str) for name in as_list(checked["type"])), "type")
    if "id" in checked:
        _require(_is_url(checked["id"]), "id")
    for name in ("name", "description"):
        _require(all(map(_is_language_text, as_list(checked.get(name)))), name)
    return checked


def _check_period(credential: Document) -> None:
    begins, ends = validity(credential)
    _require(not (begins and ends) or begins <= ends, "validUntil")


def _check_alone(document: Document) -> None:
    """No other object in the document describes the document again: RDF would merge the two, and a reader of the JSON
    would see only one."""
    name = document.get("id")
    if name is not None:
        stack: list[object] = [member for key, member in document.items() if key != "id"]
        while stack:
            value = stack.pop()
            if isinstance(value, dict):
                _require(value.get("id") != name or len(value) == 1, "id")
                stack.extend(value.values())
            elif isinstance(value, list):
                stack.extend(value)


def _is_url(value: object) -> bool:
    return isinstance(value, str) and bool(_URL.fullmatch(value))


def _is_subject(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and _has_good_id(value)


def _is_typed(value: object) -> bool:
    return isinstance(value, dict) and bool(types_of(value)) and _has_good_id(value)


def _has_good_id(value: Document) -> bool:
    return "id" not in value or _is_url(value["id"])


def _is_language_text(value: object) -> bool:
    if isinstance(value, dict):
        return value.keys() <= _LANGUAGE_MEMBERS and isinstance(value.get("@value"), str)
    return isinstance(value, str)


def _require(holds: bool, member: str) -> None:
    if not holds:
        raise Refused(
            ProblemType.MALFORMED_VALUE,
            "member-malformed",
            zh="缺少{member}，或其格式不正确",
            en="missing or malformed: {member}",
            member=member,
        )
