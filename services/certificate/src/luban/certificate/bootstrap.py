"""Wiring of the worker: what the service listens to, and what must hold before it starts."""

from collections.abc import Mapping, Sequence

from google.protobuf.message import Message

from luban.certificate.adapters import proving
from luban.certificate.adapters.calling import Caller
from luban.certificate.adapters.counters import refuse_counters_behind
from luban.certificate.domain.numbers import Numbering
from luban.certificate.entrypoints.deliveries import Deliveries
from luban.certificate.entrypoints.log_keeper import LogKeeper
from luban.certificate.entrypoints.renewals import Renewals
from luban.certificate.handlers.correct import on_result_corrected
from luban.certificate.handlers.issue import Issuing
from luban.certificate.handlers.recover import Reasons, recover
from luban.certificate.settings import NumberSettings, ProofSettings
from luban.eventkit.dispatch import Handler, Subscriptions
from luban.eventkit.recovery import Missing, Recovery
from luban.eventkit.settings import Settings
from luban.eventkit.uow import Cause, UnitsOfWork
from luban.eventkit.worker import Loop
from luban.events.v1 import exam_pb2 as exam

RECOVERED_AT_ONCE = 1_000

IGNORED = (
    exam.SittingScheduled,
    exam.SeatAssigned,
    exam.PaperSubmitted,
    exam.SubjectScored,
    exam.ResultPublicised,
    exam.ResultHeld,
    exam.MisconductDecided,
)


def subscriptions(settings: NumberSettings) -> Subscriptions:
    """Raises ValueError when the numbering template is none."""
    issuing = Issuing(Numbering(settings.special_ability_template))
    handles: dict[type[Message], Handler] = {
        exam.ResultConfirmed: issuing.on_result_confirmed,
        exam.ResultCorrected: on_result_corrected,
    }
    return Subscriptions("certificate", handles=handles, ignores=IGNORED)


def rebuild(units: UnitsOfWork, recovery: Recovery, missing: Sequence[Missing]) -> None:
    """Makes the register's rows anew that these events of ours led to, in transactions of their own.

    Raises RecoveryError; what was done by then stays, and is not done again.
    """
    numbers = NumberSettings()
    reasons, issuing = Reasons.of(missing), Issuing(Numbering(numbers.special_ability_template))
    for event in recovery.unread(subscriptions(numbers)):
        reasons.look_at(event)
    for start in range(0, len(missing), RECOVERED_AT_ONCE):
        with units.begin(Cause("recovery")) as uow:
            recover(uow, issuing, missing[start : start + RECOVERED_AT_ONCE], reasons)


def check_register(units: UnitsOfWork) -> None:
    """Raises CountersBehindError when the worker must not issue."""
    with units.read(Cause("worker")) as uow:
        refuse_counters_behind(uow)


def loops(units: UnitsOfWork, settings: Settings) -> Mapping[str, Loop]:
    """What the worker does beside listening. Raises CannotStartError without usable keys."""
    keys = proving.load(ProofSettings())
    return {
        "public log": LogKeeper(units, keys),
        "renewals": Renewals(units, keys),
        "webhooks": Deliveries(units, Caller(demo=settings.demo), demo=settings.demo),
    }
