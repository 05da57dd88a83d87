"""After a compromise: every certificate that the key signed since its moment is taken up to be signed anew.

The register records it, the public log tells it, and from then on paper and credential are dated by that entry, and
signed by the key that took over, whenever their holder asks for them (docs/adr/0023).
"""

from luban.certificate.adapters.register import Why, locked, record, standing
from luban.certificate.adapters.signatures import due_for_renewal, set_renewed
from luban.certificate.domain.register import KEY_COMPROMISED, Change, State
from luban.eventkit.uow import UnitOfWork
from luban.proofs.key_history import KeyHistory, KeyRecord

MOST_AT_ONCE = 500


def sign_anew(uow: UnitOfWork, history: KeyHistory, most: int = MOST_AT_ONCE) -> int:
    """Takes up at most so many for each compromised key; how many they were. Those withdrawn are passed over: nobody
    is given their paper again."""
    return sum(_of_key(uow, key, most) for key in history.records)


def _of_key(uow: UnitOfWork, key: KeyRecord, most: int) -> int:
    if key.compromised_from is None:
        return 0
    key_id = key.public_key.key_id
    due = due_for_renewal(uow, key_id, key.compromised_from, most)
    if due:
        at = uow.now()
        for certificate in locked(uow, due):
            if certificate.state != State.WITHDRAWN:
                record(uow, certificate, standing(certificate), Change.SIGNED_ANEW, at, Why(KEY_COMPROMISED))
        set_renewed(uow, key_id, due, at)
    return len(due)
