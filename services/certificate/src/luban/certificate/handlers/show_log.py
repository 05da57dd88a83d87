"""Reading the public log, taking witnesses' cosignatures, and opening an entry to whoever passed a check."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson

from luban.certificate.adapters import public_log
from luban.certificate.adapters.proving import Proving
from luban.certificate.adapters.signing import TYPE
from luban.certificate.domain.answer import MATCH
from luban.eventkit.uow import UnitOfWork
from luban.proofs import base64url
from luban.proofs.checkpoint import Checkpoint
from luban.proofs.disclosure import Disclosure, salts_of
from luban.proofs.key_history import KeyHistory, Standing
from luban.proofs.log_proof import LogProof
from luban.proofs.note import parse_note
from luban.proofs.tiles import TileTree
from luban.reference.refusal import Conflict, Invalid, NotFound

LONGEST_TICKET = 8 * 1024
"""Characters of a signed answer."""
TICKET_LASTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class InclusionShown:
    """RFC 6962 §2.1.1; hashes in base64, from the entry to the root."""

    index: int
    size: int
    entry: str
    hashes: list[str]
    root: str


@dataclass(frozen=True, slots=True)
class ConsistencyShown:
    """RFC 6962 §2.1.2; hashes in base64."""

    size1: int
    size2: int
    hashes: list[str]


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry with all that opens and proves it."""

    index: int
    entry: str
    """90 bytes in base64."""
    disclosure: dict[str, Any]
    proof: str
    """C2SP tlog-proof, with the checkpoint."""
    tag_key: str


def log_keys(proving: Proving) -> dict[str, Any]:
    """What an auditor must know: origin, the log's keys and its tag key, the witnesses."""
    return {
        "origin": proving.origin,
        "keys": [key.vkey for key in proving.policy.log_keys],
        "witnesses": [key.vkey for key in proving.witnesses],
        "tag_key": base64url.encode(proving.tag_key.public),
        "history": proving.log.history.jwks(),
    }


def checkpoint_note(uow: UnitOfWork) -> str:
    """Raises NotFound log-empty before the worker's first start."""
    found = public_log.note(uow)
    if found is None:
        raise NotFound("log-empty", zh="日志尚未建立", en="there is no log yet")
    return found


def tile(uow: UnitOfWork, path: str) -> bytes:
    """Raises `Invalid` tile-path, NotFound tile-unknown."""
    try:
        return public_log.read_tile(uow, path)
    except FileNotFoundError as error:
        raise NotFound("tile-unknown", zh="日志还没有这个分片", en="the log has no such tile yet") from error


def inclusion(uow: UnitOfWork, proving: Proving, index: int, size: int | None) -> InclusionShown:
    """Raises NotFound log-empty, `Invalid` tree-size."""
    tree = _tree(uow, proving)
    size = tree.size if size is None else size
    hashes = [_base64(each) for each in tree.inclusion(index, size)]
    return InclusionShown(
        index, size, _base64(public_log.read_entry(uow, index, tree.size)), hashes, _base64(tree.root(size))
    )


def consistency(uow: UnitOfWork, proving: Proving, size1: int, size2: int | None) -> ConsistencyShown:
    """Raises NotFound log-empty, `Invalid` tree-size."""
    tree = _tree(uow, proving)
    size2 = tree.size if size2 is None else size2
    return ConsistencyShown(size1, size2, [*map(_base64, tree.consistency(size1, size2))])


def cosign(uow: UnitOfWork, proving: Proving, note: bytes) -> dict[str, Any]:
    """Takes the cosignatures that known witnesses put under one of our checkpoints.

    Raises `Invalid` note-…, checkpoint-malformed, cosignature-unknown where no known witness signed, `Conflict`
    checkpoint-other for a checkpoint that is none of ours.
    """
    given = parse_note(note)
    claimed = Checkpoint.from_text(given.text)
    ours = public_log.note(uow, claimed.size)
    if ours is None or parse_note(ours.encode()).text != given.text:
        raise Conflict("checkpoint-other", zh="这不是本日志的检查点", en="this is no checkpoint of this log")
    signed = [key for key in proving.witnesses if given.cosigned_at(key)]
    if not signed:
        raise Invalid("cosignature-unknown", zh="没有已知见证人的签名", en="no witness known here signed it")
    for key in signed:
        line = next(line for line in given.signatures if line.is_of(key))
        public_log.save_cosignature(uow, claimed.size, key.name, str(line))
    return {"size": claimed.size, "witnesses": [key.name for key in signed]}


def disclose(uow: UnitOfWork, proving: Proving, ticket: str) -> Opened:
    """Opens the newest entry of the certificate that a signed answer of ours, not older than a day, found.

    Raises `Invalid` ticket-invalid, NotFound log-entry-unknown for what is not logged yet.
    """
    number = _number(ticket, proving.answers.history, uow.now())
    opening = public_log.opening(uow, number)
    if opening is None:
        raise NotFound("log-entry-unknown", zh="该证书尚未记入日志", en="the log does not hold this certificate yet")
    tree = _tree(uow, proving)
    salt, _ = salts_of(opening.salt)
    facts: dict[str, Any] = orjson.loads(opening.facts)
    entry = public_log.read_entry(uow, opening.index, tree.size)
    note = checkpoint_note(uow).encode()
    proof = LogProof(opening.index, tuple(tree.inclusion(opening.index)), note)
    disclosure = Disclosure.of(facts, salt, proving.tag_key)
    return Opened(
        opening.index,
        _base64(entry),
        disclosure.to_json(),
        bytes(proof).decode(),
        base64url.encode(proving.tag_key.public),
    )


def _tree(uow: UnitOfWork, proving: Proving) -> TileTree:
    found = public_log.newest(uow, proving.origin)
    if found is None:
        raise NotFound("log-empty", zh="日志尚未建立", en="there is no log yet")
    return TileTree(partial(public_log.read_tile, uow), found[0].size)


def _number(ticket: str, answers: KeyHistory, now: datetime) -> str:
    """The number in an answer that found a certificate. Raises `Invalid` ticket-invalid."""
    header, payload, signature = [*ticket.split("."), "", ""][:3]
    try:
        told = orjson.loads(base64url.decode(header))
        record = answers.find(told["kid"]) if told["typ"] == TYPE else None
        holds = record and record.public_key.verify(f"{header}.{payload}".encode(), base64url.decode(signature))
        said = orjson.loads(base64url.decode(payload)) if holds else None
    except (Invalid, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise _no_ticket() from error
    if record is None or said is None or said["found"] != MATCH:
        raise _no_ticket()
    as_of = datetime.fromisoformat(said["as_of"])
    if record.judge(as_of, None) is not Standing.COUNTS or not timedelta(0) <= now - as_of <= TICKET_LASTS:
        raise _no_ticket()
    return str(said["asked"]["certificate_no"])


def _no_ticket() -> Invalid:
    return Invalid(
        "ticket-invalid",
        zh="请提交一天之内、核验相符的签名答复",
        en="send a signed answer of ours that found the certificate, not older than a day",
    )


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()
