"""The digest of a request tells a repeated one from another one."""

import pytest

from luban.webkit.digest import RequestDigest


def digest(body: bytes, content_type: str = "application/json", path: str = "/plans", chunk: int = 7) -> bytes:
    found = RequestDigest({"method": "POST", "path": path, "query_string": b""}, content_type)
    for start in range(0, len(body), chunk):
        found.feed(body[start : start + chunk])
    return found.value()


def form(boundary: str, content: bytes) -> tuple[bytes, str]:
    mark = boundary.encode()
    body = b"--" + mark + b"\r\ncontent-disposition: form-data; name=f\r\n\r\n" + content + b"\r\n--" + mark + b"--\r\n"
    return body, f"multipart/form-data; boundary={boundary}"


@pytest.mark.parametrize("chunk", [1, 2, 5, 64, 10_000])
def test_chunks_do_not_matter(chunk: int) -> None:
    body, content_type = form("abab", b"ababab aba bab " * 20)
    assert digest(body, content_type, chunk=chunk) == digest(body, content_type, chunk=3)


def test_the_boundary_of_a_form_does_not_matter() -> None:
    assert digest(*form("first-boundary", b"data")) == digest(*form("another", b"data"))


def test_the_content_of_a_form_matters() -> None:
    assert digest(*form("same", b"data")) != digest(*form("same", b"date"))


def test_body_and_path_matter() -> None:
    assert digest(b"{}") == digest(b"{}", chunk=1)
    assert digest(b"{}") != digest(b"{ }")
    assert digest(b"{}") != digest(b"{}", path="/plans/1")
