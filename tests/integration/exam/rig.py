"""An exam service over a real database: plans and entries fed as events, its clock moved, its timers fired."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from luban.contracts.catalogue import SPEC_OF_PAYLOAD
from luban.eventkit.apply import Report, apply, arrival
from luban.eventkit.ids import new_id
from luban.eventkit.inbox import Origin
from luban.eventkit.sealing import KeyRing, associated_data, seal_for_event
from luban.eventkit.settings import Settings
from luban.eventkit.timers import Timers
from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork, connect
from luban.events.v1 import registration_pb2 as registration
from luban.events.v1.common_pb2 import (
    BODY_CLASS_EMPLOYER,
    TRACK_ENTERPRISE,
    BodyFacts,
    LevelScheme,
    PersonalData,
    PlanFacts,
    Subject,
)
from luban.events.v1.event_pb2 import Event
from luban.exam.bootstrap import SUBSCRIPTIONS, TIMERS
from luban.reference.identity import resident_check_character
from luban.webkit.program import migrate

FIRST_YEAR, LAST_YEAR = 2024, 2032
SUBJECTS = (("THEORY", "理论知识"), ("SKILL", "操作技能"))
SURNAMES = "赵钱孙李周吴郑王冯陈"
GIVEN = "一二三四五六七八九十"


def exam_tables(url: str) -> None:
    """A database brought to the newest version by the service's own migrations, with a clock that may be moved."""
    migrate("exam", settings_for(url, Path("unused")))


def settings_for(url: str, keyring: Path) -> Settings:
    """Settings of a service that talks to no broker."""
    return Settings(
        database=url,
        broker="unused:0",
        keyring=keyring,
        oidc_issuer="urn:test",
        oidc_jwks=str(keyring.with_name("jwks.json")),
        demo=True,
    )


def keyring_file(folder: Path) -> Path:
    """A ring with the keys of the years a test may run in."""
    key = base64.b64encode(bytes(range(32))).decode()
    path = folder / "keyring.json"
    names = [f"{kind}-{year}" for kind in ("candidate", "certificate") for year in range(FIRST_YEAR, LAST_YEAR)]
    ring = {"keys": {name: {"key": key} for name in names}, "lookup": {"v1": key}, "current_lookup": "v1"}
    path.write_text(json.dumps(ring), encoding="utf-8")
    return path


def synthetic_person(number: int) -> PersonalData:
    """The n-th of a row of people who do not exist; numbers up to 999,999."""
    first17 = f"370102{1970 + number // 100_000 % 30}{1 + number // 10_000 % 9:02d}{1 + number // 1000 % 28:02d}"
    first17 += f"{number % 1000:03d}"
    name = SURNAMES[number % 10] + "".join(GIVEN[int(digit)] for digit in str(number // 10))
    return PersonalData(
        name=name,
        id_type="RESIDENT_ID",
        id_no=first17 + resident_check_character(first17),
        phone=f"139{number:08d}",
    )


def plan_facts(plan_id: UUID, body_id: UUID, **changes: Any) -> PlanFacts:
    """An enterprise's plan for 电工 level 3 with theory and skill, examined on 2026-12-07."""
    facts = PlanFacts(
        plan_id=str(plan_id),
        plan_version=1,
        plan_no="26370000010001",
        track=TRACK_ENTERPRISE,
        body=BodyFacts(
            body_id=str(body_id), code="Y000037001234", name="鲁班试验制造有限公司", body_class=BODY_CLASS_EMPLOYER
        ),
        level=LevelScheme(occupation_code="6-31-01-03", occupation_name="电工", level=3, standard_edition="2018"),
        subjects=[Subject(code=code, name=name, pass_tenths=600) for code, name in SUBJECTS],
        exam_from="2026-12-07",
        exam_to="2026-12-08",
        site_code="370001",
        site_name="试验考点",
        division="370102",
    )
    facts.MergeFrom(PlanFacts(**changes))
    return facts


@dataclass
class ExamRig:
    """The service's units of work, and what a test does to it."""

    units: UnitsOfWork
    settings: Settings
    _last: dict[UUID, tuple[int, UUID]] = field(default_factory=dict)

    def event(
        self, payload: Message, aggregate_id: UUID, *, person: PersonalData | None = None, version: int = 0
    ) -> bytes:
        """The bytes of registration's next event of an aggregate (or of a version the test chooses)."""
        spec = SPEC_OF_PAYLOAD[type(payload)]
        before, previous = self._last.get(aggregate_id, (0, None))
        event_id = new_id()
        envelope = Event(
            id=str(event_id),
            occurred_at=Timestamp(seconds=1_790_000_000),
            aggregate_type=spec.aggregate,
            aggregate_id=str(aggregate_id),
            aggregate_version=version or before + 1,
            previous_id=str(previous) if previous else "",
            correlation_id=str(new_id()),
            actor="test",
        )
        body = getattr(envelope, spec.field)
        body.CopyFrom(payload)
        if person is not None:
            ring = self.units.keyring
            sealed = seal_for_event(ring, person, "candidate-2026", associated_data(event_id, spec.name, aggregate_id))
            body.personal.CopyFrom(sealed)
        self._last[aggregate_id] = (envelope.aggregate_version, event_id)
        return envelope.SerializeToString()

    def deliver(self, *values: bytes) -> Report:
        """Applies events as one batch of the consumer."""
        arrivals = [
            arrival(self.units.keyring, Origin("luban.registration.v1", 0, "i", place), None, [], value)
            for place, value in enumerate(values)
        ]
        with self.units.begin(Cause("consumer:exam")) as uow:
            return apply(uow, SUBSCRIPTIONS, arrivals)

    def accepted(self, facts: PlanFacts, number: int, entry_id: UUID | None = None) -> bytes:
        """The acceptance of the n-th synthetic person's entry; the candidate's id is the entry's."""
        entry_id = entry_id or new_id()
        payload = registration.EntryAccepted(entry_id=str(entry_id), candidate_id=str(entry_id), plan=facts)
        return self.event(payload, entry_id, person=synthetic_person(number))

    def closed(self, facts: PlanFacts, entries: int) -> bytes:
        """The closing of a plan with so many accepted entries."""
        payload = registration.PlanClosed(plan=facts, accepted_entries=entries)
        return self.event(payload, UUID(facts.plan_id))

    def plan_with(self, entries: int, **changes: Any) -> PlanFacts:
        """A closed plan of a body of its own with the first so many synthetic people, on the day after the exam."""
        facts = plan_facts(new_id(), new_id(), **changes)
        self.deliver(
            self.event(registration.PlanPublished(plan=facts), UUID(facts.plan_id)),
            *(self.accepted(facts, number) for number in range(entries)),
            self.closed(facts, entries),
        )
        self.clock(datetime.fromisoformat("2026-12-09T02:00:00+00:00"))
        return facts

    def clock(self, at: datetime) -> None:
        """Moves the service's clock to an instant."""
        self.run(
            lambda uow: uow.sql(
                "update eventkit.simulated_clock set allowed = true, ahead = %s - clock_timestamp()", (at,)
            )
        )

    def later(self, step: timedelta) -> None:
        """Moves the service's clock on."""
        self.run(lambda uow: uow.sql("update eventkit.simulated_clock set ahead = ahead + %s", (step,)))

    def fire_timers(self) -> int:
        """Fires what is due until nothing is; how many timers fired."""
        timers, fired = Timers(TIMERS, self.units), 0
        while timers.fire_next():
            fired += 1
        return fired

    def run(self, handler: Callable[[UnitOfWork], Any], actor: str = "test") -> Any:
        """Runs a handler in a transaction of its own."""
        return self.units.run(Cause(actor), handler)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Rows of a query."""
        return list(self.run(lambda uow: uow.sql(query, parameters).fetchall()))

    def one(self, query: str, *parameters: Any) -> Any:
        """The only value of a query."""
        return self.rows(query, parameters)[0][0]

    def entry_ids(self, plan_id: str | UUID) -> list[UUID]:
        """A plan's entries in the order of its list."""
        return [row[0] for row in self.rows("select entry_id from entry where plan_id = %s order by seq", (plan_id,))]

    def events(self, event_type: str) -> list[Event]:
        """What the service recorded of a type, in order."""
        rows = self.rows("select value from eventkit.journal where event_type = %s order by seq", (event_type,))
        return [Event.FromString(value) for (value,) in rows]


def build_rig(database: Callable[..., str], folder: Path, tables: Callable[[str], None] = exam_tables) -> ExamRig:
    """A rig on a fresh database."""
    settings = settings_for(database(tables), keyring_file(folder))
    units = UnitsOfWork(connect(settings.database, 6), KeyRing.load(settings.keyring), settings.profile)
    return ExamRig(units, settings)


__all__ = ["ExamRig", "build_rig", "exam_tables", "plan_facts", "synthetic_person"]
