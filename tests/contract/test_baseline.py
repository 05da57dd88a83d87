"""Nothing of the baseline is broken: what was once released is still said in the same bytes.

buf knows more ways to break a contract than the first test here; it runs where node has installed it (`make buf`).
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto"
BASELINE = PROTO / "baseline.binpb"
NOW = ROOT / "libs/contracts/src/luban/events/v1/descriptors.binpb"
BUF = ROOT / "tools/buf/node_modules/.bin/buf"
PACKAGE = "luban.events.v1"


def shapes(descriptors: Path) -> set[tuple[str, int, str]]:
    """(full name, number, type) of every field and enumeration value of our package."""
    files = FileDescriptorSet.FromString(descriptors.read_bytes()).file
    return {shape for file in files if file.package == PACKAGE for shape in (*fields(file), *values(file))}


def fields(file: FileDescriptorProto) -> Iterator[tuple[str, int, str]]:
    """Those of the messages' fields."""
    for message in file.message_type:
        for field in message.field:
            yield f"{message.name}.{field.name}", field.number, f"{field.type} {field.type_name} {field.label}"


def values(file: FileDescriptorProto) -> Iterator[tuple[str, int, str]]:
    """Those of the enumerations' values."""
    for enum in file.enum_type:
        yield from ((f"{enum.name}.{value.name}", value.number, "value") for value in enum.value)


def test_every_field_and_value_of_the_baseline_still_stands() -> None:
    gone = shapes(BASELINE) - shapes(NOW)
    assert not gone, f"a released contract was broken: {sorted(gone)}"


def test_the_baseline_holds_every_contract() -> None:
    young = shapes(NOW) - shapes(BASELINE)
    assert not young, f"not in the baseline yet: {sorted(young)}; run: make baseline"


@pytest.fixture
def buf(tmp_path: Path) -> Path:
    """buf, and a copy of the contracts to break."""
    if not BUF.exists() or shutil.which("node") is None:
        assert os.environ.get("LUBAN_BUF") != "required", "buf is not installed; run: make buf"
        pytest.skip("buf is not installed (make buf, needs node)")
    shutil.copytree(PROTO, tmp_path / "proto")
    return tmp_path / "proto"


def run_buf(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """buf with nothing in its home directory."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent)}
    return subprocess.run([BUF, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def edit(folder: Path, before: str, after: str) -> None:
    """Changes the contracts of the exam service."""
    file = folder / "luban/events/v1/exam.proto"
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), encoding="utf-8")


def breaking(folder: Path) -> subprocess.CompletedProcess[str]:
    """buf's opinion on the change."""
    return run_buf(folder, "breaking", "--against", str(BASELINE))


def test_buf_finds_nothing_to_say(buf: Path) -> None:
    for finished in (run_buf(buf, "lint"), breaking(buf)):
        assert finished.returncode == 0, finished.stdout + finished.stderr


def test_buf_finds_a_changed_field_number(buf: Path) -> None:
    edit(buf, "int32 seat_no = 4;", "int32 seat_no = 6;")
    finished = breaking(buf)
    assert finished.returncode != 0
    assert "SeatAssigned" in finished.stdout + finished.stderr


def test_buf_finds_a_field_without_a_comment(buf: Path) -> None:
    edit(buf, "  // Seat number in the room, from 1.\n", "")
    finished = run_buf(buf, "lint")
    assert finished.returncode != 0
    assert "seat_no" in finished.stdout


def test_buf_lets_a_new_field_pass(buf: Path) -> None:
    edit(buf, "  int32 seat_no = 4;", "  int32 seat_no = 4;\n  // Row of the seat.\n  int32 row_no = 6;")
    finished = breaking(buf)
    assert finished.returncode == 0, finished.stdout + finished.stderr
