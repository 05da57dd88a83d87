"""A key in a token signs as one in a file does: SoftHSM by PKCS#11."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from luban.proofs.signing import Algorithm, PublicKey, Signer
from luban.proofs.token_key import TokenError, TokenSigner, generate

LIBRARIES = tuple(f"/usr/{folder}/softhsm/libsofthsm2.so" for folder in ("lib", "lib64", "local/lib"))
MISSING = "SoftHSM is missing (Debian: apt-get install softhsm2): PKCS#11 was NOT tested"
TOKEN, PIN, KEY = "luban-test", "1234567890", "register"


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The path of SoftHSM's library, with one fresh token that holds one key."""
    program = shutil.which("softhsm2-util")
    library = next((path for path in LIBRARIES if Path(path).exists()), None)
    if program is None or library is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("token")
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        command = [program, "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", PIN]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        generate(library, TOKEN, PIN, KEY)
        yield library


def test_a_token_signs(module: str) -> None:
    with TokenSigner(module, TOKEN, PIN, KEY) as token:
        signer: Signer = token
        signature = signer.sign(b"a message")
        public = PublicKey.from_jwk(signer.public_jwk())
    assert public.algorithm is Algorithm.ED25519
    assert public.key_id == signer.key_id
    assert public.verify(b"a message", signature)
    assert not public.verify(b"another message", signature)


def test_threads_share_a_token(module: str) -> None:
    messages = [f"message {number}".encode() for number in range(100)]
    with TokenSigner(module, TOKEN, PIN, KEY) as signer, ThreadPoolExecutor(8) as pool:
        signatures = list(pool.map(signer.sign, messages))
        public = signer.public_key
    assert all(public.verify(message, made) for message, made in zip(messages, signatures, strict=True))


@pytest.mark.parametrize(
    ("token", "pin", "key", "told"),
    [
        ("no-such-token", PIN, KEY, "cannot be opened"),
        (TOKEN, "0987654321", KEY, "cannot be opened"),
        (TOKEN, PIN, "no-such-key", "no single Ed25519 key"),
    ],
)
def test_what_is_missing_is_said_without_the_pin(module: str, token: str, pin: str, key: str, told: str) -> None:
    with pytest.raises(TokenError, match=told) as refused:
        TokenSigner(module, token, pin, key)
    assert pin not in str(refused.value)


def test_a_library_that_is_none_is_said() -> None:
    with pytest.raises(TokenError, match="cannot be opened"):
        TokenSigner("no-such-library.so", TOKEN, PIN, KEY)


def test_a_closed_token_does_not_sign(module: str) -> None:
    signer = TokenSigner(module, TOKEN, PIN, KEY)
    signer.close()
    with pytest.raises(TokenError, match="does not sign"):
        signer.sign(b"a message")
