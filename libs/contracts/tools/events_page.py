"""Writes docs/events.md from the descriptors, their comments in proto/ and the catalogue.

`python libs/contracts/tools/events_page.py [OUT]`; the default OUT is docs/events.md, another lets a test find drift.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from luban.contracts.catalogue import EVENT_TOPICS, EVENTS, RESERVED_NAMES, TOPICS, EventSpec, Topic

ROOT = Path(__file__).resolve().parents[3]
DESCRIPTORS = ROOT / "libs/contracts/src/luban/events/v1/descriptors.binpb"
PAGE = ROOT / "docs/events.md"

# Field numbers of descriptor.proto, of which a comment's address is made.
MESSAGES, ENUMS, FIELDS, ONEOFS, VALUES = 4, 5, 2, 8, 2
SEALED = "SealedPersonalData"
PLAIN = "PersonalData"
INTRODUCTION = """\
# Events

What Luban's services say to one another. `make docs` writes this page from `proto/luban/events/v1/*.proto` and the
catalogue in `libs/contracts`; change those, never this page.

A Kafka record's value is the bytes of one [Event](#event): the envelope, and in its `payload` one of the events below.
An aggregate's events are ordered by `aggregate_version`; events of one key share a partition; nothing else is promised.
Types may only be added to, and what a consumer does not know it leaves alone.

**Personal** says where personal data are. *Sealed*: an encrypted [PersonalData](#personaldata) that only a service with
the key ring can read. *No*: the field says nothing that names a person; ids are random and mean nothing outside.

A **reserved** event has its contract and no handler yet, so nobody sends it.
"""


class Comments:
    """The comments of a descriptor set, by the full name of what they explain."""

    def __init__(self, files: Iterable[FileDescriptorProto]) -> None:
        self._texts: dict[str, str] = {}
        for file in files:
            names = dict(_addresses(file))
            for location in file.source_code_info.location:
                if tuple(location.path) in names:
                    self._texts[names[tuple(location.path)]] = " ".join(location.leading_comments.split())

    def __getitem__(self, full_name: str) -> str:
        return self._texts.get(full_name, "")


def _addresses(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    for m, message in enumerate(file.message_type):
        yield (MESSAGES, m), message.name
        yield from (((MESSAGES, m, FIELDS, f), f"{message.name}.{x.name}") for f, x in enumerate(message.field))
        yield from (((MESSAGES, m, ONEOFS, o), f"{message.name}.{x.name}") for o, x in enumerate(message.oneof_decl))
    for e, enum in enumerate(file.enum_type):
        yield (ENUMS, e), enum.name
        yield from (((ENUMS, e, VALUES, v), f"{enum.name}.{x.name}") for v, x in enumerate(enum.value))


class Contracts:
    """Messages and enumerations of luban.events.v1 with their comments."""

    def __init__(self, descriptors: Path = DESCRIPTORS) -> None:
        files = FileDescriptorSet.FromString(descriptors.read_bytes()).file
        self.comments = Comments(files)
        self.messages = {message.name: message for file in files for message in file.message_type}
        self.enums = {enum.name: enum for file in files for enum in file.enum_type}
        self.nested = [message.name for message in self.messages.values() if message.nested_type or message.enum_type]

    def everything(self) -> list[str]:
        """Full names of all messages, fields, oneofs, enumerations and values."""
        messages = [
            [m.name, *(f"{m.name}.{x.name}" for x in m.field), *(f"{m.name}.{x.name}" for x in m.oneof_decl)]
            for m in self.messages.values()
        ]
        enums = [[e.name, *(f"{e.name}.{x.name}" for x in e.value)] for e in self.enums.values()]
        return [name for names in (*messages, *enums) for name in names]


def page(contracts: Contracts) -> str:
    """The whole page."""
    events = {spec.name for spec in EVENTS}
    shared = [m for name, m in contracts.messages.items() if name not in {*events, "Event"}]
    sections = [
        INTRODUCTION,
        _topics(),
        *(_topic(contracts, topic) for topic in EVENT_TOPICS),
        "## Planned\n\nNames kept for events that have no contract yet: " + ", ".join(RESERVED_NAMES) + ".\n",
        "## The envelope\n\n" + _message(contracts, contracts.messages["Event"]),
        "## Shared messages\n\n" + "\n".join(_message(contracts, message) for message in shared),
        "## Enumerations\n\n" + "\n".join(_enum(contracts, enum) for enum in contracts.enums.values()),
    ]
    return "\n".join(sections)


def _topics() -> str:
    rows = [
        (f"`{t.name}`", t.owner, str(t.production_partitions), str(t.embedded_partitions), _config(t)) for t in TOPICS
    ]
    head = ("topic", "written by", "partitions", "partitions, embedded", "settings")
    return "## Topics\n\n" + _table(head, rows)


def _config(topic: Topic) -> str:
    return ", ".join(f"`{name}={value}`" for name, value in topic.config.items())


def _topic(contracts: Contracts, topic: Topic) -> str:
    specs = [spec for spec in EVENTS if spec.topic is topic]
    head = ("event", "sent when", "key", "handled by", "personal")
    rows = [
        (f"[{s.name}](#{s.name.lower()})", s.sent_when, s.key, _handlers(s), "sealed" if s.personal else "no")
        for s in specs
    ]
    events = "\n".join(_event(contracts, spec) for spec in specs)
    return f"## `{topic.name}`\n\nWritten by {topic.owner}.\n\n{_table(head, rows)}\n{events}"


def _handlers(spec: EventSpec) -> str:
    return ", ".join(spec.handled_by) or ("its own recovery" if spec.recovers else "*reserved*")


def _event(contracts: Contracts, spec: EventSpec) -> str:
    facts = [
        f"Sent when {spec.sent_when}; by {spec.topic.owner}, on `{spec.topic.name}`, keyed by {spec.key}.",
        f"Aggregate: {spec.aggregate}. Handled by: {_handlers(spec)}. Envelope field: `{spec.field}`.",
    ]
    if spec.personal:
        facts.append(f"Its personal data are sealed under a key of the retention class `{spec.retention_class}`.")
    return _message(contracts, contracts.messages[spec.name], "\n".join(facts) + "\n\n")


def _message(contracts: Contracts, message: DescriptorProto, facts: str = "") -> str:
    rows = [
        (f"`{x.name}`", str(x.number), _type(contracts, x), _meaning(contracts, message, x), personal(message, x))
        for x in message.field
    ]
    table = _table(("field", "no.", "type", "meaning", "personal"), rows)
    return f"### {message.name}\n\n{contracts.comments[message.name]}\n\n{facts}{table}"


def _meaning(contracts: Contracts, message: DescriptorProto, field: FieldDescriptorProto) -> str:
    comment = contracts.comments[f"{message.name}.{field.name}"]
    if not field.HasField("oneof_index"):
        return comment
    return f"{comment} *(one of `{message.oneof_decl[field.oneof_index].name}`)*"


def personal(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    """'yes' inside PersonalData, which travels only sealed; 'sealed' for sealed messages and their bytes; else 'no'."""
    if field.type_name.endswith(f".{SEALED}") or (message.name, field.name) == (SEALED, "ciphertext"):
        return "sealed"
    return "yes" if message.name == PLAIN else "no"


def _type(contracts: Contracts, field: FieldDescriptorProto) -> str:
    name = field.type_name.rpartition(".")[2]
    if name in contracts.messages or name in contracts.enums:
        name = f"[{name}](#{name.lower()})"
    plain = name or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    return f"list of {plain}" if field.label == FieldDescriptorProto.LABEL_REPEATED else plain


def _enum(contracts: Contracts, enum: EnumDescriptorProto) -> str:
    rows = [(f"`{v.name}`", str(v.number), contracts.comments[f"{enum.name}.{v.name}"]) for v in enum.value]
    return f"### {enum.name}\n\n{contracts.comments[enum.name]}\n\n{_table(('value', 'no.', 'meaning'), rows)}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def write(path: Path) -> None:
    """Writes the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(Contracts()), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)
