"""Status lists of two million entries, made anew: bits, compression, signature.

    .venv/bin/python -m bench status_list

For each share of withdrawn certificates the seconds of one Bitstring Status List (both proofs) and of one Token Status
List, and their compressed sizes, beside the sizes that the IETF draft publishes (appendix B, for 1,000,000 entries of
one bit, which count by the entry). Appends lines to bench/status_list.csv.
"""

import json
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.figures import append_row, machine
from luban.credentials import status_list, token_status_list
from luban.credentials.did_web import did_web, method_id
from luban.credentials.vc_api import IssueOptions, issue
from luban.proofs.local_key import LocalSigner

ENTRIES = status_list.OUR_ENTRIES
SHARES = (0.0001, 0.001, 0.01, 0.05)
RESULTS = Path(__file__).parent / "status_list.csv"
SIZES = Path(__file__).parents[1] / "tests/conformance/vectors/token-status-list/size-table.json"
AT = datetime(2026, 5, 6, tzinfo=UTC)
URL = "https://bench.example.cn/status/revocation/1"


def measure(share: float, signer: LocalSigner) -> dict[str, Any]:
    """One share."""
    withdrawn = random.Random(1).sample(range(ENTRIES), int(ENTRIES * share))
    issuer = did_web("bench.example.cn")
    began = time.perf_counter()
    encoded = status_list.encode_list(withdrawn)
    purpose = status_list.StatusPurpose.REVOCATION
    listed = status_list.status_list_credential(URL, issuer, purpose, encoded, AT, AT + timedelta(1))
    issue(listed, IssueOptions(method_id(issuer, signer.public_key), AT), signer)
    bitstring = time.perf_counter() - began
    began = time.perf_counter()
    claim = token_status_list.encode_list(dict.fromkeys(withdrawn, 1), ENTRIES, 1)
    token = token_status_list.sign_list(URL, claim, signer, AT, AT + timedelta(1))
    return {
        "entries": ENTRIES,
        "withdrawn": len(withdrawn),
        "bitstring_seconds": round(bitstring, 2),
        "bitstring_bytes": len(encoded),
        "token_seconds": round(time.perf_counter() - began, 2),
        "token_bytes": len(token),
    }


def main() -> None:
    """Measures every share."""
    signer = LocalSigner.generate()
    for share in SHARES:
        row = measure(share, signer) | machine()
        print(json.dumps(row))
        append_row(RESULTS, row)
    print("published sizes:", json.dumps(json.loads(SIZES.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
