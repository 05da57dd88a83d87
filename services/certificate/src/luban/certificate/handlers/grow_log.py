"""Makes the public log longer by what the register recorded: entries, tiles and checkpoint in one transaction.

So a process may be killed anywhere: either all of it is there, the queue struck out with it, or nothing is.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from luban.certificate.adapters import public_log
from luban.certificate.adapters.proving import Proving
from luban.certificate.adapters.public_log import Waiting
from luban.certificate.domain.log_facts import facts_of
from luban.certificate.domain.register import Change
from luban.eventkit.sealing import UnsealError
from luban.eventkit.uow import UnitOfWork
from luban.proofs import canonical, log_entry
from luban.proofs.checkpoint import Checkpoint, sign_checkpoint
from luban.proofs.disclosure import commit_facts, commit_holder, new_salt, salts_of
from luban.proofs.log_entry import Entry
from luban.proofs.log_mark import refuse_gone_back
from luban.proofs.merkle import EMPTY_ROOT, leaf_hash
from luban.proofs.note import NoteKey, parse_note, sign_note
from luban.proofs.tiles import grow, parse_path
from luban.reference.shanghai import shanghai_day

MOST_AT_ONCE = 1_000

LOGGED_AS = {
    Change.ISSUED: log_entry.Change.ISSUED,
    Change.IMPORTED: log_entry.Change.IMPORTED,
    Change.SCORES_CORRECTED: log_entry.Change.CORRECTED,
    Change.WITHDRAWN: log_entry.Change.WITHDRAWN,
    Change.REINSTATED: log_entry.Change.REINSTATED,
    Change.SUSPENDED: log_entry.Change.SUSPENDED,
    Change.RESUMED: log_entry.Change.REINSTATED,
    Change.CORRECTED: log_entry.Change.CORRECTED,
    Change.REISSUED: log_entry.Change.REISSUED,
    Change.APPEALED: log_entry.Change.CORRECTED,
    Change.APPEAL_REJECTED: log_entry.Change.CORRECTED,
    Change.NOTED: log_entry.Change.CORRECTED,
    Change.SIGNED_ANEW: log_entry.Change.SIGNED_ANEW,
}
"""How the log names a change of the register: REINSTATED for what lets it count again, CORRECTED for what leaves its
state as it was."""


def grow_log(uow: UnitOfWork, proving: Proving, most: int = MOST_AT_ONCE) -> int:
    """Logs what waits, at most `most` entries; how many they were. The empty log gets its checkpoint too.

    Raises `Conflict` log-gone-back.
    """
    if not public_log.is_mine(uow):
        return 0
    refuse_gone_back(proving.mark.read(), proving.origin, partial(public_log.root_at, uow))
    found = public_log.newest(uow, proving.origin)
    if found is None:
        _sign(uow, proving, Checkpoint(proving.origin, 0, EMPTY_ROOT), uow.now())
        return 0
    checkpoint, signed_at = found
    batch = public_log.waiting(uow, most)
    if batch:
        now = uow.now()  # a demo sets its clock after the empty log was signed, and to an earlier day
        _append(uow, proving, checkpoint, batch, max(now, signed_at) if checkpoint.size else now)
    return len(batch)


def sign_newest(uow: UnitOfWork, proving: Proving) -> bool:
    """Puts the log's current key under a newest checkpoint that only an earlier one signed: so those who know either
    believe it. False while another process has the log."""
    if not public_log.is_mine(uow):
        return False
    note = public_log.note(uow)
    if note is None:
        return True
    stands, key = parse_note(note.encode()), NoteKey(proving.origin, proving.log.signer.public_key)
    checkpoint = Checkpoint.from_text(stands.text)
    if checkpoint.origin == proving.origin and not any(line.is_of(key) for line in stands.signatures):
        line = sign_note(stands.text, proving.origin, proving.log.signer)
        public_log.save_cosignature(uow, checkpoint.size, key.vkey, str(line))
    return True


def _append(uow: UnitOfWork, proving: Proving, before: Checkpoint, batch: Sequence[Waiting], at: datetime) -> None:
    entries, rows = _entries(uow, proving, before.size, batch, at)
    encoded = [bytes(entry) for entry in entries]
    fetch = partial(public_log.read_tile, uow)
    growth = grow(fetch, before.size, encoded, [leaf_hash(entry) for entry in encoded])
    public_log.write_tiles(uow, [(parse_path(path), content) for path, content in growth.files.items()])
    public_log.enter(uow, rows)
    public_log.strike_out(uow, [each.seq for each in batch])
    _sign(uow, proving, Checkpoint(proving.origin, growth.size, growth.root), at)


def _sign(uow: UnitOfWork, proving: Proving, checkpoint: Checkpoint, at: datetime) -> None:
    signed = sign_checkpoint(checkpoint, proving.origin, proving.log.signer)
    public_log.save_checkpoint(uow, checkpoint, signed, at)


def _entries(
    uow: UnitOfWork, proving: Proving, size: int, batch: Sequence[Waiting], at: datetime
) -> tuple[list[Entry], list[Sequence[object]]]:
    """The log's entries, and the rows that keep what opens them."""
    entries: list[Entry] = []
    rows: list[Sequence[object]] = []
    here: dict[tuple[UUID, int], tuple[int, bytes]] = {}
    tags = proving.tag_key.tags(list({_number(each) for each in batch if each.tag is None}))
    for index, each in enumerate(batch, size):
        key = (each.certificate_id, each.version - 1)
        previous, tag = here.get(key, (each.before, each.tag))
        tag = tag or tags[_number(each)]
        change, secret = Change(each.change), new_salt()
        day = each.certificate["issued_on"] if each.version == 1 else shanghai_day(each.at)
        salt, holder_salt = salts_of(secret)
        holder = _holder(uow, each, holder_salt)
        facts = facts_of(each.certificate, change, each.version, day, holder)
        entries.append(Entry(LOGGED_AS[change], each.version, at, day, previous, tag, commit_facts(facts, salt)))
        rows.append((index, each.certificate_id, each.version, at, tag, secret, canonical.encode(facts)))
        here[each.certificate_id, each.version] = (index, tag)
    return entries, rows


def _number(each: Waiting) -> str:
    number: str = each.certificate["certificate_no"]
    return number


def _holder(uow: UnitOfWork, each: Waiting, salt: bytes) -> str:
    """Empty where the key that sealed the name was destroyed at the end of its retention."""
    try:
        person = uow.keyring.open_column(each.certificate["personal"], each.certificate_id)
    except UnsealError:
        return ""
    return commit_holder(person.name, person.id_type, person.id_no, salt)
