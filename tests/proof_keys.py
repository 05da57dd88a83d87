"""The keys that prove, for tests: made once for a run, since a passphrase is slow on purpose."""

import atexit
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from luban.cli.proof_keys import ensure_proof_keys
from luban.proofs.key_files import KeyDirectory


@cache
def proof_keys() -> Path:
    """The directory, whose keys are valid from 2020 on."""
    folder = Path(tempfile.mkdtemp(prefix="luban-proofs-"))
    atexit.register(shutil.rmtree, folder)
    ensure_proof_keys(folder, datetime(2020, 1, 1, tzinfo=UTC))
    return folder


def own_proof_keys(folder: Path) -> Path:
    """A copy of them in `folder`, for a test that changes them."""
    return Path(shutil.copytree(proof_keys(), folder / "proofs"))


def key_directory(proofs: Path, purpose: str) -> KeyDirectory:
    """The keys of one purpose."""
    return KeyDirectory(proofs / purpose, (proofs / "passphrase").read_bytes().strip())


def prove(patch: pytest.MonkeyPatch, proofs: Path | None = None) -> None:
    """Tells the certificate service of them, or of a test's own."""
    directory = proofs or proof_keys()
    patch.setenv("LUBAN_PROOF_KEYS", str(directory))
    patch.setenv("LUBAN_KEY_PASSPHRASE_FILE", str(directory / "passphrase"))
