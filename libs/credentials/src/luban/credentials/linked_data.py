"""A JSON-LD document as canonical RDF (RDFC-1.0), without the network and within bounds, or refused.

PyLD does the work. What it would silently leave out of the RDF, and so out of a signature, is refused here; and so is
every spelling of a document but the plain one: whoever reads its JSON must see what was signed, under the same names.
"""

import re
from math import factorial
from threading import Lock
from typing import Any

from pyld.canon import URDNA2015
from pyld.jsonld import JsonLdError, JsonLdProcessor

from luban.credentials.contexts import BUNDLED, check_contexts, context_document, unknown
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document, check_bounds

MOST_WORK = 2_000
"""Paths that may be tried to tell blank nodes apart. Honest documents need none or a few; a graph made to be slow,
any number (RDFC-1.0 §7.1)."""

MOST_ELEMENTS = 500
"""Of one array: PyLD compares each with all before it."""

_NOWHERE = "https://relative.invalid/"
"""What relative IRIs are resolved against, so that they can be told: without it PyLD takes a base of its own."""
_IRI = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|\\^`]*')
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_VALUE_MEMBERS = frozenset({"@context", "@value", "@language", "@direction"})
_processing = Lock()
"""PyLD's caches of contexts are shared, and made for one thread."""


def canonical_quads(document: Document) -> str:
    """The document's RDF dataset as sorted N-Quads with canonical blank nodes.

    Raises `Refused` as `check_bounds` and `check_contexts`; member-not-plain for a member that is no plain term;
    member-undefined for one that no context defines; iri-relative; json-ld-malformed; graph-too-complex.
    """
    check_bounds(document)
    check_contexts(document)
    _check_plain(document)
    with _processing:
        try:
            processor = JsonLdProcessor(on_property_dropped=_undefined)
            expanded = processor.expand(document, _options())
            _check_iris(expanded)
            dataset = processor.to_rdf(expanded, _options())
            return str(_Bounded().main(dataset, {"format": "application/n-quads"}))
        except JsonLdError as error:
            raise _refusal_in(error) from error
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise _malformed(f"{type(error).__name__}") from error


class _Bounded(URDNA2015):  # type: ignore[misc]  # PyLD has no types
    """Stops at graphs whose blank nodes can only be told apart by trying."""

    def __init__(self) -> None:
        super().__init__()
        self._work = 0

    def create_hash_to_related(self, id_: str, issuer: Any) -> dict[str, list[str]]:
        related: dict[str, list[str]] = super().create_hash_to_related(id_, issuer)
        self._work += 1 + sum(factorial(min(len(nodes), 20)) for nodes in related.values())
        if self._work > MOST_WORK:
            raise _too_complex()
        return related


def _options() -> dict[str, Any]:
    return {"documentLoader": _load, "base": _NOWHERE, "processingMode": "json-ld-1.1"}


def _load(url: str, _options: object) -> dict[str, Any]:
    if url not in BUNDLED:
        raise unknown(url)
    return {"contextUrl": None, "documentUrl": url, "document": context_document(url), "tag": "static"}


def _check_plain(value: object) -> None:
    """Members are terms of a context, never IRIs or keywords: `validUntil` under its long name would still be signed,
    and not be seen."""
    if isinstance(value, dict):
        for name, member in value.items():
            if (":" in name or name.startswith("@")) and name not in _VALUE_MEMBERS:
                raise _not_plain(name)
            if name == "id" and isinstance(member, str) and member.startswith("_:"):
                raise _not_plain("id: " + member)
            if member is None:
                raise _not_plain(f"{name}: null")
            if name != "@context":
                _check_plain(member)
    elif isinstance(value, list):
        if len(value) > MOST_ELEMENTS:
            raise _too_complex()
        for member in value:
            _check_plain(member)


def _check_iris(value: object) -> None:
    """Every `@id`, `@type` and member of the expanded document is absolute: RDF leaves out the others."""
    if isinstance(value, list):
        for member in value:
            _check_iris(member)
    elif isinstance(value, dict):
        if "@value" in value:
            _check_literal(value)
            return
        identifiers = [*_as_list(value.get("@type", [])), *_as_list(value.get("@id", []))]
        for identifier in [*identifiers, *(name for name in value if not name.startswith("@"))]:
            if not _is_absolute(identifier):
                raise Refused(
                    ProblemType.MALFORMED_VALUE,
                    "iri-relative",
                    zh="标识须为绝对URL：{iri}",
                    en="an identifier must be an absolute URL: {iri}",
                    iri=str(identifier).removeprefix(_NOWHERE)[:200],
                )
        for member in value.values():
            _check_iris(member)


def _check_literal(value: Document) -> None:
    """RDF leaves out a malformed datatype or language, or the whole value with it."""
    datatype, language = value.get("@type", "@json"), value.get("@language", "und")
    if datatype != "@json" and not _is_absolute(datatype):
        raise _not_plain("@type")
    if not (isinstance(language, str) and _LANGUAGE.fullmatch(language)):
        raise _not_plain("@language")


def _is_absolute(identifier: object) -> bool:
    whole = isinstance(identifier, str) and _IRI.fullmatch(identifier)
    return bool(whole) and not str(identifier).startswith(_NOWHERE)


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _undefined(_expanded: object) -> None:
    raise Refused(
        ProblemType.MALFORMED_VALUE,
        "member-undefined",
        zh="文档含有@context未定义的成员，签名无法覆盖",
        en="a member that no @context defines would not be covered by the proof",
    )


def _too_complex() -> Refused:
    return Refused(
        ProblemType.PROOF_TRANSFORMATION,
        "graph-too-complex",
        zh="文档的RDF图过于复杂",
        en="the document's RDF graph takes too long to put into canonical form",
    )


def _not_plain(name: str) -> Refused:
    return Refused(
        ProblemType.MALFORMED_VALUE,
        "member-not-plain",
        zh="成员须使用@context中的名称：{name}",
        en="a member must go by its name in an @context: {name}",
        name=name[:200],
    )


def _refusal_in(error: JsonLdError) -> Refused:
    """PyLD wraps whatever its loader raises."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Refused):
            return cause
        cause = cause.__cause__ or getattr(cause, "cause", None)
    return _malformed(f"{error.type} {error.code or ''}".strip())


def _malformed(reason: str) -> Refused:
    return Refused(
        ProblemType.PROOF_TRANSFORMATION,
        "json-ld-malformed",
        zh="不是有效的JSON-LD：{reason}",
        en="this is no JSON-LD: {reason}",
        reason=reason,
    )
