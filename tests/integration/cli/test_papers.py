"""`luban papers` over a register that serves HTTP, in batches that go on where the last one ended."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from luban.cli.main import app

PLAN = str(uuid4())
PDF = b"%PDF-1.7 of a test"
ROWS = [{"certificate_id": str(uuid4()), "certificate_no": f"N{n}", "state": "VALID"} for n in range(6)]
ROWS[3]["state"] = "WITHDRAWN"
ROWS[5]["state"] = "SUSPENDED"


class _Register(BaseHTTPRequestHandler):
    """Lists three on its first page, and refuses whoever bears another token."""

    def do_GET(self) -> None:  # the base class's name
        path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if self.headers["Authorization"] != "Bearer good":
            self._answer(401, json.dumps({"detail": "no such token"}).encode())
        elif path == "/v1/certificates":
            last = "cursor" in asked
            page: dict[str, Any] = {"items": ROWS[3:] if last else ROWS[:3], "next": None if last else "more"}
            self._answer(200, json.dumps(page).encode())
        else:
            self._answer(200, PDF)

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Register) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def papers(url: str, folder: Path, *options: str, token: str = "good") -> Any:
    (folder / "token").write_text(token)
    arguments = ["papers", PLAN, "--out", str(folder / "out"), "--token-file", str(folder / "token"), "--url", url]
    return CliRunner().invoke(app, [*arguments, "--json", *options])


def test_batches_go_on_where_the_last_one_ended(url: str, tmp_path: Path) -> None:
    first = json.loads(papers(url, tmp_path, "--most", "3").stdout)
    assert first == {"written": 3, "kept": 0, "withdrawn": 1, "suspended": 1, "left": 1}
    second = json.loads(papers(url, tmp_path, "--most", "3").stdout)
    assert second == {"written": 1, "kept": 3, "withdrawn": 1, "suspended": 1, "left": 0}
    assert {each.name: each.read_bytes() for each in (tmp_path / "out").iterdir()} == {
        f"N{number}.pdf": PDF for number in (0, 1, 2, 4)
    }


@pytest.mark.parametrize(
    ("options", "token", "why"),
    [((), "bad", "401 no such token"), (("--language", "fr"), "good", "there are zh and bilingual")],
)
def test_what_cannot_be_printed_is_said(
    url: str, tmp_path: Path, options: tuple[str, ...], token: str, why: str
) -> None:
    result = papers(url, tmp_path, *options, token=token)
    assert result.exit_code == 1
    assert why in result.stderr
    assert not list(tmp_path.glob("out/*.pdf"))


def test_a_register_that_is_not_there(tmp_path: Path) -> None:
    assert "does not answer" in papers("http://127.0.0.1:1", tmp_path).stderr
