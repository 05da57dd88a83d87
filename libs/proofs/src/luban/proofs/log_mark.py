"""How far a log was signed, kept in a file outside its database: so a database of yesterday is told from today's.

Without it a log that was restored from the past would sign another history beside the one that it has published.
"""

import json
import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from luban.proofs.checkpoint import Checkpoint
from luban.proofs.note import decode_base64
from luban.reference.refusal import Conflict

LARGEST = 4096
"""Bytes of the file."""


class LogMark:
    """The file. It is written after a checkpoint is committed, so it never says more than there was."""

    def __init__(self, file: Path | None) -> None:
        """Without a file nothing is kept and nothing is refused."""
        self._file = file

    def read(self) -> Checkpoint | None:
        """The newest checkpoint that was kept; None before the first. Raises ValueError for a damaged file."""
        if self._file is None or not self._file.exists():
            return None
        try:
            told = json.loads(self._file.read_bytes()[:LARGEST])
            return Checkpoint(str(told["origin"]), int(told["size"]), decode_base64(told["root"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{self._file} is damaged") from error

    def keep(self, checkpoint: Checkpoint) -> None:
        """Whole or not at all. Raises OSError."""
        if self._file is None:
            return
        told = {"origin": checkpoint.origin, "size": checkpoint.size, "root": b64encode(checkpoint.root).decode()}
        fresh = self._file.with_name(f"{self._file.name}.new")
        with fresh.open("w", encoding="ascii") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)


def refuse_gone_back(kept: Checkpoint | None, origin: str, root_at: Callable[[int], bytes | None]) -> None:
    """`root_at` gives the root that the database has signed at a size, None where it has signed none.

    Raises `Conflict` log-gone-back where what was kept of this log is not among its checkpoints.
    """
    if kept is not None and kept.origin == origin and root_at(kept.size) != kept.root:
        raise Conflict(
            "log-gone-back",
            zh="公开日志曾签署过{size}条记录，而数据库中没有：数据库是从过去恢复的",
            en="the public log has signed {size} entries that this database has not: it was restored from the past",
            size=kept.size,
        )
