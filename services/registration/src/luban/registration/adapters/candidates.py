"""Candidates: everything personal sealed, a document found by its keyed hash."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from luban.eventkit.sealing import KeyRing
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import SealedPersonalData
from luban.reference.eligibility_facts import PriorCertificate, Provenance
from luban.reference.identity import Identity, IdType
from luban.reference.levels import Level
from luban.reference.refusal import Conflict
from luban.registration.adapters.facts import personal_data
from luban.registration.domain.candidate import Declaration, Person

RETENTION_CLASS = "candidate"
_DECLARATION = TypeAdapter(Declaration)

REGISTERED = """
select coalesce(jsonb_agg(jsonb_build_object('code', occupation_code, 'name', occupation_name, 'level', level,
                                             'issued_on', issued_on)), '[]')
from prior_certificate where candidate_id = c.candidate_id and withdrawn_on is null
      and suspended_on is null
"""
SELECT = f"""
select c.candidate_id, c.sealed_person, c.sealed_profile, ({REGISTERED}) from candidate c
where c.candidate_id = any(%s) order by c.candidate_id
"""  # noqa: S608  # constants only


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate with what they declare and what the register has issued to them."""

    candidate_id: UUID
    person: Person
    declared: Declaration
    registered: tuple[PriorCertificate, ...] = ()


class Sealer:
    """Seals and opens candidates' columns under one year's key."""

    def __init__(self, keyring: KeyRing, year: int) -> None:
        self._keyring = keyring
        self._year = year
        self._key_id = keyring.key_id(RETENTION_CLASS, year)

    def person(self, person: Person, candidate_id: UUID) -> bytes:
        """Name, document and phone."""
        return self._keyring.seal_column(personal_data(person), RETENTION_CLASS, self._year, candidate_id)

    def profile(self, birth_date: date, declared: Declaration, owner: UUID) -> bytes:
        """Birth date and declaration, bound to a candidate, or to an entry as its evidence."""
        plain = b'{"birth_date":"%b","declared":%b}' % (
            birth_date.isoformat().encode(),
            _DECLARATION.dump_json(declared),
        )
        nonce, ciphertext = self._keyring.seal_bytes(plain, self._key_id, _bound(owner))
        return SealedPersonalData(key_id=self._key_id, nonce=nonce, ciphertext=ciphertext).SerializeToString()


def open_person(keyring: KeyRing, candidate_id: UUID, sealed_person: bytes, birth_date: date) -> Person:
    """The person of a row. Raises UnsealError."""
    data = keyring.open_column(sealed_person, candidate_id)
    identity = Identity(IdType(data.id_type), data.id_no, birth_date)
    return Person(identity, data.name, data.phone, birth_date)


def open_profile(keyring: KeyRing, owner: UUID, sealed: bytes) -> tuple[date, Declaration]:
    """Birth date and declaration of a row. Raises UnsealError."""
    message = SealedPersonalData.FromString(sealed)
    profile = orjson.loads(keyring.open_bytes(message.key_id, message.nonce, message.ciphertext, _bound(owner)))
    return date.fromisoformat(profile["birth_date"]), _DECLARATION.validate_python(profile["declared"])


def load_candidates(uow: UnitOfWork, candidate_ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, Candidate]:
    """Candidates by id; locked in the order of their ids until the transaction ends, if asked."""
    query = SELECT + (" for no key update of c" if lock else "")
    rows = uow.sql(query, (list(candidate_ids),)).fetchall()
    return {row[0]: _candidate(uow.keyring, *row) for row in rows}


def find_documents(uow: UnitOfWork, identities: Sequence[Identity]) -> dict[Identity, UUID]:
    """Whose these documents are or were, where anybody's."""
    hashes = {digest: identity for identity in identities for digest in _hashes(uow.keyring, identity)}
    found = uow.sql(
        "select identity_hash, candidate_id from candidate_document where identity_hash = any(%b)", (list(hashes),)
    ).fetchall()
    return {hashes[bytes(digest)]: candidate_id for digest, candidate_id in found}


def add_candidates(uow: UnitOfWork, candidates: Sequence[Candidate], sealer: Sealer, source: str, at: datetime) -> None:
    """Stores new candidates with their documents.

    Raises `Conflict` identity-registered when another transaction has just stored one of the documents or people.
    """
    rows = [_row(uow.keyring, candidate, sealer) for candidate in candidates]
    ids, persons, profiles, hashes = (list(column) for column in zip(*rows, strict=True))
    people = uow.sql(
        "insert into candidate (candidate_id, sealed_person, sealed_profile, source, registered_at, changed_at)"
        " select id, person, profile, %s, %s, %s from unnest(%b::uuid[], %b::bytea[], %b::bytea[])"
        " as row(id, person, profile) on conflict do nothing",
        (source, at, at, ids, persons, profiles),
    )
    documents = uow.sql(
        "insert into candidate_document (identity_hash, candidate_id, sealed_person, recorded_at)"
        " select hash, id, person, %s from unnest(%b::bytea[], %b::uuid[], %b::bytea[]) as row(hash, id, person)"
        " order by hash on conflict do nothing",
        (at, hashes, ids, persons),
    )
    if people.rowcount < len(rows) or documents.rowcount < len(rows):
        raise identity_registered()


def save_candidate(uow: UnitOfWork, candidate: Candidate, sealer: Sealer, at: datetime) -> None:
    """Replaces person and profile of a candidate that this transaction has locked."""
    person = sealer.person(candidate.person, candidate.candidate_id)
    profile = sealer.profile(candidate.person.birth_date, candidate.declared, candidate.candidate_id)
    uow.sql(
        "update candidate set sealed_person = %b, sealed_profile = %b, changed_at = %s where candidate_id = %s",
        (person, profile, at, candidate.candidate_id),
    )


def change_document(uow: UnitOfWork, candidate: Candidate, sealer: Sealer, at: datetime) -> None:
    """Makes the candidate's present document the current one; the one before stays as history.

    Raises `Conflict` identity-registered.
    """
    uow.sql(
        "update candidate_document set replaced_at = %s where candidate_id = %s and replaced_at is null",
        (at, candidate.candidate_id),
    )
    digest = _hashes(uow.keyring, candidate.person.identity)[0]
    person = sealer.person(candidate.person, candidate.candidate_id)
    kept = uow.sql(
        "insert into candidate_document (identity_hash, candidate_id, sealed_person, recorded_at)"
        " values (%b, %s, %b, %s) on conflict (identity_hash) do update set replaced_at = null"
        " where candidate_document.candidate_id = excluded.candidate_id",
        (digest, candidate.candidate_id, person, at),
    )
    if kept.rowcount == 0:
        raise identity_registered()


def identity_registered() -> Conflict:
    """The refusal of a document that belongs to somebody else."""
    return Conflict(
        "identity-registered",
        zh="该证件号码已由其他账号登记，请与当地技能评价机构联系",
        en="this document is registered to another account; contact your local assessment office",
    )


def _candidate(
    keyring: KeyRing, candidate_id: UUID, sealed_person: bytes, sealed_profile: bytes, registered: list[dict[str, Any]]
) -> Candidate:
    birth_date, declared = open_profile(keyring, candidate_id, sealed_profile)
    person = open_person(keyring, candidate_id, sealed_person, birth_date)
    return Candidate(candidate_id, person, declared, tuple(_registered(registered)))


def _registered(rows: Iterable[dict[str, Any]]) -> Iterable[PriorCertificate]:
    for row in rows:
        issued_on = date.fromisoformat(row["issued_on"])
        yield PriorCertificate(row["code"], Level(row["level"]), issued_on, row["name"], Provenance.VERIFIED)


def _row(keyring: KeyRing, candidate: Candidate, sealer: Sealer) -> tuple[UUID, bytes, bytes, bytes]:
    owner = candidate.candidate_id
    person = sealer.person(candidate.person, owner)
    profile = sealer.profile(candidate.person.birth_date, candidate.declared, owner)
    return owner, person, profile, _hashes(keyring, candidate.person.identity)[0]


def _hashes(keyring: KeyRing, identity: Identity) -> list[bytes]:
    return keyring.lookup_hashes(identity.id_type.value, identity.matching_no)


def _bound(owner: UUID) -> bytes:
    return owner.bytes + b"profile"
