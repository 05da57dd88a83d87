"""A token for tests: SoftHSM by PKCS#11."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from luban.proofs.token_key import Token

LIBRARIES = tuple(f"/usr/{folder}/softhsm/libsofthsm2.so" for folder in ("lib", "lib64", "local/lib"))
MISSING = "SoftHSM is missing (Debian: apt-get install softhsm2): PKCS#11 was NOT tested"
TOKEN, PIN = "luban-test", "1234567890"


@contextmanager
def empty_token(folder: Path) -> Iterator[Token]:
    """A fresh token without keys, while the block runs; in CI its absence fails, elsewhere it skips."""
    program = shutil.which("softhsm2-util")
    library = next((path for path in LIBRARIES if Path(path).exists()), None)
    if program is None or library is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        command = [program, "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", PIN]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        yield Token(str(Path(library).resolve()), TOKEN)
