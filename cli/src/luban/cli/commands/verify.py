"""luban verify, luban trust."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from luban.cli.console import Json, console, print_json, refusing
from luban.cli.secret_files import read_json
from luban.cli.stack import StackError
from luban.cli.verify import Trust, verify_file
from luban.credentials.jws import read_compact

TIMEOUT_SECONDS = 30.0
LARGEST_TRUST = 4 * 1024 * 1024

TrustFile = Annotated[Path | None, typer.Option("--trust", envvar="LUBAN_TRUST", help="Keys, from `luban trust`.")]


@refusing
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            help="A certificate's PDF, its QR code as text or image, a credential, an SD-JWT, a signed answer."
        ),
    ],
    trust: TrustFile = None,
    status_list: Annotated[list[Path] | None, typer.Option(help="A status list at hand; may repeat.")] = None,
    at: Annotated[datetime | None, typer.Option(help="As of when, UTC; now where it is not said.")] = None,
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    as_json: Json = False,
) -> None:
    """Say what a file proves, by whom, as of when, and what it does not. No network. Exit code 1 where it fails."""
    keys = Trust.read(trust) if trust else Trust()
    now = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    try:
        finding = verify_file(file, keys, now, dict(map(_listed, status_list or ())))
    except OSError as error:
        raise StackError(f"{file} cannot be read ({error.strerror})") from error
    if as_json:
        print_json(finding.to_json())
    else:
        console.print("\n".join(finding.words(language)), markup=False, highlight=False, soft_wrap=True)
    if not finding.holds:
        raise typer.Exit(1)


@refusing
def trust(
    url: Annotated[str, typer.Argument(help="The register's address, https://…")],
    out: Annotated[Path, typer.Option(help="Where to keep its keys.")],
) -> None:
    """Fetch the register's published keys, once, for `luban verify`. Compare them with what you got elsewhere."""
    try:
        answer = httpx.get(f"{url.rstrip('/')}/v1/trust", timeout=TIMEOUT_SECONDS, follow_redirects=False)
        answer.raise_for_status()
        found: Any = answer.json() if len(answer.content) <= LARGEST_TRUST else None
        read = Trust.from_json(found)
    except (httpx.HTTPError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise StackError(f"{url} publishes no keys that can be used ({type(error).__name__})") from error
    out.write_bytes(answer.content)
    console.print(
        f"{read.name}: {len(read.documents)} issuers, {len(read.answers.records)} keys of answers", markup=False
    )


def _listed(file: Path) -> tuple[str, object]:
    """A list by its URL: a credential's id, or the subject of a token."""
    text = file.read_text(encoding="utf-8").strip()
    if text.startswith("{"):
        document = read_json(file)
        return str(document.get("id")), document
    return str(read_compact(text, "statuslist+jwt").payload.get("sub")), text
