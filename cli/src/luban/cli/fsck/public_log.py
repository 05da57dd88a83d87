"""The public log in the certificate service's database: its root anew from its entries, and what opens them."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import psycopg

from luban.cli.fsck.check import Check, check
from luban.proofs.checkpoint import Checkpoint
from luban.proofs.disclosure import commit_facts, salts_of
from luban.proofs.frontier import Frontier
from luban.proofs.log_entry import ENTRY_BYTES, parse_entry
from luban.proofs.log_mark import LogMark, refuse_gone_back
from luban.proofs.merkle import leaf_hash, root_of
from luban.proofs.tiles import WIDTH
from luban.reference.refusal import Conflict, Invalid

NEWEST = "select size, root from log_checkpoint order by size desc limit 1"
ORIGIN = "select split_part(note, chr(10), 1) from log_checkpoint order by size desc limit 1"
BUNDLES = "select index, content from log_tile where level = -1 order by index"
OPENINGS = "select index, tag, salt, facts from log_entry order by index"
_STEP = ENTRY_BYTES + 2


def check_log(url: str, mark: Path) -> list[Check]:
    """All checks in one snapshot, so that a log that grows meanwhile breaks nothing; `mark` was read before it."""
    kept = LogMark(mark).read()
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        size, root = connection.execute(NEWEST).fetchone() or (0, None)
        found = _root(connection, size)
        broken = [] if root is None or found == root else [f"{size} entries have another root"]
        gone_back = check(
            "certificate: the public log goes on from all that it has signed", size, _gone_back(connection, kept)
        )
        opened = check("certificate: what is kept opens every entry of the log", size, _unopened(connection, size))
    return [check("certificate: the public log's root is that of its entries", size, broken), opened, gone_back]


def _gone_back(connection: psycopg.Connection, kept: Checkpoint | None) -> list[str]:
    (origin,) = connection.execute(ORIGIN).fetchone() or ("",)

    def root_at(size: int) -> bytes | None:
        row = connection.execute("select root from log_checkpoint where size = %s", (size,)).fetchone()
        return row[0] if row else None

    try:
        refuse_gone_back(kept, origin, root_at)
    except Conflict as refusal:
        return [refusal.en]
    return []


def _root(connection: psycopg.Connection, size: int) -> bytes:
    frontier, rest = Frontier(), []
    for index, content in connection.execute(BUNDLES):
        entries = list(_entries(content))[: size - index * WIDTH]
        hashes = [leaf_hash(entry) for entry in entries]
        if len(hashes) == WIDTH:
            frontier.add(root_of(hashes))
        else:
            rest = hashes
    return frontier.root(rest)


def _entries(bundle: bytes) -> Iterator[bytes]:
    for at in range(0, len(bundle), _STEP):
        yield bundle[at + 2 : at + _STEP]


def _unopened(connection: psycopg.Connection, size: int) -> Iterator[str]:
    """Places of entries that are missing, or that salt and facts do not open."""
    with connection.cursor("bundles") as bundles, connection.cursor("openings") as openings:
        bundles.execute(BUNDLES)
        openings.execute(OPENINGS)
        entries = (entry for _, content in bundles for entry in _entries(content))
        due = 0
        for index, tag, secret, facts in openings:
            content = next(entries, b"")
            if index != due or not _opens(content, tag, secret, facts):
                yield f"entry {due}"
            due = index + 1
        if due != size:
            yield f"{due} of {size} entries are kept"


def _opens(content: bytes, tag: bytes, secret: bytes, facts: bytes) -> bool:
    try:
        entry = parse_entry(content)
        return entry.tag == tag and commit_facts(orjson.loads(facts), salts_of(secret)[0]) == entry.commitment
    except (Invalid, orjson.JSONDecodeError):
        return False
