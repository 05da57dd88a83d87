"""Files that callers send: bounded, named sanely, of an expected kind."""

import hashlib
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from fastapi import UploadFile

from luban.reference.refusal import Invalid
from luban.webkit.problem import HttpRefusal

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent. Its kind is the sender's word: a parser must still look."""

    name: str
    content_type: str
    content: bytes

    @property
    def sha256(self) -> bytes:
        """Digest of the content, 32 bytes."""
        return hashlib.sha256(self.content).digest()


def read_upload(file: UploadFile, *, max_bytes: int, kinds: Collection[str]) -> Upload:
    """The whole file in memory, at most `max_bytes`; blocks.

    `kinds` are file name endings, such as {".xlsx", ".csv"}: senders' content types are too unreliable to decide by.
    Raises Invalid `file-name-invalid`, `file-kind-unsupported` or `file-empty`, and 413 `file-too-large`.
    """
    name = _name(file.filename)
    if PurePosixPath(name).suffix.lower() not in kinds:
        accepted = "、".join(sorted(kinds))
        raise Invalid(
            "file-kind-unsupported", zh="只接受 {kinds} 文件。", en="Only {kinds} is accepted.", kinds=accepted
        )
    content = file.file.read(max_bytes + 1)
    if len(content) > max_bytes:
        zh, en = f"文件不得超过 {max_bytes} 字节。", f"The file exceeds {max_bytes} bytes."
        raise HttpRefusal(413, "file-too-large", zh=zh, en=en)
    if not content:
        raise Invalid("file-empty", zh="文件为空。", en="The file is empty.")
    return Upload(name, (file.content_type or "")[:100], content)


def _name(sent: str | None) -> str:
    """The last part of the name as sent; a browser may send a whole path."""
    name = unicodedata.normalize("NFC", (sent or "").replace("\\", "/").rpartition("/")[2]).strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Invalid(
            "file-name-invalid",
            zh="文件名须为 1 至 {limit} 个可打印字符。",
            en="A file name has 1 to {limit} printable characters.",
            limit=MAX_NAME,
        )
    return name
