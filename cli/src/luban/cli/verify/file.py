"""Which form a file has, and who looks at it."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from luban.cli.verify.answers import verify_answer
from luban.cli.verify.codes import read_image, read_page, verify_code
from luban.cli.verify.finding import Finding
from luban.cli.verify.held import verify_held, verify_held_sd_jwt
from luban.cli.verify.trust import Trust
from luban.proofs.pocket import looks_like_pocket
from luban.reference.refusal import Invalid, Refusal

LARGEST = 20 * 1024 * 1024
"""Bytes of a file, a scan of a page in colour."""

_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_PDF = b"%PDF-"
_UNKNOWN = ("无法识别的文件", "a file of no known form")


def verify_file(file: Path, trust: Trust, now: datetime, lists: Mapping[str, object]) -> Finding:
    """What the file proves. `lists` are status lists at hand, by URL. Whatever it holds, a finding comes out; raises
    OSError where it cannot be read."""
    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    try:
        if len(content) > LARGEST:
            raise Invalid("file-too-large", zh="文件过大", en="the file is too large")
        return _look(content, trust, now, lists)
    except Refusal as refusal:
        return Finding(_UNKNOWN).refuse(refusal)


def _look(content: bytes, trust: Trust, now: datetime, lists: Mapping[str, object]) -> Finding:
    if content.startswith(_IMAGES):
        return verify_code(read_image(content), trust)
    if content.startswith(_PDF):
        return verify_code(read_page(content), trust)
    try:
        text = content.decode().strip()
    except UnicodeDecodeError as error:
        raise _unknown() from error
    if looks_like_pocket(text):
        return verify_code(text, trust)
    if "~" in text and not text.startswith("{"):
        return verify_held_sd_jwt(text, trust, now, lists)
    if text.count(".") == 2 and not text.startswith("{"):
        return verify_answer(text, trust)
    return _look_at_json(text, trust, now, lists)


def _look_at_json(text: str, trust: Trust, now: datetime, lists: Mapping[str, object]) -> Finding:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unknown() from error
    if isinstance(document, dict) and isinstance(document.get("jws"), str):
        return verify_answer(document["jws"], trust, document.get("answer"))
    if isinstance(document, dict) and "@context" in document:
        return verify_held(text, trust, now, lists)
    raise _unknown()


def _unknown() -> Invalid:
    return Invalid(
        "file-unknown",
        zh="既不是证书凭证、签名答复，也不是证书二维码",
        en="it is no credential, no signed answer and no QR code of a certificate",
    )
