"""Every event: its topic, key, owner, when it is sent, who handles it. The topic table: partitions and settings.

An event with no handler is reserved: its contract stands, and nobody sends it (design: events are sent only when
somebody handles them).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.protobuf.message import Message

from luban.events.v1 import certificate_pb2 as certificate
from luban.events.v1 import exam_pb2 as exam
from luban.events.v1 import registration_pb2 as registration

KEEP_FOR_EVER: Mapping[str, str] = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}


@dataclass(frozen=True)
class Topic:
    """A Kafka topic. Its partition count is a decision for life: a key's partition follows from it."""

    name: str
    owner: str
    config: Mapping[str, str] = field(default_factory=lambda: dict(KEEP_FOR_EVER))
    embedded_partitions: int = 4
    production_partitions: int = 12

    def partitions(self, profile: str) -> int:
        """Partition count under a profile, 'embedded' or 'production'."""
        return self.production_partitions if profile == "production" else self.embedded_partitions


REGISTRATION = Topic("luban.registration.v1", "registration")
EXAM = Topic("luban.exam.v1", "exam")
CERTIFICATE = Topic("luban.certificate.v1", "certificate")
EVENT_TOPICS = (REGISTRATION, EXAM, CERTIFICATE)


def dead_letters_of(topic: str) -> str:
    """Name of the topic that takes what could not be applied of another topic."""
    return f"{topic}.dlq"


TOPICS = EVENT_TOPICS + tuple(
    Topic(dead_letters_of(t.name), t.owner, embedded_partitions=1, production_partitions=1) for t in EVENT_TOPICS
)


@dataclass(frozen=True)
class EventSpec:
    """What the field-by-field contract in proto/ does not say of an event."""

    payload: type[Message]
    field: str
    topic: Topic
    aggregate: str
    key: str
    sent_when: str
    handled_by: tuple[str, ...] = ()
    personal: bool = False
    retention_class: str = "candidate"
    recovers: bool = False
    """Sent for its own service, which is made anew from its topic when it was restored from the past."""

    @property
    def name(self) -> str:
        """Name of the event, the payload message's own."""
        return self.payload.DESCRIPTOR.name

    @property
    def reserved(self) -> bool:
        """True while nobody handles the event, so nobody sends it."""
        return not self.handled_by and not self.recovers


R, X, C = REGISTRATION, EXAM, CERTIFICATE
EVENTS: tuple[EventSpec, ...] = (
    EventSpec(registration.BodyFiled, "body_filed", R, "body", "body id", "a body's filing is recorded"),
    EventSpec(registration.BodyChanged, "body_changed", R, "body", "body id", "a filing is changed"),
    EventSpec(registration.BodySuspended, "body_suspended", R, "body", "body id", "a body is suspended"),
    EventSpec(registration.BodyWithdrawn, "body_withdrawn", R, "body", "body id", "a filing ends"),
    EventSpec(registration.ProjectPublished, "project_published", R, "project", "project id", "a project is published"),
    EventSpec(
        registration.ProjectWithdrawn, "project_withdrawn", R, "project", "project id", "a project is no longer offered"
    ),
    EventSpec(registration.PlanPublished, "plan_published", R, "plan", "plan id", "a plan takes entries", ("exam",)),
    EventSpec(
        registration.PlanChanged, "plan_changed", R, "plan", "plan id", "dates, site or capacity change", ("exam",)
    ),
    EventSpec(
        registration.PlanClosed, "plan_closed", R, "plan", "plan id", "registration ends, by the clock", ("exam",)
    ),
    EventSpec(registration.PlanCancelled, "plan_cancelled", R, "plan", "plan id", "a plan is called off", ("exam",)),
    EventSpec(
        registration.EntrySubmitted, "entry_submitted", R, "entry", "candidate id", "a candidate applies and waits"
    ),
    EventSpec(
        registration.EntryAccepted,
        "entry_accepted",
        R,
        "entry",
        "candidate id",
        "an entry is accepted, by rule or by a person",
        ("exam",),
        personal=True,
    ),
    EventSpec(registration.EntryRejected, "entry_rejected", R, "entry", "candidate id", "an entry is rejected"),
    EventSpec(
        registration.EntryWithdrawn,
        "entry_withdrawn",
        R,
        "entry",
        "candidate id",
        "an accepted entry is withdrawn before registration closes",
        ("exam",),
    ),
    EventSpec(exam.SittingScheduled, "sitting_scheduled", X, "sitting", "sitting id", "a sitting is scheduled"),
    EventSpec(exam.SeatAssigned, "seat_assigned", X, "entry", "candidate id", "a seat and ticket are given"),
    EventSpec(exam.PaperSubmitted, "paper_submitted", X, "paper", "candidate id", "a paper is handed in"),
    EventSpec(exam.SubjectScored, "subject_scored", X, "entry", "candidate id", "a subject's outcome is set"),
    EventSpec(exam.ResultPublicised, "result_publicised", X, "result", "candidate id", "publicity starts"),
    EventSpec(exam.ResultHeld, "result_held", X, "result", "candidate id", "an objection holds a result"),
    EventSpec(
        exam.ResultConfirmed,
        "result_confirmed",
        X,
        "result",
        "candidate id",
        "publicity of a pass ended without an open objection",
        ("certificate",),
        personal=True,
        retention_class="certificate",
    ),
    EventSpec(
        exam.ResultCorrected,
        "result_corrected",
        X,
        "result",
        "candidate id",
        "a confirmed pass is corrected",
        ("certificate",),
    ),
    EventSpec(exam.MisconductDecided, "misconduct_decided", X, "decision", "candidate id", "misconduct is decided"),
    EventSpec(
        certificate.CertificateIssued,
        "certificate_issued",
        C,
        "certificate",
        "candidate id",
        "a certificate enters the register",
        ("registration",),
    ),
    EventSpec(
        certificate.CertificateReissued,
        "certificate_reissued",
        C,
        "certificate",
        "candidate id",
        "a paper is reprinted",
        recovers=True,
    ),
    EventSpec(
        certificate.CertificateCorrected,
        "certificate_corrected",
        C,
        "certificate",
        "candidate id",
        "the holder's data are corrected by proof",
        recovers=True,
        personal=True,
        retention_class="certificate",
    ),
    EventSpec(
        certificate.CertificateWithdrawn,
        "certificate_withdrawn",
        C,
        "certificate",
        "candidate id",
        "a certificate stops to count",
        ("registration",),
    ),
    EventSpec(
        certificate.CertificateRegistered,
        "certificate_registered",
        C,
        "certificate",
        "candidate id",
        "the national register accepts it",
        recovers=True,
    ),
    EventSpec(
        certificate.CertificateReinstated,
        "certificate_reinstated",
        C,
        "certificate",
        "candidate id",
        "a withdrawal is set aside on appeal",
        ("registration",),
    ),
    EventSpec(
        certificate.CertificateSuspended,
        "certificate_suspended",
        C,
        "certificate",
        "candidate id",
        "a certificate does not count while something is looked into",
        ("registration",),
    ),
    EventSpec(
        certificate.CertificateResumed,
        "certificate_resumed",
        C,
        "certificate",
        "candidate id",
        "a suspension ends and the certificate counts again",
        ("registration",),
    ),
)

# Names kept for events that are planned and have no contract yet.
RESERVED_NAMES = ("ObjectionFiled", "ObjectionDecided", "ResultReleased")

SPEC_OF_PAYLOAD: Mapping[type[Message], EventSpec] = {spec.payload: spec for spec in EVENTS}
SPEC_OF_FIELD: Mapping[str, EventSpec] = {spec.field: spec for spec in EVENTS}
