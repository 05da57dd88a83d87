"""did:web identifiers and the documents we publish under them, with every key an issuer ever had.

A rotated key stays in the document for ever, as assertion method with its period of use, so that what it signed still
verifies; a compromised one stays too, revoked and allowed for nothing, so that nothing it signed verifies any more: a
proof's own date can be made up by whoever holds the key, and only the public log can tell when it was made.
"""

import re
from urllib.parse import quote, unquote

from luban.credentials.did import ASSERTION
from luban.credentials.instants import print_instant
from luban.credentials.multikey import to_multikey
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document
from luban.proofs.key_history import KeyHistory, KeyRecord
from luban.proofs.signing import PublicKey

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_PART = re.compile(r"[A-Za-z0-9._-]+")
_PERIOD = {
    "validFrom": {
        "@id": "https://www.w3.org/2018/credentials#validFrom",
        "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
    },
    "validUntil": {
        "@id": "https://www.w3.org/2018/credentials#validUntil",
        "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
    },
}


def did_web(host: str, *path: str) -> str:
    """The DID of a host, with its port if it has one, and of a path on it. Raises ValueError for what is neither."""
    if not _HOST.fullmatch(host) or not all(_PART.fullmatch(part) for part in path):
        raise ValueError(f"no host and path for a did:web: {host!r} {path!r}")
    return ":".join(["did:web", quote(host.lower(), safe=""), *path])


def did_web_url(did: str) -> str:
    """Where the document of a did:web is published (did:web §2.5.2). Raises `Refused` did-malformed.

    Fetching it, and keeping away from addresses inside a network, is the caller's.
    """
    host, *path = [unquote(part) for part in did.removeprefix("did:web:").split(":")]
    if not did.startswith("did:web:") or not _HOST.fullmatch(host) or not all(_PART.fullmatch(part) for part in path):
        raise Refused(
            ProblemType.INVALID_METHOD_URL, "did-malformed", zh="不是有效的did:web标识", en="this is no did:web"
        )
    if any(set(part) == {"."} for part in path):
        raise Refused(
            ProblemType.INVALID_METHOD_URL, "did-malformed", zh="不是有效的did:web标识", en="this is no did:web"
        )
    return f"https://{host}/{'/'.join(path) if path else '.well-known'}/did.json"


def method_id(did: str, key: PublicKey) -> str:
    """The id of a key in the issuer's document: its JWK thumbprint as fragment, so that no two ever collide."""
    return f"{did}#{key.key_id}"


def did_document(did: str, history: KeyHistory) -> Document:
    """What to publish at `did_web_url(did)`, newest key first. Raises `Refused` key-unsupported for a key of SM2."""
    records = history.records[::-1]
    trusted = [record for record in records if record.compromised_from is None]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1", _PERIOD],
        "id": did,
        "verificationMethod": [_method(did, record) for record in records],
        ASSERTION: [method_id(did, record.public_key) for record in trusted],
    }


def _method(did: str, record: KeyRecord) -> Document:
    method = {
        "id": method_id(did, record.public_key),
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": to_multikey(record.public_key),
        "validFrom": print_instant(record.valid_from),
    }
    if record.ended_at:
        method["validUntil"] = print_instant(record.ended_at)
    if record.compromised_from:
        method["revoked"] = print_instant(record.compromised_from)
    return method
