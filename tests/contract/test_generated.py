"""What is generated from proto/ is what is committed."""

from pathlib import Path

from libs.contracts.tools import events_page, generate
from luban.events.v1.event_pb2 import Event

ROOT = Path(__file__).resolve().parents[2]


def test_the_generated_code_is_what_proto_gives(tmp_path: Path) -> None:
    generate.generate(tmp_path)
    stale = [path for path in generated(tmp_path) if content(generate.PACKAGE / path) != content(tmp_path / path)]
    left_over = generated(generate.PACKAGE / "luban/events", generate.PACKAGE) - generated(tmp_path)
    assert not stale, f"not what proto/ gives: {sorted(map(str, stale))}; run: make proto"
    assert not left_over, f"nothing in proto/ gives {sorted(map(str, left_over))}; delete them"


def test_the_page_of_events_is_what_the_contracts_say(tmp_path: Path) -> None:
    events_page.write(tmp_path / "events.md")
    assert content(events_page.PAGE) == content(tmp_path / "events.md"), "docs/events.md is stale; run: make docs"


def test_the_page_explains_every_event_and_every_field() -> None:
    text = events_page.PAGE.read_text(encoding="utf-8")
    for field in Event.DESCRIPTOR.oneofs_by_name["payload"].fields:
        assert field.message_type is not None
        section = text.partition(f"\n### {field.message_type.name}\n")[2].partition("\n### ")[0]
        assert section, field.name
        assert all(f"| `{part.name}` | {part.number} |" in section for part in field.message_type.fields)


def test_everything_in_the_contracts_has_a_comment() -> None:
    contracts = events_page.Contracts()
    silent = [name for name in contracts.everything() if not contracts.comments[name]]
    assert not silent, f"say in proto/ what these mean: {silent}"
    assert not contracts.nested, f"nested types have no section of their own: {contracts.nested}"


def generated(folder: Path, root: Path | None = None) -> set[Path]:
    """Files below a folder as paths from the root, without what Python and editors leave behind."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root or folder) for path in files if path.name != "py.typed"}


def content(path: Path) -> bytes:
    """The file's bytes, empty where there is none."""
    return path.read_bytes() if path.exists() else b""
