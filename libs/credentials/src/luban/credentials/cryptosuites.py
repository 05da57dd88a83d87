"""What a Data Integrity proof signs: eddsa-jcs-2022 and eddsa-rdfc-2022 (W3C Data Integrity EdDSA Cryptosuites 1.0)."""

import hashlib
from collections.abc import Callable
from enum import StrEnum

from luban.credentials.linked_data import canonical_quads
from luban.credentials.reading import Document
from luban.proofs import canonical


class Cryptosuite(StrEnum):
    """Both sign with Ed25519; they differ in how a document becomes bytes."""

    JCS = "eddsa-jcs-2022"
    """Canonical JSON (RFC 8785): every letter counts."""
    RDFC = "eddsa-rdfc-2022"
    """Canonical RDF: what the @context makes of the document counts."""


def _quads(document: Document) -> bytes:
    return canonical_quads(document).encode()


_CANONICAL: dict[Cryptosuite, Callable[[Document], bytes]] = {
    Cryptosuite.JCS: canonical.encode,
    Cryptosuite.RDFC: _quads,
}


def canonical_form(suite: Cryptosuite, document: Document) -> bytes:
    """The bytes that are hashed. Raises `Invalid` as `canonical.encode`, `Refused` as `canonical_quads`."""
    return _CANONICAL[suite](document)


def bytes_to_sign(suite: Cryptosuite, document: Document, configuration: Document) -> bytes:
    """64 bytes: the hash of the proof's own members, then the hash of the document without its proof (§3.3.4).

    `configuration` is the proof without `proofValue`, with the document's `@context`. Raises as `canonical_form`.
    """
    parts = (configuration, document)
    return b"".join(hashlib.sha256(canonical_form(suite, part)).digest() for part in parts)
