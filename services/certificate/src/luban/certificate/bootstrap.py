"""Wiring of the worker: what the service listens to, and what must hold before it starts."""

from google.protobuf.message import Message

from luban.certificate.adapters.counters import refuse_counters_behind
from luban.certificate.domain.numbers import Numbering
from luban.certificate.handlers.correct import on_result_corrected
from luban.certificate.handlers.issue import Issuing
from luban.certificate.settings import NumberSettings
from luban.eventkit.dispatch import Handler, Subscriptions
from luban.eventkit.uow import Cause, UnitsOfWork
from luban.events.v1 import exam_pb2 as exam

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


def check_register(units: UnitsOfWork) -> None:
    """Raises CountersBehindError when the worker must not issue."""
    with units.read(Cause("worker")) as uow:
        refuse_counters_behind(uow)
