"""The catalogue and the contracts say the same, and personal data travels nowhere but sealed."""

from pathlib import Path

import pytest
from google.protobuf.message import Message

from libs.contracts.tools.events_page import PLAIN, SEALED, Contracts
from libs.contracts.tools.golden import SAMPLES
from luban.cli.keys import RETENTION_CLASSES
from luban.contracts.catalogue import (
    EVENT_TOPICS,
    EVENTS,
    RESERVED_NAMES,
    SPEC_OF_FIELD,
    SPEC_OF_PAYLOAD,
    TOPICS,
    EventSpec,
    dead_letters_of,
)
from luban.events.v1.event_pb2 import Event

SERVICES = {path.name for path in (Path(__file__).resolve().parents[2] / "services").iterdir() if path.is_dir()}
PAYLOADS = {field.name: field for field in Event.DESCRIPTOR.oneofs_by_name["payload"].fields}

# The events that were agreed on, by the topic they belong to. A name leaves this list never.
AGREED = {
    "luban.registration.v1": {
        "BodyFiled", "BodyChanged", "BodySuspended", "BodyWithdrawn", "ProjectPublished", "ProjectWithdrawn",
        "PlanPublished", "PlanChanged", "PlanClosed", "PlanCancelled",
        "EntrySubmitted", "EntryAccepted", "EntryRejected", "EntryWithdrawn",
    },
    "luban.exam.v1": {
        "SittingScheduled", "SeatAssigned", "PaperSubmitted", "SubjectScored",
        "ResultPublicised", "ResultHeld", "ResultConfirmed", "ResultCorrected", "MisconductDecided",
    },
    "luban.certificate.v1": {
        "CertificateIssued", "CertificateReissued", "CertificateCorrected", "CertificateWithdrawn",
        "CertificateRegistered", "CertificateSuspended", "CertificateResumed",
    },
}  # fmt: skip


def named(spec: EventSpec) -> str:
    """Names a test's case."""
    return spec.name


def test_every_payload_is_in_the_catalogue_and_back() -> None:
    assert {name: field.message_type for name, field in PAYLOADS.items()} == {
        spec.field: spec.payload.DESCRIPTOR for spec in EVENTS
    }
    assert len(SPEC_OF_FIELD) == len(SPEC_OF_PAYLOAD) == len(EVENTS)


@pytest.mark.parametrize("topic", AGREED)
def test_the_agreed_events_are_on_their_topic(topic: str) -> None:
    assert {spec.name for spec in EVENTS if spec.topic.name == topic} >= AGREED[topic]


def test_every_event_topic_has_its_dead_letters_and_one_owner() -> None:
    assert {topic.name for topic in EVENT_TOPICS} == set(AGREED)
    assert {topic.name for topic in TOPICS} == {*AGREED, *map(dead_letters_of, AGREED)}
    assert {topic.owner for topic in TOPICS} <= SERVICES


def test_event_topics_keep_their_log_for_ever() -> None:
    assert all(topic.config["retention.ms"] == topic.config["retention.bytes"] == "-1" for topic in EVENT_TOPICS)


@pytest.mark.parametrize("spec", EVENTS, ids=named)
def test_a_topic_is_written_by_its_owner_and_named_after_it(spec: EventSpec) -> None:
    assert spec.topic.name == f"luban.{spec.topic.owner}.v1"
    assert set(spec.handled_by) <= SERVICES - {spec.topic.owner}


@pytest.mark.parametrize("spec", EVENTS, ids=named)
def test_the_key_is_in_the_event(spec: EventSpec) -> None:
    assert f"{spec.key.removesuffix(' id')}_id" in fields_within(spec.payload, depth=2)


@pytest.mark.parametrize("spec", EVENTS, ids=named)
def test_every_event_says_when_it_is_sent(spec: EventSpec) -> None:
    assert spec.sent_when
    assert spec.aggregate == spec.aggregate.lower()


@pytest.mark.parametrize("spec", EVENTS, ids=named)
def test_personal_events_and_no_others_carry_a_sealed_message(spec: EventSpec) -> None:
    sealed = [
        field.name
        for field in spec.payload.DESCRIPTOR.fields
        if field.message_type is not None and field.message_type.name == SEALED
    ]
    assert sealed == (["personal"] if spec.personal else [])


@pytest.mark.parametrize("spec", [spec for spec in EVENTS if spec.personal], ids=named)
def test_personal_events_are_sealed_under_a_retention_class_that_has_keys(spec: EventSpec) -> None:
    assert spec.retention_class in RETENTION_CLASSES


def test_personal_data_is_no_field_of_any_message() -> None:
    contracts = Contracts()
    open_fields = [
        f"{message.name}.{field.name}"
        for message in contracts.messages.values()
        for field in message.field
        if field.type_name.endswith(f".{PLAIN}")
    ]
    assert not open_fields, f"{PLAIN} travels only inside {SEALED}"


def test_only_personal_data_and_sealed_fields_are_marked_personal() -> None:
    contracts = Contracts()
    for message in contracts.messages.values():
        for field in message.field:
            comment = contracts.comments[f"{message.name}.{field.name}"]
            sealed = field.type_name.endswith(f".{SEALED}")
            assert comment.startswith("PERSONAL, sealed.") == sealed, f"{message.name}.{field.name}"
            assert not comment.startswith("PERSONAL.") or message.name == PLAIN, f"{message.name}.{field.name}"


def test_nothing_outside_personal_data_is_named_like_it() -> None:
    of_a_person = {"id_no", "id_type", "phone", "birth_date", "photo", "mobile"}
    assert of_a_person & set(SAMPLES) == {"id_no", "id_type", "phone"}
    for message in Contracts().messages.values():
        assert message.name == PLAIN or not of_a_person & {field.name for field in message.field}, message.name


def test_planned_names_have_no_contract_yet() -> None:
    assert not set(RESERVED_NAMES) & set(Contracts().messages)


def fields_within(payload: type[Message], depth: int) -> set[str]:
    """Names of the fields of a message and of the messages in it."""
    found: set[str] = set()
    level = [payload.DESCRIPTOR]
    for _ in range(depth):
        found |= {field.name for descriptor in level for field in descriptor.fields}
        level = [field.message_type for d in level for field in d.fields if field.message_type is not None]
    return found
