"""A certificate on paper: its facts, its code signed by the register, set on a sheet."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from luban.certificate.adapters.proving import Proving
from luban.certificate.adapters.public_log import logged_entry
from luban.certificate.adapters.signatures import keep_signed
from luban.certificate.adapters.tables import Certificate, RegisterEntry
from luban.certificate.adapters.typesetting import Typesetter
from luban.certificate.domain.face import CertificateKind
from luban.certificate.domain.paper import Language, Printed, paper_of
from luban.certificate.domain.register import State, require_attestable
from luban.certificate.handlers.photograph import newest_photograph
from luban.certificate.handlers.read import owned, record_reading, refuse_imported
from luban.eventkit.uow import UnitOfWork
from luban.proofs.pocket import Pocket
from luban.reference.identity import IdType
from luban.reference.levels import Level
from luban.webkit.authentication import Principal

PAGE = "/v"
"""Where the code's address leads; what stands behind # never reaches the server."""


@dataclass(frozen=True)
class Press:
    """What it takes to print: the register's keys and a compositor."""

    proving: Proving
    typesetter: Typesetter

    @property
    def address(self) -> str:
        """In capitals, which a QR code packs tightly, and which a host and this path do not mind."""
        return f"HTTPS://{self.proving.host}{PAGE}".upper()


def print_certificate(
    uow: UnitOfWork, press: Press, principal: Principal, certificate_id: UUID, language: Language
) -> bytes:
    """The PDF; the same bytes as long as the register says the same and the same key signs.

    Raises NotFound certificate-unknown, Conflict certificate-imported, certificate-withdrawn, certificate-suspended,
    paper-character.
    """
    row = owned(uow, principal, certificate_id)
    refuse_imported(row)
    require_attestable(State(row.state))
    record_reading(uow, principal, [row])
    holder = uow.keyring.open_column(row.personal, row.certificate_id)
    printed = Printed(
        CertificateKind(row.kind),
        row.certificate_no,
        holder.name,
        IdType(holder.id_type),
        holder.id_no,
        row.occupation_name or row.project_name or "",
        row.trade or "",
        Level(row.level) if row.level else None,
        row.body_name,
        row.issued_on,
        row.print_serial,
        newest_photograph(uow, certificate_id),
    )
    keys = press.proving.credentials
    keep_signed(uow, keys.signer.key_id, row.certificate_id, uow.now())
    code = _pocket(uow, row, printed, keys.since).sign(keys.signer, press.address)
    return press.typesetter.pdf(paper_of(printed), code, language)


def _pocket(uow: UnitOfWork, row: Certificate, printed: Printed, since: datetime) -> Pocket:
    """Dated by the register's newest entry, or `since` when the key is in use where that is later: so that nothing in
    it depends on when it is printed."""
    entry = uow.session.get_one(RegisterEntry, (row.certificate_id, row.register_version))
    return Pocket(
        row.certificate_no,
        printed.name,
        row.occupation_code or row.project_code or "",
        printed.title,
        printed.trade,
        row.body_name,
        row.level,
        row.issued_on,
        max(entry.at.replace(microsecond=0), since),
        logged_entry(uow, row.certificate_id),
    )
