"""Uploaded files are bounded and named sanely."""

from io import BytesIO

import pytest
from fastapi import UploadFile

from luban.reference.refusal import Invalid
from luban.webkit.problem import HttpRefusal
from luban.webkit.uploads import read_upload

KINDS = {".xlsx", ".csv"}


def upload(name: str | None, content: bytes = b"a,b\n") -> UploadFile:
    return UploadFile(BytesIO(content), filename=name)


@pytest.mark.parametrize(
    ("sent", "name"),
    [("成绩.xlsx", "成绩.xlsx"), ("C:\\results\\MARKS.CSV", "MARKS.CSV"), ("../../etc/marks.csv", "marks.csv")],
)
def test_a_file_keeps_the_last_part_of_its_name(sent: str, name: str) -> None:
    assert read_upload(upload(sent), max_bytes=10, kinds=KINDS).name == name


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (None, "file-name-invalid"),
        ("", "file-name-invalid"),
        ("a\x00.csv", "file-name-invalid"),
        ("a" * 200 + ".csv", "file-name-invalid"),
        ("marks.exe", "file-kind-unsupported"),
        ("marks", "file-kind-unsupported"),
    ],
)
def test_a_bad_name_is_refused(sent: str | None, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_upload(upload(sent), max_bytes=10, kinds=KINDS)
    assert refused.value.code == code


def test_size_is_bounded_at_both_ends() -> None:
    assert read_upload(upload("a.csv", b"x" * 10), max_bytes=10, kinds=KINDS).content == b"x" * 10
    with pytest.raises(HttpRefusal) as refused:
        read_upload(upload("a.csv", b"x" * 11), max_bytes=10, kinds=KINDS)
    assert (refused.value.status_code, refused.value.code) == (413, "file-too-large")
    with pytest.raises(Invalid, match="file-empty"):
        read_upload(upload("a.csv", b""), max_bytes=10, kinds=KINDS)
