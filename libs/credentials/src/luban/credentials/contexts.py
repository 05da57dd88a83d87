"""The JSON-LD contexts we know: bundled, checked by their digests. Any other is refused; none is ever fetched."""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document

CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"

_BUNDLED = {
    CREDENTIALS_V2: ("credentials-v2", "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"),
    "https://www.w3.org/ns/credentials/examples/v2": (
        "credentials-examples-v2",
        "57393fbc69d6efb9b9b5dc9cb6b9880b0944360abfe2eaf459c9e58cf2279d7c",
    ),
    "https://w3id.org/security/data-integrity/v2": (
        "data-integrity-v2",
        "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4",
    ),
    "https://w3id.org/security/multikey/v1": (
        "multikey-v1",
        "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597",
    ),
    "https://w3id.org/security/suites/ed25519-2020/v1": (
        "ed25519-2020-v1",
        "3db5c19efb0047a6edfd3b36e24346a8a3caad369d749e3c2d69e862696403e5",
    ),
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json": (
        "open-badges-3.0.1",
        "5f3d9dd6288ef437ff8286cf95ffbff609c748a66f24a1e9450c45ca64be1571",
    ),
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json": (
        "open-badges-3.0.2",
        "00666ad080ba407687ed1846b7f5e7495f5019042b202a727de47c48a1755c53",
    ),
    OPEN_BADGES: ("open-badges-3.0.3", "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84"),
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json": (
        "open-badges-extensions",
        "87c06c81bc2317663bf288d740d94fddd2818c4342b186270ff6371dfaa63f93",
    ),
}
BUNDLED = frozenset(_BUNDLED)


@cache
def context_document(url: str) -> Document:
    """The context published at the URL. Raises `Refused` context-unknown.

    Shared by all callers: not to be changed.
    """
    if url not in _BUNDLED:
        raise unknown(url)
    name, digest = _BUNDLED[url]
    raw = (files("luban.credentials") / "data" / f"{name}.json").read_bytes()
    if hashlib.sha256(raw).hexdigest() != digest:
        raise RuntimeError(f"the bundled context {name} is not the one it was")
    document: Document = json.loads(raw)
    return document


def check_contexts(document: Document) -> None:
    """Every `@context` in the document, at any depth, names contexts we know and defines none of its own.

    Raises `Refused` context-unknown or context-inline.
    """
    for context in _contexts(document):
        for entry in context if isinstance(context, list) else [context]:
            if not isinstance(entry, str):
                raise Refused(
                    ProblemType.MALFORMED_VALUE,
                    "context-inline",
                    zh="不接受文档内自定义的@context",
                    en="an @context defined inside a document is not accepted",
                )
            if entry not in BUNDLED:
                raise unknown(entry)


def _contexts(value: object) -> Iterator[Any]:
    if isinstance(value, dict):
        if "@context" in value:
            yield value["@context"]
        for name, member in value.items():
            if name != "@context":
                yield from _contexts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _contexts(member)


def unknown(url: str) -> Refused:
    return Refused(
        ProblemType.MALFORMED_VALUE,
        "context-unknown",
        zh="未知的@context：{url}",
        en="this @context is not known here, and none is fetched: {url}",
        url=url[:200],
    )
