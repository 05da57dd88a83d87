"""Certificates set as PDF: one process, one compiler kept, each sheet's code signed and drawn.

    .venv/bin/python -m bench papers

Sheets of different people, in Chinese and with English; without the database's part. Appends lines to bench/papers.csv.
"""

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import append_row, machine
from bench.people import person
from luban.certificate.adapters.typesetting import Typesetter
from luban.certificate.domain.face import CertificateKind
from luban.certificate.domain.paper import Language, Printed, paper_of
from luban.proofs.local_key import LocalSigner
from luban.proofs.pocket import Logged, Pocket
from luban.reference.identity import IdType
from luban.reference.levels import Level

SHEETS = 500
WARM = 20
ADDRESS = "HTTPS://BENCH.EXAMPLE.CN/V"
RESULTS = Path(__file__).parent / "papers.csv"
BODY, TITLE, ISSUED_ON = "鲁班职业培训学校", "劳动关系协调师", date(2026, 11, 20)


class Press:
    """What prints."""

    def __init__(self) -> None:
        self._typesetter, self._signer = Typesetter(), LocalSigner.generate()

    def sheet(self, number: int, language: Language) -> bytes:
        """One certificate."""
        name, id_no, *_ = person(number)
        certificate_no = f"S000037000072263{number:06d}"
        printed = Printed(
            CertificateKind.LEVEL, certificate_no, name, IdType.RESIDENT_ID, id_no, TITLE, "", Level.THREE, BODY,
            ISSUED_ON, None,
        )  # fmt: skip
        signed_at, logged = datetime(2026, 11, 20, tzinfo=UTC), Logged(number, number.to_bytes(32))
        pocket = Pocket(certificate_no, name, "4-07-03-03", TITLE, "", BODY, 3, ISSUED_ON, signed_at, logged)
        return self._typesetter.pdf(paper_of(printed), pocket.sign(self._signer, ADDRESS), language)


def measure(press: Press, language: Language) -> dict[str, Any]:
    """One language."""
    taken, size = [], 0
    for number in range(SHEETS + WARM):
        began = time.perf_counter()
        size = len(press.sheet(number, language))
        taken.append(time.perf_counter() - began)
    counted = taken[WARM:]
    return {
        "language": language.value,
        "sheets": SHEETS,
        "sheets_per_second": round(SHEETS / sum(counted)),
        "p50_ms": round(median(counted) * 1000, 1),
        "bytes": size,
    }


def main() -> None:
    """Measures both."""
    press = Press()
    for language in Language:
        row = measure(press, language) | machine()
        print(json.dumps(row))
        append_row(RESULTS, row)


if __name__ == "__main__":
    main()
