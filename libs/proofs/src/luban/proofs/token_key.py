"""Keys that never leave a token, by PKCS#11 (the extra `luban-proofs[pkcs11]`): Ed25519 by CKM_EDDSA of PKCS#11 3.0.

SM2 has no mechanism of its own in PKCS#11; a maker's mechanisms differ, and none is served here.
"""

import json
import threading
from dataclasses import asdict, dataclass
from types import ModuleType, TracebackType
from typing import Any

from luban.proofs.local_key import KeyFileError
from luban.proofs.signing import Algorithm, PublicKey
from luban.reference.refusal import Invalid

_OCTET_STRING_OF_32 = b"\x04\x20"
_ED25519_OID = bytes.fromhex("06032b6570")
"""1.3.101.112 in DER (RFC 8410)."""


class TokenError(KeyFileError):
    """The token cannot be reached, or lacks the key. Names no PIN."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and the library that reaches it."""

    module: str
    """Path of the library."""
    label: str


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Where a key in a token is found; no secret."""

    module: str
    token: str
    label: str

    def to_json(self) -> bytes:
        """For a file beside the key's history."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> "TokenKey":
        """Raises KeyFileError."""
        try:
            read = json.loads(content)
            return cls(str(read["module"]), str(read["token"]), str(read["label"]))
        except (ValueError, KeyError, TypeError) as error:
            raise KeyFileError("a file that should say where in a token a key is does not") from error


class TokenSigner:
    """A `Signer` whose private key is a token's. Close it, or use it as a context manager.

    A process is logged in to a token once: closing the signer that logged in ends the others of that token too.
    """

    algorithm = Algorithm.ED25519

    def __init__(self, module: str, token_label: str, pin: str, key_label: str) -> None:
        """`module` is the path of the token's library. Raises TokenError, `Invalid` pkcs11-unavailable."""
        pkcs11 = _pkcs11()
        self._mechanism = pkcs11.Mechanism.EDDSA
        self._errors: type[Exception] = pkcs11.exceptions.PKCS11Error
        self._one_at_a_time = threading.Lock()  # PKCS#11 sessions are not for two threads
        try:
            self._session = _opened(pkcs11, module, token_label, pin)
        except (self._errors, OSError, RuntimeError) as error:
            raise TokenError(f"the token {token_label} cannot be opened ({_why(error)})") from error
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
                raise TokenError(f"the token does not sign ({_why(error)})") from error

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
            raise TokenError(f"the token has no single Ed25519 key {label} ({_why(error)})") from error


def generate(module: str, token_label: str, pin: str, key_label: str) -> None:
    """Makes an Ed25519 key in the token, that cannot be taken out. Raises TokenError, `Invalid` pkcs11-unavailable."""
    pkcs11 = _pkcs11()
    try:
        with _opened(pkcs11, module, token_label, pin, rw=True) as session:
            curve = {pkcs11.Attribute.EC_PARAMS: _ED25519_OID}
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, curve, local=True)
            parameters.generate_keypair(mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=key_label)
    except (pkcs11.exceptions.PKCS11Error, OSError, RuntimeError) as error:
        raise TokenError(f"the token {token_label} makes no key ({_why(error)})") from error


def destroy(place: TokenKey, pin: str) -> None:
    """Takes a key pair out of the token for ever; one that is not there is none. Raises as `generate`."""
    pkcs11 = _pkcs11()
    try:
        with _opened(pkcs11, place.module, place.token, pin, rw=True) as session:
            for found in list(session.get_objects({pkcs11.Attribute.LABEL: place.label})):
                found.destroy()
    except (pkcs11.exceptions.PKCS11Error, OSError, RuntimeError) as error:
        raise TokenError(f"the token {place.token} does not destroy {place.label} ({_why(error)})") from error


def _opened(pkcs11: ModuleType, module: str, token_label: str, pin: str, *, rw: bool = False) -> Any:
    """A session that shares this process's login where there is one; the PIN is not looked at again then."""
    token = pkcs11.lib(module).get_token(token_label=token_label)
    try:
        return token.open(user_pin=pin, rw=rw)
    except pkcs11.exceptions.UserAlreadyLoggedIn:
        return token.open(rw=rw)


def _why(error: Exception) -> str:
    """The library's words; no PIN is among them."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


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
