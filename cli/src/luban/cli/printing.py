"""A plan's certificates as files, fetched from a register by whoever may read them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from luban.cli.stack import StackError

MOST_AT_ONCE = 1_000
PAGE = 100
VALID, SUSPENDED = "VALID", "SUSPENDED"


class PrintingError(StackError):
    """The register refused; the text says what it said."""


@dataclass
class Printed:
    """What became of a plan's certificates."""

    written: int = 0
    kept: int = 0
    """Stood in the folder already."""
    withdrawn: int = 0
    suspended: int = 0
    left: int = 0
    """Beyond this batch: run it again."""


@dataclass(frozen=True)
class Press:
    """A register, and the token it is asked with."""

    client: httpx.Client
    url: str
    token: str

    def certificates(self, plan_id: str) -> Iterator[dict[str, Any]]:
        """All of a plan. Raises PrintingError."""
        asked: dict[str, str] = {"plan_id": plan_id, "limit": str(PAGE)}
        while True:
            page = self._get("/v1/certificates", asked).json()
            yield from page["items"]
            if not page.get("next"):
                return
            asked["cursor"] = page["next"]

    def paper(self, certificate_id: str, language: str) -> bytes:
        """One certificate as PDF. Raises PrintingError."""
        return self._get(f"/v1/certificates/{certificate_id}/paper", {"language": language}).content

    def _get(self, path: str, asked: dict[str, str]) -> httpx.Response:
        try:
            answer = self.client.get(self.url + path, params=asked, headers={"Authorization": f"Bearer {self.token}"})
        except httpx.HTTPError as error:
            raise PrintingError(f"{self.url} does not answer ({type(error).__name__})") from error
        if answer.status_code != 200:
            raise PrintingError(f"{path}: {answer.status_code} {_why(answer)}")
        return answer


def print_plan(
    press: Press, plan_id: str, folder: Path, language: str, most: int, report: Callable[[int, int], None]
) -> Printed:
    """Writes NUMBER.pdf for every valid certificate that has none in the folder yet, up to `most`.

    `report` is told how many are done and how many there are. Raises PrintingError; what was written stays, so that the
    same command goes on from there.
    """
    printed, rows = Printed(), list(press.certificates(plan_id))
    for place, row in enumerate(rows):
        report(place, len(rows))
        number = str(row["certificate_no"])
        if row["state"] == SUSPENDED:
            printed.suspended += 1
        elif row["state"] != VALID:
            printed.withdrawn += 1
        elif (folder / f"{number}.pdf").exists():
            printed.kept += 1
        elif printed.written == most:
            printed.left += 1
        else:
            write_paper(folder, number, press.paper(str(row["certificate_id"]), language))
            printed.written += 1
    return printed


def write_paper(folder: Path, number: str, content: bytes) -> None:
    """Whole or not at all."""
    half = folder / f".{number}.half"
    half.write_bytes(content)
    half.replace(folder / f"{number}.pdf")


def _why(answer: httpx.Response) -> str:
    try:
        told = answer.json()
        return str(told.get("detail") or told.get("title") or "")
    except (ValueError, AttributeError):
        return ""
