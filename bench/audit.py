"""The public log: growing it, proving from it, auditing all of it.

    .venv/bin/python -m bench audit 2000000

Builds a log of that many entries in files, each tenth a later change of an earlier certificate; then times proofs of
inclusion by a process that has read nothing yet, and one audit, file by file, in one process. Appends a line to
bench/audit.csv.
"""

import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench.figures import append_row, machine
from luban.proofs.audit import audit
from luban.proofs.checkpoint import Checkpoint, Policy, sign_checkpoint
from luban.proofs.disclosure import new_salt
from luban.proofs.local_key import LocalSigner
from luban.proofs.log_entry import Change, Entry
from luban.proofs.merkle import leaf_hash
from luban.proofs.note import NoteKey
from luban.proofs.number_tag import TagKey
from luban.proofs.tiles import TileTree, grow

ORIGIN = "bench.example.cn/register"
START = datetime(2026, 5, 6, tzinfo=UTC)
BATCH = 25_600
PROOFS = 500
RESULTS = Path(__file__).parent / "audit.csv"


def entries(count: int) -> Iterator[Entry]:
    """Entries of a sound log, a millisecond apart."""
    chance = random.Random(1)
    tags: list[bytes] = []
    for index in range(count):
        at = START + timedelta(milliseconds=index)
        day = (at + timedelta(hours=8)).date()
        if index % 10 == 9:
            earlier = index - 9  # each certificate is changed at most once
            yield Entry(Change.CORRECTED, 2, at, day, earlier, tags[-9], chance.randbytes(32))
            tags.clear()
        else:
            tags.append(chance.randbytes(32))
            yield Entry(Change.ISSUED, 1, at, day, None, tags[-1], chance.randbytes(32))


class Files:
    """A log's files below a directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def write(self, files: dict[str, bytes]) -> None:
        for path, content in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def bytes_on_disk(self) -> int:
        """Partial files that a full one replaced are not counted."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


def build(files: Files, count: int) -> bytes:
    """Grows the log by batches and gives its root."""
    size, root, source = 0, b"", entries(count)
    while size < count:
        batch = [bytes(entry) for entry in islice(source, BATCH)]
        growth = grow(files, size, batch, [leaf_hash(entry) for entry in batch])
        files.write(growth.files)
        size, root = growth.size, growth.root
    return root


def prove(files: Files, size: int) -> list[float]:
    """Milliseconds of proofs at random places, each from files that this tree has not read."""
    chance, taken = random.Random(2), []
    for _ in range(PROOFS):
        began = time.perf_counter()
        TileTree(files, size).inclusion(chance.randrange(size))
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def tag_microseconds() -> float:
    """What the tag of one number costs at issue."""
    key = TagKey(new_salt())
    began = time.perf_counter()
    for number in range(1000):
        key.tag(f"S00003700007226{number:08d}")
    return (time.perf_counter() - began) * 1000


def main(arguments: Sequence[str]) -> None:
    """Builds, proves, audits."""
    count = int(arguments[0]) if arguments else 2_000_000
    log = LocalSigner.generate()
    with tempfile.TemporaryDirectory() as folder:
        files = Files(Path(folder))
        began = time.perf_counter()
        root = build(files, count)
        built = time.perf_counter() - began
        files.write({"checkpoint": sign_checkpoint(Checkpoint(ORIGIN, count, root), ORIGIN, log)})
        proofs = prove(files, count)
        before = os.times()
        began = time.perf_counter()
        report = audit(files, Policy(ORIGIN, (NoteKey(ORIGIN, log.public_key),)), now=datetime.now(UTC))
        audited = time.perf_counter() - began
        after = os.times()
        assert report.sound, report.words("en")[:5]
        row: dict[str, Any] = {
            "entries": count,
            "audit_seconds": round(audited, 1),
            "audit_cpu_seconds": round(after.user + after.system - before.user - before.system, 1),
            "audited_per_second": round(count / audited),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "inclusion_p50_ms": round(median(proofs), 2),
            "inclusion_p99_ms": round(quantiles(proofs, n=100)[98], 2),
            "grown_per_second": round(count / built),
            "tag_us": round(tag_microseconds()),
            "bytes_per_entry": round(files.bytes_on_disk() / count, 1),
        } | machine()
    print(json.dumps(row, ensure_ascii=False))
    append_row(RESULTS, row)


if __name__ == "__main__":
    main(sys.argv[1:])
