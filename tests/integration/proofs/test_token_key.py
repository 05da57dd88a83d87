"""A key in a token signs as one in a file does: SoftHSM by PKCS#11."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from luban.proofs.signing import Algorithm, PublicKey, Signer
from luban.proofs.token_key import Token, TokenError, TokenKey, TokenSigner, destroy, generate
from tests.softhsm import PIN, TOKEN

KEY = "register"


@pytest.fixture(scope="module")
def module(token: Token) -> str:
    """The library of a token that holds one key."""
    generate(token.module, TOKEN, PIN, KEY)
    return token.module


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
    ("label", "pin", "key", "told"),
    [
        ("no-such-token", PIN, KEY, "cannot be opened"),
        (TOKEN, PIN, "no-such-key", "no single Ed25519 key"),
    ],
)
def test_what_is_missing_is_said_without_the_pin(module: str, label: str, pin: str, key: str, told: str) -> None:
    with pytest.raises(TokenError, match=told) as refused:
        TokenSigner(module, label, pin, key)
    assert pin not in str(refused.value)


def test_a_wrong_pin_opens_nothing(module: str) -> None:
    opens = f"from luban.proofs.token_key import TokenSigner; TokenSigner({module!r}, {TOKEN!r}, '0987654321', {KEY!r})"
    fresh = subprocess.run([sys.executable, "-c", opens], check=False, capture_output=True, text=True, timeout=60)
    assert fresh.returncode == 1
    assert "cannot be opened (PinIncorrect)" in fresh.stderr


def test_a_library_that_is_none_is_said() -> None:
    with pytest.raises(TokenError, match="cannot be opened"):
        TokenSigner("no-such-library.so", TOKEN, PIN, KEY)


def test_a_closed_token_does_not_sign(module: str) -> None:
    signer = TokenSigner(module, TOKEN, PIN, KEY)
    signer.close()
    with pytest.raises(TokenError, match="does not sign"):
        signer.sign(b"a message")


def test_two_keys_of_one_token_sign_in_one_process(module: str) -> None:
    generate(module, TOKEN, PIN, "another")
    with TokenSigner(module, TOKEN, PIN, KEY) as first:
        second = TokenSigner(module, TOKEN, PIN, "another")
        assert second.public_key.verify(b"a message", second.sign(b"a message"))
        assert first.public_key.verify(b"a message", first.sign(b"a message"))
    destroy(TokenKey(module, TOKEN, "another"), PIN)
    with pytest.raises(TokenError, match="no single Ed25519 key another"):
        TokenSigner(module, TOKEN, PIN, "another")
    TokenSigner(module, TOKEN, PIN, KEY).close()
