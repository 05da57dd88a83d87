"""W3C vc-di-eddsa: every canonical form, hash and signature of eddsa-jcs-2022 and eddsa-rdfc-2022, byte for byte."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from luban.credentials import contexts
from luban.credentials.cryptosuites import Cryptosuite, bytes_to_sign, canonical_form
from luban.credentials.data_integrity import Expected, ProofOptions, add_proof, verify_proofs
from luban.credentials.multikey import from_base58, to_base58, to_multikey
from luban.credentials.problems import Refused
from luban.proofs.local_key import LocalSigner

VECTORS = Path(__file__).parent / "vectors" / "w3c-vc-di-eddsa"
CITIZENSHIP = "https://w3id.org/citizenship/v4rc1"
SUITES = {
    "jcs": (Cryptosuite.JCS, "eddsa-jcs-2022", "JCS", "unsigned.json"),
    "rdfc": (Cryptosuite.RDFC, "eddsa-rdfc-2022", "DataInt", "unsigned.json"),
    "rdfc employ": (Cryptosuite.RDFC, "eddsa-rdfc-2022/employ", "DataInt", "employmentAuth.json"),
}
EXPECTED = Expected("assertionMethod", datetime(2026, 1, 1, tzinfo=UTC))


def read(path: str) -> Any:
    return json.loads((VECTORS / path).read_text(encoding="utf-8"))


def text(path: str) -> str:
    return (VECTORS / path).read_text(encoding="utf-8")


def signer(pair: dict[str, str]) -> LocalSigner:
    """From a secret Multikey: two bytes of prefix, 32 of the seed."""
    key = Ed25519PrivateKey.from_private_bytes(from_base58(pair["privateKeyMultibase"])[2:])
    made = LocalSigner.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), None)
    assert to_multikey(made.public_key) == pair["publicKeyMultibase"]
    return made


@pytest.fixture(autouse=True)
def citizenship(monkeypatch: pytest.MonkeyPatch) -> None:
    """The release candidate that one vector names is published no more: its terms, as the vector's own canonical form
    shows them. Hashes and signature then prove them right."""
    day = {"@type": "http://www.w3.org/2001/XMLSchema#dateTime"}
    schema = ("givenName", "familyName", "additionalName", "gender", "image", "birthDate", "identifier", "Person")
    own = ("birthCountry", "lprCategory", "lprNumber", "residentSince", "employmentAuthorizationDocument")
    classes = ("EmploymentAuthorizationDocumentCredential", "EmployablePerson", "EmploymentAuthorizationDocument")
    terms: dict[str, Any] = {name: {"@id": f"https://schema.org/{name}"} for name in schema}
    terms |= {name: {"@id": f"https://w3id.org/citizenship#{name}"} for name in (*own, *classes)}
    terms["image"] |= {"@type": "@id"}
    for name in ("birthDate", "residentSince"):
        terms[name] |= day
    bundled = contexts.context_document
    found = {CITIZENSHIP: {"@context": terms}}
    for module in ("luban.credentials.contexts", "luban.credentials.linked_data"):
        monkeypatch.setattr(f"{module}.BUNDLED", contexts.BUNDLED | {CITIZENSHIP})
    monkeypatch.setattr("luban.credentials.linked_data.context_document", lambda url: found.get(url) or bundled(url))


@pytest.mark.parametrize("name", SUITES)
def test_canonical_document(name: str) -> None:
    suite, folder, suffix, document = SUITES[name]
    canonical = canonical_form(suite, read(document))
    assert canonical.decode() == text(f"{folder}/canonDoc{suffix}.txt")
    assert hashlib.sha256(canonical).hexdigest() == text(f"{folder}/docHash{suffix}.txt")


@pytest.mark.parametrize("name", SUITES)
def test_canonical_proof_configuration(name: str) -> None:
    suite, folder, suffix, _ = SUITES[name]
    canonical = canonical_form(suite, read(f"{folder}/proofConfig{suffix}.json"))
    assert canonical.decode() == text(f"{folder}/proofCanon{suffix}.txt")
    assert hashlib.sha256(canonical).hexdigest() == text(f"{folder}/proofHash{suffix}.txt")


@pytest.mark.parametrize("name", SUITES)
def test_combined_hash_and_signature(name: str) -> None:
    suite, folder, suffix, document = SUITES[name]
    message = bytes_to_sign(suite, read(document), read(f"{folder}/proofConfig{suffix}.json"))
    assert message.hex() == text(f"{folder}/combinedHash{suffix}.txt")
    signature = signer(read("keyPair.json")).sign(message)
    assert signature.hex() == text(f"{folder}/sigHex{suffix}.txt")
    assert to_base58(signature) == text(f"{folder}/sigBTC58{suffix}.txt")


def options(proof: dict[str, Any]) -> ProofOptions:
    named = proof.get("previousProof", [])
    return ProofOptions(
        verification_method=proof["verificationMethod"],
        created=datetime.fromisoformat(proof["created"]),
        purpose=proof["proofPurpose"],
        id=proof.get("id"),
        previous_proofs=tuple(named if isinstance(named, list) else [named]),
    )


@pytest.mark.parametrize("name", SUITES)
def test_signed_document_is_made_and_verified(name: str) -> None:
    suite, folder, suffix, document = SUITES[name]
    signed = read(f"{folder}/signed{suffix}.json")
    assert add_proof(read(document), suite, options(signed["proof"]), signer(read("keyPair.json"))) == signed
    verified, unknown = verify_proofs(signed, lambda _: None, EXPECTED)
    assert ([proof.suite for proof in verified], unknown) == ([suite], [])
    signed["name"] += "."
    with pytest.raises(Refused, match="proof-invalid"):
        verify_proofs(signed, lambda _: None, EXPECTED)


SETS = ("signedProofSet1", "signedProofSet2", "signedProofChain1", "signedProofChain2")


@pytest.mark.parametrize("name", SETS)
def test_proof_sets_and_chains_verify_and_break(name: str) -> None:
    signed = read(f"proof-set-chain/{name}.json")
    proofs = signed["proof"] if isinstance(signed["proof"], list) else [signed["proof"]]
    assert len(verify_proofs(signed, lambda _: None, EXPECTED)[0]) == len(proofs)
    for number in range(len(proofs)):
        changed = [dict(proof) for proof in proofs]
        changed[number]["created"] = "2023-02-24T23:36:39Z"
        with pytest.raises(Refused, match="proof-invalid"):
            verify_proofs({**signed, "proof": changed}, lambda _: None, EXPECTED)


@pytest.mark.parametrize("name", ["signedProofSet2", "signedProofChain1", "signedProofChain2"])
def test_proof_sets_and_chains_are_made_byte_for_byte(name: str) -> None:
    """A chain's earlier proofs are given, as the spec signs them; its last is made anew."""
    pairs = read("proof-set-chain/multiKeyPairs.json").values()
    signers = {pair["publicKeyMultibase"]: signer(pair) for pair in pairs}
    signed = read(f"proof-set-chain/{name}.json")
    *earlier, last = signed["proof"]
    key = signers[last["verificationMethod"].partition("#")[2]]
    made = add_proof({**signed, "proof": earlier}, Cryptosuite.RDFC, options(last), key)["proof"][-1]
    named = last.get("previousProof")
    if isinstance(named, str):  # one name or an array of one: RDF is the same, and so is the signature
        made["previousProof"] = named
    assert made == last


def test_the_older_suites_canonical_forms_hashes_and_signature() -> None:
    """Ed25519Signature2020, which we neither issue nor accept, signs in the same two steps."""
    folder = "Ed25519Signature2020"
    hashes = []
    for document, canon, digest in (
        (read(f"{folder}/proofConfigEdSig.json"), "proofCanonEdSig", "proofHashEdSig"),
        (read("unsigned.json"), "canonDocEdSig", "docHashEdSig"),
    ):
        canonical = canonical_form(Cryptosuite.RDFC, document)
        assert canonical.decode() == text(f"{folder}/{canon}.txt")
        hashes.append(hashlib.sha256(canonical))
        assert hashes[-1].hexdigest() == text(f"{folder}/{digest}.txt")
    message = b"".join(each.digest() for each in hashes)
    assert message.hex() == text(f"{folder}/combinedHashEdSig.txt")
    signature = signer(read("keyPair.json")).sign(message)
    assert signature.hex() == text(f"{folder}/sigHexEdSig.txt")
    signed = read(f"{folder}/signedEdSig.json")
    assert to_base58(signature) == text(f"{folder}/sigBTC58EdSig.txt") == signed["proof"]["proofValue"]
    with pytest.raises(Refused, match="cryptosuite-unknown"):
        verify_proofs(signed, lambda _: None, EXPECTED)


def test_every_file_of_the_vectors_is_used() -> None:
    """Sets' and chains' configurations and interim documents aside, which are parts of the signed ones."""
    used = {"unsigned.json", "employmentAuth.json", "keyPair.json"}
    folders = [(folder, suffix) for _, folder, suffix, _ in SUITES.values()]
    for folder, suffix in [*folders, ("Ed25519Signature2020", "EdSig")]:
        used |= {f"{folder}/{stem}{suffix}.txt" for stem in STEMS}
        used |= {f"{folder}/{stem}{suffix}.json" for stem in ("signed", "proofConfig")}
    there = {path.relative_to(VECTORS).as_posix() for path in VECTORS.rglob("*.*")}
    assert {path for path in there if not path.startswith("proof-set-chain/")} == used


STEMS = ("canonDoc", "docHash", "proofCanon", "proofHash", "combinedHash", "sigHex", "sigBTC58")
