"""Issues certificates on confirmed results: one for each confirmation, numbered without holes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from luban.certificate.adapters import issuing
from luban.certificate.adapters.facts import face_of, scores_of
from luban.certificate.domain.face import Face, LevelFace
from luban.certificate.domain.holder import id_factor, name_factor
from luban.certificate.domain.numbers import Numbering, numbers
from luban.certificate.domain.register import State
from luban.eventkit.envelope import Received
from luban.eventkit.recovery import RecoveryError
from luban.eventkit.sealing import KeyRing
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.certificate_pb2 import CertificateIssued
from luban.events.v1.common_pb2 import PlanFacts
from luban.events.v1.exam_pb2 import ResultConfirmed
from luban.reference.track import Track

RETENTION_CLASS = "certificate"
FIRST_VERSION = 1

Confirmed = Received[ResultConfirmed]
Issued = Received[CertificateIssued]


@dataclass(frozen=True, slots=True)
class New:
    """One certificate about to enter the register."""

    certificate_id: UUID
    certificate_no: str
    candidate_id: UUID
    edition: "Edition"
    event: Confirmed


@dataclass(frozen=True, slots=True)
class Edition:
    """What the certificates of one plan and day have in common, worked out once per batch."""

    track: Track
    year: int
    prefix: str
    digits: int
    columns: tuple[Any, ...]
    """Values from plan_id to register_version."""
    event: CertificateIssued
    """All but what is the certificate's own."""


class Issuing:
    """The handler of ResultConfirmed, under a numbering."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering

    def on_result_confirmed(self, uow: UnitOfWork, batch: Sequence[Confirmed]) -> None:
        """Issues what is not issued yet. Raises `Refusal` for a result that no certificate can be made of."""
        fresh = _not_issued_yet(uow, batch)
        if not fresh:
            return
        new = self._numbered(uow, fresh)
        issuing.enter(uow, (_row(uow.keyring, each) for each in new))
        issuing.record_issue(uow, [each.certificate_id for each in new], uow.now())
        for each in new:
            _announce(uow, each)

    def enter_again(self, uow: UnitOfWork, decided: Sequence[tuple[Issued, Confirmed]]) -> None:
        """Enters certificates into a register that was restored from the past, with the ids and numbers that the world
        was told: a number once decided is never decided again. Raises RecoveryError."""
        editions = self._editions([reason for _, reason in decided])
        new = [
            New(issued.aggregate_id, issued.payload.certificate_no, UUID(issued.payload.candidate_id), edition, reason)
            for (issued, reason), edition in zip(decided, editions, strict=True)
        ]
        reached: dict[str, int] = {}
        for each in new:
            reached[each.edition.prefix] = max(reached.get(each.edition.prefix, 0), _sequence(each))
        issuing.raise_counters(uow, reached)
        issuing.enter(uow, (_row(uow.keyring, each) for each in new))
        issuing.record_issues(uow, ((event.aggregate_id, _when(event), event.envelope.actor) for event, _ in decided))

    def _numbered(self, uow: UnitOfWork, events: Sequence[Confirmed]) -> list[New]:
        editions = self._editions(events)
        prefixes = [edition.prefix for edition in editions]
        last_before = issuing.draw(uow, prefixes)
        printed = numbers(prefixes, last_before, {edition.prefix: edition.digits for edition in editions})
        return [
            New(uow.new_id(), certificate_no, UUID(event.payload.candidate_id), edition, event)
            for certificate_no, edition, event in zip(printed, editions, events, strict=True)
        ]

    def _editions(self, events: Sequence[Confirmed]) -> list[Edition]:
        known: dict[tuple[bytes, str], Edition] = {}
        editions = []
        for event in events:
            plan, day = event.payload.plan, event.payload.confirmed_on
            key = (plan.SerializeToString(), day)
            edition = known.get(key)
            if edition is None:
                edition = known[key] = self._edition(plan, date.fromisoformat(day))
            editions.append(edition)
        return editions

    def _edition(self, plan: PlanFacts, issued_on: date) -> Edition:
        face = face_of(plan)
        prefix = self._numbering.prefix(face, issued_on.year)
        event = CertificateIssued(track=plan.track, issued_on=issued_on.isoformat(), body=plan.body)
        if isinstance(face.scheme, LevelFace):
            event.level.CopyFrom(plan.level)
        else:
            event.special_ability.CopyFrom(plan.special_ability)
        columns = _columns(face, issued_on)
        return Edition(face.track, issued_on.year, prefix, self._numbering.digits(face), columns, event)


def _sequence(new: New) -> int:
    number, prefix = new.certificate_no, new.edition.prefix
    if not number.startswith(prefix) or len(number) != len(prefix) + new.edition.digits:
        raise RecoveryError(f"{number} is not of the body, year and level that its result says: {prefix}")
    return int(number.removeprefix(prefix))


def _when(event: Issued) -> datetime:
    return event.envelope.occurred_at.ToDatetime(UTC)


def _not_issued_yet(uow: UnitOfWork, batch: Sequence[Confirmed]) -> list[Confirmed]:
    events = {(event.aggregate_id, event.payload.confirmation_no): event for event in batch}
    issued = issuing.already_issued(uow, list(events))
    return [event for confirmation, event in events.items() if confirmation not in issued]


def _columns(face: Face, issued_on: date) -> tuple[Any, ...]:
    scheme, body = face.scheme, face.body
    if isinstance(scheme, LevelFace):
        occupation = (scheme.occupation_code, scheme.occupation_name, scheme.trade)
        printed: tuple[Any, ...] = (*occupation, scheme.level.value, scheme.standard_edition, None, None, None)
    else:
        printed = (*[None] * 5, scheme.project_code, scheme.project_name, scheme.specification_version)
    issuer = (body.body_id, str(body.code), body.name)
    return (
        face.plan_id, face.track.value, face.kind.value, *printed, *issuer, issued_on, State.VALID.value, FIRST_VERSION,
    )  # fmt: skip


def _row(ring: KeyRing, new: New) -> tuple[Any, ...]:
    result, edition = new.event.payload, new.edition
    person = new.event.personal()
    return (
        new.certificate_id,
        new.certificate_no,
        edition.prefix,
        new.candidate_id,
        new.event.aggregate_id,
        result.confirmation_no,
        UUID(result.entry_id),
        *edition.columns,
        Jsonb(scores_of(result.scores), dumps=orjson.dumps),
        ring.seal_column(person, RETENTION_CLASS, edition.year, new.certificate_id),
        ring.lookup_hash(*name_factor(person.name)),
        ring.lookup_hash(*id_factor(person.id_type, person.id_no)),
    )


def _announce(uow: UnitOfWork, new: New) -> None:
    issued = CertificateIssued()
    issued.CopyFrom(new.edition.event)
    issued.certificate_id = str(new.certificate_id)
    issued.certificate_no = new.certificate_no
    issued.candidate_id = new.event.payload.candidate_id
    issued.result_id = new.event.payload.result_id
    issued.confirmation_no = new.event.payload.confirmation_no
    aggregate, key = new.certificate_id, new.candidate_id
    uow.emit(issued, aggregate_id=aggregate, key=key, track=new.edition.track, because=new.event)
