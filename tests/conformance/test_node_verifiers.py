"""npm @digitalbazaar/vc and @digitalcredentials/verifier-core judge what we issue, in Node.js (`make verifiers`)."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from luban.credentials.contexts import BUNDLED, context_document
from luban.credentials.cryptosuites import Cryptosuite
from luban.credentials.did_web import did_document, did_web_url, method_id
from luban.credentials.status_list import StatusPurpose, encode_list, status_list_credential
from luban.credentials.vc_api import IssueOptions, issue
from luban.proofs.key_history import KeyHistory
from luban.proofs.local_key import LocalSigner
from tests.unit.credentials.material import (
    HISTORY,
    ISSUER,
    LEVEL,
    METHOD,
    REVOCATIONS,
    SIGNER,
    SPECIAL_ABILITY,
    SUSPENSIONS,
    changed,
    issued,
    unsigned,
)

FOLDER = Path(__file__).resolve().parents[2] / "tools/credentials"
TODAY = datetime.now(UTC)
"""They read the machine's clock."""
BAZAAR, CORE = "digitalbazaar", "digitalcredentials"
JCS, RDFC = Cryptosuite.JCS, Cryptosuite.RDFC
DID_V1 = "https://www.w3.org/ns/did/v1"


@pytest.fixture(scope="module", autouse=True)
def node() -> None:
    if not (FOLDER / "node_modules").exists() or shutil.which("node") is None:
        assert os.environ.get("LUBAN_VERIFIERS") != "required", "the verifiers are not installed; run: make verifiers"
        pytest.skip("verifiers that others wrote are not installed (make verifiers, needs Node.js)")


def options(*suites: Cryptosuite) -> IssueOptions:
    return IssueOptions(METHOD, TODAY - timedelta(hours=1), suites)


def signed_list(url: str, purpose: StatusPurpose, set_indices: set[int]) -> dict[str, Any]:
    encoded = encode_list(set_indices)
    listed = status_list_credential(url, ISSUER, purpose, encoded, TODAY - timedelta(1), TODAY + timedelta(1))
    return issue(listed, options(RDFC), SIGNER)


def pages(history: KeyHistory = HISTORY, lists: dict[str, set[int]] | None = None) -> dict[str, Any]:
    """What stands for the web: contexts, the issuer's document and each of its methods, both status lists."""
    document = did_document(ISSUER, history)
    methods = {each["id"]: {"@context": document["@context"][1], **each} for each in document["verificationMethod"]}
    return {
        **{url: context_document(url) for url in BUNDLED},
        ISSUER: document,
        did_web_url(ISSUER): document,
        **methods,
        REVOCATIONS: signed_list(REVOCATIONS, StatusPurpose.REVOCATION, (lists or {}).get("revocation", set())),
        SUSPENSIONS: signed_list(SUSPENSIONS, StatusPurpose.SUSPENSION, (lists or {}).get("suspension", set())),
    }


def judge(web: dict[str, Any], *cases: tuple[str, list[Cryptosuite], dict[str, Any]]) -> list[dict[str, Any]]:
    """A verdict of each verifier on each credential: verified, reason."""
    credentials = [{"by": by, "suites": suites, "credential": credential} for by, suites, credential in cases]
    finished = subprocess.run(
        ["node", "verify.mjs"],
        cwd=FOLDER,
        input=json.dumps({"pages": web, "credentials": credentials}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    verdicts: list[dict[str, Any]] = json.loads(finished.stdout)["verdicts"]
    return verdicts


def refused_and_accepted(verdicts: list[dict[str, Any]]) -> list[bool]:
    return [verdict["verified"] for verdict in verdicts]


def test_they_verify_what_we_issue() -> None:
    cases = [
        (BAZAAR, list(suites), issued(certificate, options(*suites)))
        for certificate in (LEVEL, SPECIAL_ABILITY)
        for suites in ((JCS,), (RDFC,), (JCS, RDFC))
    ]
    cases += [
        (CORE, [RDFC], issued(certificate, options(*suites)))
        for certificate in (LEVEL, SPECIAL_ABILITY)
        for suites in ((RDFC,), (JCS, RDFC))  # of two proofs it takes the one that it knows
    ]
    verdicts = judge(pages(), *cases)
    assert refused_and_accepted(verdicts) == [True] * len(cases), verdicts


EDITS: list[Callable[[dict[str, Any]], object]] = [
    lambda document: document["credentialSubject"].update(licenseNumber="S000037000072263000002"),
    lambda document: document["credentialSubject"]["identifier"][0].update(identityHash="测试乙"),
    lambda document: document["credentialSubject"]["result"][0].update(achievedLevel="urn:example:5"),
    lambda document: document.update(validFrom="2026-04-09T00:00:00+08:00"),
    lambda document: document["proof"].update(proofPurpose="authentication"),
    lambda document: document["proof"].update(created="2026-05-01T00:00:00Z"),
    lambda document: document.pop("credentialStatus"),
]


def test_they_refuse_what_was_tampered_with() -> None:
    cases = [
        (by, [suite], changed(issued(LEVEL, options(suite)), edit))
        for edit in EDITS
        for by, suite in ((BAZAAR, JCS), (BAZAAR, RDFC), (CORE, RDFC))
    ]
    verdicts = judge(pages(), *cases)
    assert refused_and_accepted(verdicts) == [False] * len(cases), verdicts


@pytest.mark.parametrize("lists", [{"revocation": {4711}}, {"suspension": {815}}], ids=["withdrawn", "suspended"])
def test_they_refuse_by_our_status_lists(lists: dict[str, set[int]]) -> None:
    credential = issued(LEVEL, options(RDFC))
    around = pages(lists={"revocation": {4710, 4712}, "suspension": {814, 816}})
    both = [(BAZAAR, [RDFC], credential), (CORE, [RDFC], credential)]
    assert refused_and_accepted(judge(around, *both)) == [True, True]
    assert refused_and_accepted(judge(pages(lists=lists), *both)) == [False, False]


def test_an_old_certificate_verifies_after_ten_rotations() -> None:
    history = HISTORY
    for month in range(1, 11):
        history = history.rotate(LocalSigner.generate().public_key, TODAY + timedelta(days=month))
    newest = LocalSigner.generate()
    history = history.rotate(newest.public_key, TODAY + timedelta(days=11))
    fresh = IssueOptions(method_id(ISSUER, newest.public_key), TODAY + timedelta(days=12), (RDFC,))
    old, new = issued(LEVEL, options(RDFC)), issue(unsigned(), fresh, newest)
    web = pages(history)
    cases = [(by, [RDFC], credential) for by in (BAZAAR, CORE) for credential in (old, new)]
    verdicts = judge(web, *cases)
    assert refused_and_accepted(verdicts) == [True] * 4, verdicts
