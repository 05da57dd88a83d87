"""A credential as VC-JWT (W3C Securing Verifiable Credentials using JOSE and COSE; Open Badges 3.0 §8.2): the whole
credential as a JWT's claims, with the registered claims that Open Badges asks to repeat its members."""

from datetime import UTC, datetime

from luban.credentials.data_model import as_list, check_credential, controller_of, validity
from luban.credentials.did import ASSERTION, Method, Resolver, find_method
from luban.credentials.jws import check_signature, read_compact, sign_compact
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document
from luban.proofs.signing import Signer

TYPE = "vc+jwt"
_REGISTERED = frozenset({"iss", "sub", "jti", "nbf", "exp", "iat"})


def sign_vc_jwt(credential: Document, verification_method: str, created: datetime, signer: Signer) -> str:
    """The credential as a compact JWS, signed at `created`.

    Raises `Refused` as `check_credential`, and key-unsupported.
    """
    claims = check_credential({name: value for name, value in credential.items() if name != "proof"})
    registered = {name: value for name, value in _registered(claims).items() if value is not None}
    payload = claims | registered | {"iat": int(created.timestamp())}
    return sign_compact({"typ": TYPE, "cty": "vc", "kid": verification_method}, payload, signer)


def read_vc_jwt(token: object, resolver: Resolver, now: datetime) -> tuple[Document, Method]:
    """The credential in the token and the key that signed it, which is the issuer's.

    Validity and status are not looked at. Raises `Refused` as `read_compact`, `check_credential` and `find_method`, and
    jwt-claims where a registered claim says something else than the credential, issuer-other.
    """
    jws = read_compact(token, TYPE, "vc+ld+jwt", "jwt")
    credential = check_credential({name: value for name, value in jws.payload.items() if name not in _REGISTERED})
    for name, value in _registered(credential).items():
        if name in jws.payload and jws.payload[name] != value:
            raise _refusal(
                "jwt-claims", "JWT声明{name}与凭证不符", "the JWT's {name} is not the credential's", name=name
            )
    signed_at = _issued_at(jws.payload, credential)
    method = find_method(jws.header.get("kid"), ASSERTION, resolver, signed_at=signed_at, now=now)
    if method.controller != controller_of(credential["issuer"]):
        raise _refusal("issuer-other", "签名并非由所称发证机构作出", "the signature is another's than the issuer's")
    check_signature(jws, method.key)
    return credential, method


def _registered(credential: Document) -> Document:
    begins, ends = validity(credential)
    subject = as_list(credential["credentialSubject"])[0]
    return {
        "iss": controller_of(credential["issuer"]),
        "sub": subject.get("id"),
        "jti": credential.get("id"),
        "nbf": int(begins.timestamp()) if begins else None,
        "exp": int(ends.timestamp()) if ends else None,
    }


def _issued_at(payload: Document, credential: Document) -> datetime | None:
    """When the token says it was signed: iat, or else when it begins to be valid."""
    issued = payload.get("iat")
    if isinstance(issued, int) and 0 <= issued < 1 << 34:
        return datetime.fromtimestamp(issued, UTC)
    return validity(credential)[0]


def _refusal(code: str, zh: str, en: str, **params: object) -> Refused:
    return Refused(ProblemType.CRYPTOGRAPHIC_SECURITY, code, zh=zh, en=en, **params)
