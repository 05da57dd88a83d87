"""The keys of the public log and of credentials, read when a process starts."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from luban.certificate.settings import ProofSettings
from luban.credentials.did_web import did_web
from luban.eventkit.starting import CannotStartError
from luban.proofs.checkpoint import Policy
from luban.proofs.key_files import KeyDirectory, passphrase_of, pin_of
from luban.proofs.key_history import KeyHistory
from luban.proofs.local_key import KeyFileError
from luban.proofs.log_mark import LogMark
from luban.proofs.note import NoteKey
from luban.proofs.number_tag import TagKey
from luban.proofs.signing import Signer
from luban.reference.refusal import Invalid


@dataclass(frozen=True)
class Keys:
    """The current key of one purpose and every one there was."""

    signer: Signer
    history: KeyHistory

    @property
    def since(self) -> datetime:
        """From when on the current key signs."""
        assert self.history.current is not None
        return self.history.current.valid_from


@dataclass(frozen=True)
class Proving:
    """Everything that signs."""

    host: str
    origin: str
    """The log's name for life."""
    answers: Keys
    """Of checks."""
    log: Keys
    credentials: Keys
    vc_api: Keys
    """What the VC-API issues is no certificate of the register, and bears another name and key."""
    tag_key: TagKey
    status_key: bytes = field(repr=False)
    first_list: int = 0
    """Number of the first status list in this order; those before were another key's, which was lost."""
    witnesses: tuple[NoteKey, ...] = ()
    mark: LogMark = field(default=LogMark(None))

    @property
    def did(self) -> str:
        """Who issues credentials."""
        return did_web(self.host)

    @property
    def vc_api_did(self) -> str:
        """Who issues what the VC-API is asked to issue."""
        return did_web(self.host, "vc-api")

    @property
    def policy(self) -> Policy:
        """Whom to believe about our log: no key that somebody else may have. Witnesses are counted, none is needed."""
        sound = [record for record in self.log.history.records if record.compromised_from is None]
        keys = tuple(NoteKey(self.origin, record.public_key) for record in sound)
        return Policy(self.origin, keys, self.witnesses)


def load(settings: ProofSettings) -> Proving:
    """Raises CannotStartError for a key that is missing or cannot be read, a name or a witness that is none."""
    try:
        passphrase, pin = passphrase_of(os.environ), pin_of(os.environ)
        folder = settings.proof_keys
        proving = Proving(
            settings.public_host,
            settings.log_origin or f"{settings.public_host}/log",
            _keys(folder / "answers", passphrase, pin),
            _keys(folder / "log", passphrase, pin),
            _keys(folder / "credentials", passphrase, pin),
            _keys(folder / "vc-api", passphrase, pin),
            TagKey.from_pem((folder / "tag.pem").read_bytes(), passphrase),
            *_order((folder / "status.key").read_text(encoding="ascii")),
            tuple(map(NoteKey.from_vkey, settings.log_witnesses.split())),
            LogMark(settings.log_mark),
        )
        assert proving.policy
        assert proving.did
    except (KeyFileError, Invalid, ValueError, OSError) as error:
        raise CannotStartError(f"the keys in {settings.proof_keys} cannot be used: {error}") from error
    return proving


def _order(text: str) -> tuple[bytes, int]:
    """The key of the lists' order in hexadecimal, and the number of the first list where it is not 0."""
    key, _, first = text.strip().partition(" ")
    return bytes.fromhex(key), int(first or 0)


def _keys(folder: Path, passphrase: bytes, pin: str | None) -> Keys:
    directory = KeyDirectory(folder, passphrase, pin)
    return Keys(directory.signer(), directory.history())
