"""Whose keys are believed: what the register publishes at /v1/trust, kept in a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luban.cli.secret_files import read_json
from luban.cli.stack import StackError
from luban.proofs.checkpoint import Policy
from luban.proofs.key_history import KeyHistory
from luban.proofs.note import NoteKey
from luban.reference.refusal import Invalid


@dataclass(frozen=True)
class Trust:
    """Public keys at hand. Without any, only what proves itself (did:key) can be checked."""

    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """DID documents by DID."""
    answers: KeyHistory = field(default_factory=KeyHistory)
    """Those that sign answers to checks."""
    credentials: KeyHistory = field(default_factory=KeyHistory)
    """Those that sign codes on paper."""
    log: Policy | None = None
    log_once: Policy | None = None
    """With the log's compromised keys, which sign nothing that is believed, but were its own."""

    @property
    def name(self) -> str:
        """Whose keys these are."""
        return self.log.origin.removesuffix("/log") if self.log else ""

    @classmethod
    def read(cls, file: Path) -> "Trust":
        """Raises StackError for a file that holds no keys."""
        if not file.exists():
            raise StackError(f"there is no {file}: get one by `luban trust https://… --out {file}`")
        try:
            return cls.from_json(read_json(file))
        except (KeyError, TypeError, AttributeError, ValueError, Invalid) as error:
            raise StackError(f"{file} does not hold what /v1/trust publishes") from error

    @classmethod
    def from_json(cls, raw: Any) -> "Trust":
        """Raises KeyError, TypeError, AttributeError or `Invalid` for what is none."""
        log = raw["log"]
        keys, witnesses = (tuple(map(NoteKey.from_vkey, log[name])) for name in ("keys", "witnesses"))
        return cls(
            {document["id"]: document for document in raw["documents"]},
            KeyHistory.from_jwks(raw["answers"]),
            KeyHistory.from_jwks(raw["credentials"]),
            Policy(str(log["origin"]), keys, witnesses),
            Policy(str(log["origin"]), (*keys, *_compromised(log)), witnesses),
        )


def _compromised(log: Mapping[str, Any]) -> list[NoteKey]:
    records = KeyHistory.from_jwks(log.get("history", {"keys": []})).records
    return [NoteKey(str(log["origin"]), record.public_key) for record in records if record.compromised_from]
