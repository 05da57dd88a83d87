"""SM2 signatures with SM3 by GmSSL (the extra `luban-proofs[sm2]`), and SM2 keys as PKCS#8 in DER.

Source: GB/T 32918.2-2016 (algorithm), GB/T 32918.5-2017 (curve), GM/T 0009-2012 (default signer id).
"""

from types import ModuleType

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from luban.reference.refusal import Invalid

SIGNER_ID = b"1234567812345678"

_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = _P - 3
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93

_PKCS8_HEAD = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_PKCS8_PUBLIC = bytes.fromhex("a144034200")


def generate() -> tuple[bytes, bytes]:
    """A private key (32 bytes) and its public key (65 bytes, beginning with 04)."""
    public, private = _gmssl().sm2_key_generate()
    return private, b"\x04" + public


def sign(private: bytes, public: bytes, message: bytes) -> bytes:
    """r and s, 32 bytes each."""
    r, s = decode_dss_signature(_gmssl().sm2_sign(private, public[1:], message, SIGNER_ID))
    return r.to_bytes(32) + s.to_bytes(32)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature`, r and s of 32 bytes each, is this key's. Raises `Invalid` algorithm-unavailable."""
    gmssl = _gmssl()
    if not _on_curve(public):
        return False
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    try:
        return bool(gmssl.sm2_verify(public[1:], message, der, SIGNER_ID))
    except gmssl.GmsslInnerError:  # r or s out of range
        return False


def to_pkcs8(private: bytes, public: bytes) -> bytes:
    """The key as PKCS#8 in DER, as OpenSSL writes it: algorithm EC, curve 1.2.156.10197.1.301."""
    return _PKCS8_HEAD + private + _PKCS8_PUBLIC + public


def from_pkcs8(der: bytes) -> tuple[bytes, bytes]:
    """Private and public key. Raises ValueError for anything but what `to_pkcs8` writes."""
    private, public = der[len(_PKCS8_HEAD) :][:32], der[-65:]
    if to_pkcs8(private, public) != der or not _on_curve(public):
        raise ValueError("no SM2 key with its public key in it")
    return private, public


def _on_curve(public: bytes) -> bool:
    """GmSSL computes with whatever point it is given."""
    x, y = int.from_bytes(public[1:33]), int.from_bytes(public[33:])
    return public[0] == 4 and x < _P and y < _P and (y * y - (x * x * x + _A * x + _B)) % _P == 0


def _gmssl() -> ModuleType:
    try:
        import gmssl_pyx  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise Invalid(
            "algorithm-unavailable",
            zh="本机未安装国密算法库",
            en="SM2 needs the extra luban-proofs[sm2], which is not installed",
        ) from error
    return gmssl_pyx  # type: ignore[no-any-return]
