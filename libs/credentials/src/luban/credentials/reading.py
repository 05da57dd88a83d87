"""Reading a document that somebody brings: JSON within bounds, before anything else looks at it."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from luban.credentials.problems import ProblemType, Refused

Document = dict[str, Any]
"""A JSON object."""

MOST_BYTES = 1 << 20
"""Of a document's text, and of the texts in it. The greatest honest one is a status list's: a third of this."""
DEEPEST = 32
"""Levels of arrays and objects."""
MOST_NODES = 5_000
"""Values of any kind: what keeps RDF canonicalisation to about a second."""
GREATEST_INTEGER = 2**53 - 1

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Half surrogates, and control characters that canonicalisers are known to escape differently."""


def read_document(raw: bytes | str) -> Document:
    """The JSON object in the text. Raises `Refused` document-too-large, json-malformed and as `check_bounds`."""
    if len(raw) > MOST_BYTES:
        raise too_large()
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise malformed(
            "json-malformed", "不是有效的JSON：{reason}", "this is no JSON: {reason}", reason=error
        ) from error
    return check_bounds(document)


def check_bounds(document: object) -> Document:
    """The document itself, when it is a JSON object of bearable size.

    Raises `Refused` document-not-object, document-too-large, document-too-deep (a cyclic one, too), json-type,
    json-number and json-text.
    """
    if not isinstance(document, dict):
        raise malformed("document-not-object", "凭证须为JSON对象", "the document is no JSON object")
    characters = 0
    for nodes, value in enumerate(_values(document), 1):
        if isinstance(value, str):
            characters += len(value)
            if _UNSAFE.search(value):
                raise malformed("json-text", "文本含有控制字符或不完整字符", "a text has control or half characters")
        elif isinstance(value, int | float):
            _check_number(value)
        elif value is not None and not isinstance(value, dict | list):
            raise malformed("json-type", "JSON 不能表示：{kind}", "JSON cannot hold: {kind}", kind=type(value).__name__)
        if nodes > MOST_NODES or characters > MOST_BYTES:
            raise too_large()
    return document


def _values(document: Document) -> Iterator[object]:
    """Every value with its members' names, by a stack of its own, since a document may be deeper than Python's."""
    stack: list[tuple[object, int]] = [(document, 1)]
    while stack:
        value, depth = stack.pop()
        yield value
        if isinstance(value, dict | list):
            if depth > DEEPEST:
                raise malformed(
                    "document-too-deep",
                    "文档嵌套超过{deepest}层，或自身循环",
                    "the document is nested deeper than {deepest}, or holds itself",
                    deepest=DEEPEST,
                )
            stack.extend((member, depth + 1) for member in (value.values() if isinstance(value, dict) else value))
            if len(stack) > MOST_NODES:
                raise too_large()
        if isinstance(value, dict):
            yield "".join(_name(name) for name in value)


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise malformed("json-type", "成员名须为文本", "a member's name is no text")
    return name


def _check_number(value: float) -> None:
    if not math.isfinite(value) or abs(value) > GREATEST_INTEGER:
        raise malformed(
            "json-number", "数值须为有限数，绝对值不超过2^53-1", "a number must be finite and no greater than 2^53-1"
        )


def _unique(pairs: list[tuple[str, Any]]) -> Document:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice in one object")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def malformed(code: str, zh: str, en: str, **params: object) -> Refused:
    """A refusal of what is no JSON to begin with."""
    return Refused(ProblemType.PARSING, code, zh=zh, en=en, **params)


def too_large() -> Refused:
    return malformed(
        "document-too-large",
        "文档过大：上限{bytes}字节、{nodes}个值",
        "the document is too large: at most {bytes} bytes and {nodes} values",
        bytes=MOST_BYTES,
        nodes=MOST_NODES,
    )
