"""Writes proto/golden: bytes of every event, with every field filled, that must parse for ever.

`python libs/contracts/tools/golden.py [OUT]` only adds files, it never overwrites one: a file here stands for the bytes
that lie in topics and journals. An event has as many files as it takes to fill every field and every choice of its
oneofs; a field that is added later gets a file of its own (`PlanChanged.2.binpb`). PersonalData is here too, because
its bytes lie sealed inside events. All values are made up.
"""

import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from luban.contracts.catalogue import EVENTS, SPEC_OF_FIELD
from luban.events.v1.common_pb2 import PersonalData
from luban.events.v1.event_pb2 import Event

if TYPE_CHECKING:  # the classes behind generated code, which the public ones stand for
    from google._upb import _message as upb

    AnyMessage: TypeAlias = Descriptor | upb.Descriptor
    AnyField: TypeAlias = FieldDescriptor | upb.FieldDescriptor

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "proto/golden"
SECONDS = 1_795_395_723
NANOS = 456_789_000
TIMESTAMP = "google.protobuf.Timestamp"
SAMPLES: dict[str, Any] = {
    "aggregate_version": 3,
    "actor": "province_staff:01900000-0000-7000-8000-000000000001",
    "level": 3,
    "key_id": "certificate-2026",
    "nonce": bytes(range(12)),
    "ciphertext": bytes(range(48)),
    "name": "王小样",
    "id_type": "RESIDENT_ID",
    "id_no": "370102199003079010",
    "phone": "13000000000",
}
"""Values of fields that would look odd otherwise; the person is the first synthetic one of the test vectors."""

KINDS: dict[str, type[Message]] = {spec.name: Event for spec in EVENTS} | {"PersonalData": PersonalData}
"""What each golden file holds: an envelope with that payload, or the message itself."""

_PAYLOAD_OF = {spec.name: spec.field for spec in EVENTS}


def golden_files(directory: Path, name: str) -> list[Path]:
    """The golden files of an event, oldest first."""
    found = [directory / f"{name}.binpb", *directory.glob(f"{name}.*.binpb")]
    return sorted((path for path in found if path.exists()), key=_number)


def paths(name: str) -> set[str]:
    """Every field that a golden file of an event can fill, as dotted paths from the envelope."""
    return {path for path in _paths(KINDS[name].DESCRIPTOR, "") if _belongs(path, name)}


def filled(message: Message, prefix: str = "") -> set[str]:
    """The dotted paths of the fields that are set in a message."""
    found: set[str] = set()
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        found.add(path)
        if _is_nested(field):
            for part in value if field.is_repeated else [value]:
                found |= filled(part, f"{path}.")
    return found


def rendering(message: Message) -> str:
    """The JSON that stands beside the bytes for people to read."""
    return json.dumps(MessageToDict(message, preserving_proto_field_name=True), ensure_ascii=False, indent=2) + "\n"


def write(directory: Path) -> list[Path]:
    """Adds what is missing. Raises FileExistsError rather than overwrite a file."""
    directory.mkdir(parents=True, exist_ok=True)
    return [added for name in KINDS for added in _complete(directory, name)]


def _complete(directory: Path, name: str) -> Iterator[Path]:
    existing = golden_files(directory, name)
    missing = paths(name) - {path for file in existing for path in filled(KINDS[name].FromString(file.read_bytes()))}
    number = _number(existing[-1]) + 1 if existing else 1
    while missing:
        message = KINDS[name]()
        _fill(message, "", name, missing)
        if isinstance(message, Event):
            message.aggregate_type = SPEC_OF_FIELD[_PAYLOAD_OF[name]].aggregate
        missing -= filled(message)
        yield _add(directory, name if number == 1 else f"{name}.{number}", message)
        number += 1


def _add(directory: Path, stem: str, message: Message) -> Path:
    path = directory / f"{stem}.binpb"
    with path.open("xb") as target:
        target.write(message.SerializeToString(deterministic=True))
    with path.with_suffix(".json").open("x", encoding="utf-8") as target_json:
        target_json.write(rendering(message))
    return path


def _number(path: Path) -> int:
    parts = path.name.split(".")
    return int(parts[1]) if len(parts) == 3 else 1


def _paths(descriptor: "AnyMessage", prefix: str) -> Iterator[str]:
    for field in descriptor.fields:
        yield f"{prefix}{field.name}"
        if field.message_type is not None and _is_nested(field):
            yield from _paths(field.message_type, f"{prefix}{field.name}.")


def _is_nested(field: "AnyField") -> bool:
    return field.message_type is not None and field.message_type.full_name != TIMESTAMP


def _belongs(path: str, name: str) -> bool:
    """False for the payloads of other events."""
    top = path.split(".", maxsplit=1)[0]
    return top not in _PAYLOAD_OF.values() or top == _PAYLOAD_OF.get(name)


def _fill(message: Message, prefix: str, name: str, wanted: set[str]) -> None:
    for field in message.DESCRIPTOR.fields:
        path = f"{prefix}{field.name}"
        if _belongs(path, name) and _is_chosen(field, prefix, wanted):
            _fill_field(message, field, path, name, wanted)


def _is_chosen(field: "AnyField", prefix: str, wanted: set[str]) -> bool:
    """Of a oneof's members, the first with something left to fill, or the first at all."""
    oneof = field.containing_oneof
    if oneof is None or (prefix == "" and oneof.name == "payload"):
        return True
    left = [member for member in oneof.fields if any(_below(f"{prefix}{member.name}", path) for path in wanted)]
    return bool(field.number == (left or oneof.fields)[0].number)


def _below(root: str, path: str) -> bool:
    return path == root or path.startswith(f"{root}.")


def _fill_field(message: Message, field: "AnyField", path: str, name: str, wanted: set[str]) -> None:
    if not _is_nested(field):
        _set_plain(message, field, path)
    elif field.is_repeated:
        _fill(getattr(message, field.name).add(), f"{path}.", name, wanted)
    else:
        _fill(getattr(message, field.name), f"{path}.", name, wanted)


def _set_plain(message: Message, field: "AnyField", path: str) -> None:
    if field.message_type is not None:
        stamp = getattr(message, field.name)
        stamp.seconds, stamp.nanos = SECONDS, NANOS
    elif field.is_repeated:
        getattr(message, field.name).extend([_sample(field, f"{path}{i}") for i in range(2)])
    else:
        setattr(message, field.name, _sample(field, path))


def _sample(field: "AnyField", path: str) -> Any:
    if field.name in SAMPLES and not (field.name == "name" and "." in path):
        return SAMPLES[field.name]
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return _text(field.name, path)
        case FieldDescriptor.TYPE_BOOL:
            return True
        case FieldDescriptor.TYPE_ENUM:
            return field.enum_type.values[-1].number if field.enum_type else 0
        case FieldDescriptor.TYPE_INT32 | FieldDescriptor.TYPE_INT64:
            return 100 + field.number
        case _:
            raise TypeError(f"no sample for {path}: say in golden.py what a field of its type holds")


def _text(name: str, path: str) -> str:
    if name == "id" or name.endswith(("_id", "_ids")):
        return str(_uuid7(path))
    if name.endswith(("_on", "_from", "_to", "_until")):
        return "2026-11-23"
    return f"{name} 样例"


def _uuid7(seed: str) -> UUID:
    """A UUIDv7 of the fixed instant whose random part follows from the seed."""
    milliseconds = SECONDS * 1000 + NANOS // 1_000_000
    bits = int.from_bytes(sha256(seed.encode()).digest()[:10], "big")
    value = milliseconds << 80 | bits
    return UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


if __name__ == "__main__":
    for new in write(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN):
        sys.stdout.write(f"added {new.name}\n")
