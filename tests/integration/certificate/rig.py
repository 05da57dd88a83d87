"""The register on a real database, fed with events as the exam service sends them."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
from google.protobuf.message import Message
from psycopg import sql

from luban.certificate.bootstrap import subscriptions
from luban.certificate.settings import NumberSettings
from luban.contracts.catalogue import EXAM
from luban.eventkit.apply import Report, apply, arrival
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.envelope import Pending, encode, parse, received
from luban.eventkit.ids import new_id
from luban.eventkit.inbox import Arrival, Origin
from luban.eventkit.settings import Settings
from luban.eventkit.uow import Cause, UnitsOfWork, open_units
from luban.events.v1.common_pb2 import (
    BodyClass,
    BodyFacts,
    LevelScheme,
    PersonalData,
    PlanFacts,
    SpecialAbilityScheme,
    Subject,
    SubjectOutcome,
    SubjectScore,
)
from luban.events.v1.common_pb2 import Track as TrackOnWire
from luban.events.v1.exam_pb2 import ResultConfirmed, ResultCorrected
from luban.reference.track import Track
from luban.webkit.program import migrate
from tests.embedded import DatabaseFactory

YEARS = range(2024, 2031)
NAME, ID_NO = "张小三", "370102199003079010"
CONSUMER = Cause("consumer:certificate")


def keyring_file(folder: Path) -> Path:
    """A ring with the keys of the years that a test may run in."""
    key = base64.b64encode(bytes(range(32))).decode()
    path = folder / "keyring.json"
    names = [f"{kind}-{year}" for kind in ("candidate", "certificate", "access") for year in YEARS]
    ring = {"keys": {name: {"key": key} for name in names}, "lookup": {"v1": key}, "current_lookup": "v1"}
    path.write_text(json.dumps(ring), encoding="utf-8")
    return path


def migrated(url: str) -> None:
    """The service's own migration, as a stack that is no demo."""
    keyring = Path("unused")
    migrate("certificate", Settings(database=url, broker="", keyring=keyring, oidc_issuer="", oidc_jwks=""))


def level_plan(code: str = "S000037000072", *, level: int = 3, name: str = "鲁班职业培训学校") -> PlanFacts:
    """A level plan of a social organisation, or of an employer by its code."""
    employer = code.startswith("Y")
    return PlanFacts(
        plan_id=str(new_id()),
        plan_version=1,
        plan_no="26370000720001",
        track=TrackOnWire.TRACK_ENTERPRISE if employer else TrackOnWire.TRACK_SOCIAL,
        body=BodyFacts(
            body_id=str(new_id()),
            code=code,
            name=name,
            body_class=BodyClass.BODY_CLASS_EMPLOYER if employer else BodyClass.BODY_CLASS_SOCIAL,
        ),
        level=LevelScheme(
            occupation_code="4-07-03-03",
            occupation_name="劳动关系协调师",
            trade="",
            level=level,
            standard_edition="2023",
        ),
        subjects=[
            Subject(code="THEORY", name="理论", pass_tenths=600),
            Subject(code="SKILL", name="技能", pass_tenths=600),
        ],
        site_code=code[7:],
        division="370102",
    )


def ability_plan() -> PlanFacts:
    """A plan of a special-ability test."""
    plan = level_plan()
    plan.track = TrackOnWire.TRACK_SPECIAL_ABILITY
    plan.special_ability.CopyFrom(
        SpecialAbilityScheme(
            project_id=str(new_id()), project_code="ZX-037", project_name="剪纸", specification_version=2
        )
    )
    return plan


def score(code: str, tenths: int) -> SubjectScore:
    """A marked subject."""
    return SubjectScore(subject_code=code, outcome=SubjectOutcome.SUBJECT_OUTCOME_SCORED, score_tenths=tenths)


def confirmed(
    plan: PlanFacts, *, on: str = "2026-11-20", number: int = 1, result_id: UUID | None = None
) -> ResultConfirmed:
    """A confirmed pass of a new candidate."""
    return ResultConfirmed(
        result_id=str(result_id or new_id()),
        confirmation_no=number,
        entry_id=str(new_id()),
        candidate_id=str(new_id()),
        plan=plan,
        scores=[score("THEORY", 605), score("SKILL", 812)],
        confirmed_on=on,
    )


def corrected(result_id: str, *, passed: bool, number: int = 1) -> ResultCorrected:
    """A correction of a confirmed pass."""
    return ResultCorrected(
        result_id=result_id,
        confirmation_no=number,
        candidate_id=str(new_id()),
        passed=passed,
        scores=[score("THEORY", 605 if passed else 300), score("SKILL", 812)],
        reason_code="marking-error",
    )


@dataclass
class Register:
    """The service's database, its consumer, and the exam service's side of each result's history."""

    units: UnitsOfWork
    settings: Settings
    consumer: Subscriptions
    history: dict[UUID, tuple[int, UUID]] = field(default_factory=dict)
    position: int = 0

    def arrive(
        self, payload: Message, *, name: str = NAME, id_no: str = ID_NO, id_type: str = "RESIDENT_ID"
    ) -> Arrival:
        """The next event of a result, as the consumer reads it."""
        aggregate_id = UUID(payload.result_id)  # type: ignore[attr-defined]  # both payloads have it
        version, previous = self.history.get(aggregate_id, (0, None))
        event_id = new_id()
        self.history[aggregate_id] = (version + 1, event_id)
        personal = PersonalData(name=name, id_type=id_type, id_no=id_no, phone="13800000000")
        sealed = personal if isinstance(payload, ResultConfirmed) else None
        pending = Pending(payload, aggregate_id, new_id(), Track.SOCIAL, sealed, "timer", new_id(), None)
        at = self.units.run(CONSUMER, lambda uow: uow.now())
        value = encode(event_id, pending, version + 1, previous, at, self.units.keyring, at.year)
        return self.read(value)

    def read(self, value: bytes) -> Arrival:
        """Bytes at the next position of the topic."""
        self.position += 1
        return arrival(self.units.keyring, Origin(EXAM.name, 0, "test", self.position), None, [], value)

    def apply(self, *arrivals: Arrival) -> Report:
        """Applies a batch as the consumer does, in one transaction."""
        with self.units.begin(CONSUMER) as uow:
            return apply(uow, self.consumer, arrivals)

    def apply_and_fail(self, arrivals: Sequence[Arrival]) -> None:
        """Applies a batch and dies before the commit."""
        with self.units.begin(CONSUMER) as uow:
            apply(uow, self.consumer, arrivals)
            raise ConnectionAbortedError

    def issue(self, *payloads: ResultConfirmed) -> list[str]:
        """Applies these results and gives all numbers of the register, in order."""
        report = self.apply(*[self.arrive(payload) for payload in payloads])
        assert not report.refused
        return self.numbers()

    def numbers(self) -> list[str]:
        """All printed numbers."""
        return [number for (number,) in self.rows("select certificate_no from certificate order by certificate_no")]

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Rows of the register's database."""
        with self.units.read(CONSUMER) as uow:
            return uow.sql(query, parameters).fetchall()

    def events(self, event_type: str) -> list[Any]:
        """Payloads of this type in the outgoing journal, in order."""
        rows = self.rows("select value from eventkit.journal where event_type = %s order by seq", (event_type,))
        return [received(parse(value), self.units.keyring).payload for (value,) in rows]

    def set_clock_ahead(self, days: int) -> None:
        """Moves the database's clock, as a demo does."""
        with self.units.begin(Cause("clock")) as uow:
            uow.sql("update eventkit.simulated_clock set allowed = true, ahead = make_interval(days => %s)", (days,))

    def take_no_writes(self) -> None:
        """As a server in recovery takes none: in sessions that begin from now on, and the others end."""
        with psycopg.connect(self.settings.database, autocommit=True) as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("alter database {} set default_transaction_read_only = on").format(name))
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )

    def close_database(self) -> None:
        """Throws everybody out of the database and lets nobody in."""
        address = urlsplit(self.settings.database)
        name = address.path.removeprefix("/")
        with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as connection:
            connection.execute(sql.SQL("alter database {} allow_connections false").format(sql.Identifier(name)))
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))


def open_register(database: DatabaseFactory, folder: Path) -> Register:
    """A register on a fresh database."""
    settings = Settings(
        database=database(migrated),
        broker="none",
        keyring=keyring_file(folder),
        oidc_issuer="urn:test",
        oidc_jwks=str(folder / "jwks.json"),
    )
    return Register(open_units(settings), settings, subscriptions(NumberSettings()))
