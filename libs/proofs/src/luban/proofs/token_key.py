"""Keys that never leave a token, by PKCS#11 (the extra `luban-proofs[pkcs11]`): Ed25519 by CKM_EDDSA of PKCS#11 3.0.

SM2 has no mechanism of its own in PKCS#11; a maker's mechanisms differ, and none is served here.
"""

import threading
from types import ModuleType, TracebackType
from typing import Any

from luban.proofs.signing import Algorithm, PublicKey
from luban.reference.refusal import Invalid

_OCTET_STRING_OF_32 = b"\x04\x20"
_ED25519_OID = bytes.fromhex("06032b6570")
"""1.3.101.112 in DER (RFC 8410)."""


class TokenError(Exception):
    """The token cannot be reached, or lacks the key. Names no PIN."""


class TokenSigner:
    """A `Signer` whose private key is a token's. Close it, or use it as a context manager."""

    algorithm = Algorithm.ED25519

    def __init__(self, module: str, token_label: str, pin: str, key_label: str) -> None:
        """`module` is the path of the token's library. Raises TokenError, `Invalid` pkcs11-unavailable."""
        pkcs11 = _pkcs11()
        self._mechanism = pkcs11.Mechanism.EDDSA
        self._errors: type[Exception] = pkcs11.exceptions.PKCS11Error
        self._one_at_a_time = threading.Lock()  # PKCS#11 sessions are not for two threads
        try:
            self._session = pkcs11.lib(module).get_token(token_label=token_label).open(user_pin=pin)
        except (self._errors, OSError, RuntimeError) as error:
            raise TokenError(f"the token {token_label} cannot be opened ({type(error).__name__})") from error
        try:
            self._private = self._key(pkcs11.ObjectClass.PRIVATE_KEY, key_label)
            self.public_key = _public(self._key(pkcs11.ObjectClass.PUBLIC_KEY, key_label))
        except TokenError:
            self.close()
            raise
        self.key_id = self.public_key.key_id

    def public_jwk(self) -> dict[str, str]:
        return self.public_key.jwk()

    def sign(self, message: bytes) -> bytes:
        """Raises TokenError when the token was taken away."""
        with self._one_at_a_time:
            try:
                return bytes(self._private.sign(message, mechanism=self._mechanism))
            except self._errors as error:
                raise TokenError(f"the token does not sign ({type(error).__name__})") from error

    def close(self) -> None:
        """Logs out."""
        self._session.close()

    def __enter__(self) -> "TokenSigner":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _key(self, object_class: Any, label: str) -> Any:
        pkcs11 = _pkcs11()
        try:
            return self._session.get_key(object_class, key_type=pkcs11.KeyType.EC_EDWARDS, label=label)
        except self._errors as error:
            raise TokenError(f"the token has no single Ed25519 key {label} ({type(error).__name__})") from error


def generate(module: str, token_label: str, pin: str, key_label: str) -> None:
    """Makes an Ed25519 key in the token, that cannot be taken out. Raises TokenError, `Invalid` pkcs11-unavailable."""
    pkcs11 = _pkcs11()
    try:
        with pkcs11.lib(module).get_token(token_label=token_label).open(user_pin=pin, rw=True) as session:
            curve = {pkcs11.Attribute.EC_PARAMS: _ED25519_OID}
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, curve, local=True)
            parameters.generate_keypair(mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=key_label)
    except (pkcs11.exceptions.PKCS11Error, OSError, RuntimeError) as error:
        raise TokenError(f"the token {token_label} makes no key ({type(error).__name__})") from error


def _public(key: Any) -> PublicKey:
    """PKCS#11 gives the point as a DER octet string; some tokens give it bare."""
    point = bytes(key[_pkcs11().Attribute.EC_POINT]).removeprefix(_OCTET_STRING_OF_32)
    return PublicKey(Algorithm.ED25519, point)


def _pkcs11() -> ModuleType:
    try:
        import pkcs11  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise Invalid(
            "pkcs11-unavailable",
            zh="本机未安装PKCS#11支持",
            en="a token needs the extra luban-proofs[pkcs11], which is not installed",
        ) from error
    return pkcs11
