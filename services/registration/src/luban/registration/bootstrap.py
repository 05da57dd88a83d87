"""What the service listens to and what its clock does."""

from collections.abc import Mapping

from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.timers import TimerHandler
from luban.events.v1 import certificate_pb2 as certificate
from luban.registration.handlers.end_plan import close_registration, expire_undecided
from luban.registration.handlers.keep_prior_certificates import (
    on_certificate_issued,
    on_certificate_reinstated,
    on_certificate_resumed,
    on_certificate_suspended,
    on_certificate_withdrawn,
)
from luban.registration.handlers.plan_timers import CLOSE_REGISTRATION, EXPIRE_UNDECIDED

SUBSCRIPTIONS = Subscriptions(
    "registration",
    handles={
        certificate.CertificateIssued: on_certificate_issued,
        certificate.CertificateWithdrawn: on_certificate_withdrawn,
        certificate.CertificateReinstated: on_certificate_reinstated,
        certificate.CertificateSuspended: on_certificate_suspended,
        certificate.CertificateResumed: on_certificate_resumed,
    },
    ignores=(
        certificate.CertificateReissued,
        certificate.CertificateCorrected,
        certificate.CertificateRegistered,
    ),
    read_state=("prior_certificate",),
)

TIMERS: Mapping[str, TimerHandler] = {
    CLOSE_REGISTRATION: close_registration,
    EXPIRE_UNDECIDED: expire_undecided,
}
