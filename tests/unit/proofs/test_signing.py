"""Signatures: the published vectors, one interface for both algorithms, keys that are what they say."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from luban.proofs import sm2
from luban.proofs.local_key import KeyFileError, LocalSigner
from luban.proofs.signing import Algorithm, PublicKey, Signer, verify
from luban.reference.refusal import Invalid

PASSPHRASE = b"sixteen bytes or more"

# RFC 8037 appendix A
RFC8037_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

# RFC 8032 §7.1, test 2
RFC8032_PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
RFC8032_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)

# GB/T 32918.5-2017 appendix A.2: key, message "message digest", default signer id
SM2_PRIVATE = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
SM2_PUBLIC = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
SM2_SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)

BOTH = pytest.mark.parametrize("algorithm", Algorithm)


def test_ed25519_holds_the_vector_of_rfc_8032() -> None:
    assert verify(RFC8032_PUBLIC, Algorithm.ED25519, b"\x72", RFC8032_SIGNATURE)
    assert not verify(RFC8032_PUBLIC, Algorithm.ED25519, b"\x73", RFC8032_SIGNATURE)


def test_sm2_holds_the_vector_of_the_standard() -> None:
    assert verify(SM2_PUBLIC, Algorithm.SM2, b"message digest", SM2_SIGNATURE)
    assert not verify(SM2_PUBLIC, Algorithm.SM2, b"message digest.", SM2_SIGNATURE)


def test_the_standards_sm2_key_signs() -> None:
    made = sm2.sign(SM2_PRIVATE, SM2_PUBLIC, b"message digest")
    assert verify(SM2_PUBLIC, Algorithm.SM2, b"message digest", made)


def test_sm3_is_the_standards() -> None:
    # GB/T 32905-2016 appendix A.1
    digest = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert hashlib.new("sm3", b"abc").hexdigest() == digest


def test_a_thumbprint_is_that_of_rfc_8037() -> None:
    key = PublicKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X})
    assert key.key_id == RFC8037_THUMBPRINT
    assert key.jwk() == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": RFC8037_X,
        "use": "sig",
        "alg": "EdDSA",
        "kid": RFC8037_THUMBPRINT,
    }


@BOTH
def test_a_signature_holds_for_its_message_and_key_alone(algorithm: Algorithm) -> None:
    signer: Signer = LocalSigner.generate(algorithm)
    signature = signer.sign(b"a message")
    public = PublicKey.from_jwk(signer.public_jwk())
    assert public == signer.public_key
    assert public.key_id == signer.key_id
    assert public.verify(b"a message", signature)
    assert not public.verify(b"another message", signature)
    assert not LocalSigner.generate(algorithm).public_key.verify(b"a message", signature)


@BOTH
def test_every_changed_byte_of_a_signature_is_noticed(algorithm: Algorithm) -> None:
    signer = LocalSigner.generate(algorithm)
    signature = signer.sign(b"a message")
    for place in range(0, len(signature), 7):
        changed = bytearray(signature)
        changed[place] ^= 1
        assert not signer.public_key.verify(b"a message", bytes(changed))


@BOTH
@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_what_is_no_signature_does_not_hold(algorithm: Algorithm, signature: bytes) -> None:
    assert not LocalSigner.generate(algorithm).public_key.verify(b"a message", signature)


@BOTH
def test_a_key_survives_its_encrypted_file(algorithm: Algorithm) -> None:
    signer = LocalSigner.generate(algorithm)
    pem = signer.to_pem(PASSPHRASE)
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    again = LocalSigner.from_pem(pem, PASSPHRASE, algorithm)
    assert again.key_id == signer.key_id
    assert signer.public_key.verify(b"a message", again.sign(b"a message"))


@BOTH
def test_a_wrong_passphrase_opens_nothing(algorithm: Algorithm) -> None:
    pem = LocalSigner.generate(algorithm).to_pem(PASSPHRASE)
    for wrong in (b"another passphrase", None):
        with pytest.raises(KeyFileError, match="cannot be read"):
            LocalSigner.from_pem(pem, wrong, algorithm)


@BOTH
def test_a_damaged_or_foreign_file_opens_nothing(algorithm: Algorithm) -> None:
    pem = LocalSigner.generate(algorithm).to_pem(PASSPHRASE)
    other = LocalSigner.generate(next(a for a in Algorithm if a is not algorithm)).to_pem(PASSPHRASE)
    for damaged in (b"", b"no key", pem[:-60], pem.replace(b"KoZI", b"KoZJ"), other, "\u8bc1".encode()):
        with pytest.raises(KeyFileError):
            LocalSigner.from_pem(damaged, PASSPHRASE, algorithm)


def test_a_short_passphrase_protects_nothing() -> None:
    with pytest.raises(KeyFileError, match="at least 16"):
        LocalSigner.generate().to_pem(b"short")


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "X25519", "x": RFC8037_X},
        {"kty": "OKP", "crv": "Ed25519", "x": 1},
        {"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X[:-2]},
        {"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X, "alg": "SM2"},
        {"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X, "kid": "another"},
        {"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X, "d": RFC8037_X},
        {"kty": ["OKP"], "crv": "Ed25519", "x": RFC8037_X},
        {"kty": "EC", "crv": "SM2", "x": RFC8037_X},
        {"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X + "="},
        {"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X[:-1] + "p"},
    ],
)
def test_what_is_no_public_key_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        PublicKey.from_jwk(jwk)
    assert refused.value.code in {"public-key-malformed", "base64url"}


def test_a_point_off_the_curve_checks_nothing() -> None:
    off = PublicKey(Algorithm.SM2, SM2_PUBLIC[:-1] + b"\x00")
    assert not off.verify(b"message digest", SM2_SIGNATURE)


def test_a_key_without_encryption_is_read_where_it_is_allowed() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert LocalSigner.from_pem(pem, None).sign(b"a message")
    with pytest.raises(KeyFileError):
        LocalSigner.from_pem(pem, PASSPHRASE)
