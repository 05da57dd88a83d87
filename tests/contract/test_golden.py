"""Bytes of every event ever released parse for ever, and events of a newer minor version pass through unharmed."""

import json
from functools import cache
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, Parse
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import DESCRIPTOR as TIMESTAMP_FILE

from libs.contracts.tools import golden
from luban.contracts.catalogue import EVENTS, EventSpec
from luban.eventkit.envelope import parse, received
from luban.eventkit.sealing import KeyRing
from luban.events.v1 import certificate_pb2, common_pb2, event_pb2, exam_pb2, registration_pb2
from luban.events.v1.event_pb2 import Event

FILES = sorted(golden.GOLDEN.glob("*.binpb"))
CONTRACTS = (common_pb2, registration_pb2, exam_pb2, certificate_pb2, event_pb2)
NEWER_FIELD, NEWER_TEXT = 999, "of a newer version"


def message_of(path: Path) -> Message:
    """The message in a golden file."""
    return golden.KINDS[path.name.partition(".")[0]].FromString(path.read_bytes())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_bytes_parse_and_come_back_the_same(path: Path) -> None:
    assert message_of(path).SerializeToString(deterministic=True) == path.read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_bytes_say_what_stands_beside_them(path: Path) -> None:
    message, beside = message_of(path), path.with_suffix(".json").read_text(encoding="utf-8")
    assert MessageToDict(message, preserving_proto_field_name=True) == json.loads(beside)
    assert Parse(beside, type(message)()) == message


@pytest.mark.parametrize("spec", EVENTS, ids=lambda spec: spec.name)
def test_a_consumer_reads_the_golden_event(spec: EventSpec) -> None:
    for path in golden.golden_files(golden.GOLDEN, spec.name):
        event = received(parse(path.read_bytes()), KeyRing({}, {}, ""))
        assert (event.event_type, type(event.payload), event.version) == (spec.name, spec.payload, 3)


@pytest.mark.parametrize("name", golden.KINDS)
def test_the_golden_files_fill_every_field(name: str) -> None:
    filled = [golden.filled(message_of(path)) for path in golden.golden_files(golden.GOLDEN, name)]
    missing = golden.paths(name) - set().union(*filled)
    assert not missing, f"no golden bytes of {name} fill {sorted(missing)}; run: make golden"


def test_every_golden_file_is_of_a_known_event() -> None:
    assert {path.name.partition(".")[0] for path in golden.GOLDEN.iterdir()} == set(golden.KINDS)


def test_the_tool_is_deterministic_and_overwrites_nothing(tmp_path: Path) -> None:
    golden.write(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "BodyFiled.binpb").write_bytes(b"")
    with pytest.raises(FileExistsError):
        golden._add(tmp_path, "BodyFiled", Event())
    added = golden.write(tmp_path)
    assert [path.name for path in added] == ["BodyFiled.2.binpb"]
    assert added[0].read_bytes() == first["BodyFiled.binpb"]
    assert (tmp_path / "BodyFiled.binpb").read_bytes() == b""


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "PersonalData"], ids=lambda path: path.stem)
def test_fields_of_a_newer_version_survive(path: Path) -> None:
    newer = newer_event().FromString(path.read_bytes())
    mark(newer)
    passed_on = Event.FromString(newer.SerializeToString()).SerializeToString()
    assert newer_event().FromString(passed_on) == newer
    assert passed_on.count(NEWER_TEXT.encode()) == marks(newer) >= 2


@cache
def newer_event() -> type[Message]:
    """The envelope of a later minor version: every message has one more field."""
    pool = DescriptorPool()
    pool.AddSerializedFile(TIMESTAMP_FILE.serialized_pb)
    for module in CONTRACTS:
        file = FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        for message in file.message_type:
            message.field.add(
                name="newer",
                number=NEWER_FIELD,
                type=FieldDescriptorProto.TYPE_STRING,
                label=FieldDescriptorProto.LABEL_OPTIONAL,
            )
        pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("luban.events.v1.Event"))


def mark(message: Message) -> None:
    """Sets the new field in a message and in every message inside it."""
    for part in [message, *inside(message)]:
        setattr(part, "newer", NEWER_TEXT)  # noqa: B010 - a field that the type does not know


def marks(message: Message) -> int:
    """How many messages carry the new field."""
    return 1 + len(inside(message))


def inside(message: Message) -> list[Message]:
    """Every message of ours inside a message."""
    found: list[Message] = []
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.full_name != golden.TIMESTAMP:
            for part in value if field.is_repeated else [value]:
                found += [part, *inside(part)]
    return found
