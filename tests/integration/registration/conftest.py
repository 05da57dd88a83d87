"""The registration service over a real database, spoken to by HTTP."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from luban.eventkit.envelope import Received, parse, received
from luban.eventkit.ids import new_id
from luban.eventkit.settings import Settings
from luban.eventkit.timers import Timers
from luban.eventkit.uow import Cause, UnitsOfWork, open_units
from luban.events.v1.certificate_pb2 import (
    CertificateIssued,
    CertificateReinstated,
    CertificateResumed,
    CertificateSuspended,
    CertificateWithdrawn,
)
from luban.events.v1.common_pb2 import LevelScheme
from luban.events.v1.event_pb2 import Event
from luban.registration.bootstrap import SUBSCRIPTIONS, TIMERS
from luban.registration.entrypoints.api import create
from luban.webkit.program import migrate
from luban.webkit.sheets import SheetKind, write_sheet
from tests.embedded import DatabaseFactory
from tests.integration.registration import people

TODAY = datetime(2026, 11, 23, 2, tzinfo=UTC)
ISSUER = "https://issuer.test"


def settings_for(url: str, folder: Path | None = None) -> Settings:
    """Settings of a demo stack on that database."""
    folder = folder or Path("/nonexistent")
    return Settings(
        database=url,
        broker="127.0.0.1:1",
        keyring=folder / "keyring.json",
        oidc_issuer=ISSUER,
        oidc_jwks=str(folder / "jwks.json"),
        demo=True,
    )


def migrated(url: str) -> None:
    """A database at the newest version."""
    migrate("registration", settings_for(url))


class Client:
    """HTTP straight into the application; any thread may call."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        transport = ASGITransport(app, raise_app_exceptions=False)
        self._client = AsyncClient(transport=transport, base_url="http://registration.test")
        self._portal = portal

    def send(self, method: str, path: str, **more: Any) -> Response:
        """One request and its answer."""

        async def sent() -> Response:
            return await self._client.request(method, path, **more)

        return self._portal.call(sent)

    def get(self, path: str, **more: Any) -> Response:
        """One GET."""
        return self.send("GET", path, **more)

    def post(self, path: str, **more: Any) -> Response:
        """One POST."""
        return self.send("POST", path, **more)

    def put(self, path: str, **more: Any) -> Response:
        """One PUT."""
        return self.send("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> Response:
        """One PATCH."""
        return self.send("PATCH", path, **more)


@dataclass
class Service:
    """The service as its callers see it, with a look into its journal."""

    client: Client
    units: UnitsOfWork
    signing: Ed25519PrivateKey
    bodies: int = field(default=0)
    sites: dict[str, str] = field(default_factory=dict)

    def token(self, role: str, subject: UUID | None = None, **claims: str) -> dict[str, str]:
        """Headers of a caller with that role."""
        payload = {
            "iss": ISSUER,
            "aud": "luban",
            "sub": str(subject or new_id()),
            "roles": [role],
            "exp": datetime.now(UTC) + timedelta(hours=1),
        }
        signed = jwt.encode(payload | claims, self.signing, algorithm="EdDSA", headers={"kid": "test"})
        return {"Authorization": f"Bearer {signed}"}

    def province(self) -> dict[str, str]:
        """Headers of province staff."""
        return self.token("province_staff")

    def staff(self, body_id: str) -> dict[str, str]:
        """Headers of a body's staff."""
        return self.token("body_staff", body_id=body_id)

    def post(self, path: str, headers: dict[str, str], json: Any = None, **more: Any) -> Response:
        """One POST."""
        return self.client.post(path, headers=headers | more.pop("headers", {}), json=json, **more)

    def filed(self, **changes: Any) -> str:
        """A filed body's id; the first one's serial is the site that `people.plan` names."""
        self.bodies += 1
        code = changes.pop("letter", "S") + f"000037{71 + self.bodies:06d}"
        body_id = str(made(self.post("/v1/bodies", self.province(), people.body(code, **changes)))["body_id"])
        self.sites[body_id] = code[-6:]
        return body_id

    def published(self, body_id: str | None = None, **changes: Any) -> dict[str, Any]:
        """A published plan."""
        body_id = body_id or self.filed()
        changes.setdefault("site_code", self.sites[body_id])
        shown: dict[str, Any] = made(self.post("/v1/plans", self.staff(body_id), people.plan(**changes)))
        return shown

    def candidate(self, number: int, **changes: Any) -> dict[str, str]:
        """Headers of somebody who has a profile."""
        headers = self.token("candidate", people.uuid(number))
        answer = self.client.put("/v1/candidates/me", headers=headers, json=people.profile(number, **changes))
        assert answer.status_code == 200, answer.text
        return headers

    def enter(self, candidate: dict[str, str], plan_id: str, **headers: str) -> Response:
        """One attempt to enter a plan."""
        return self.post("/v1/entries", candidate | headers, {"plan_id": plan_id})

    def rows(self, query: str, *parameters: Any) -> list[Any]:
        """Rows of the database."""
        with self.units.read(Cause("test")) as uow:
            return uow.sql(query, parameters or None).fetchall()

    def events(self, *names: str) -> list[Any]:
        """Events of these types in the journal, opened."""
        rows = self.rows("select value from eventkit.journal where event_type = any(%s) order by seq", list(names))
        return [received(parse(bytes(value)), self.units.keyring) for (value,) in rows]

    def event_names(self) -> list[str]:
        """Types of all events so far, in order."""
        return [name for (name,) in self.rows("select event_type from eventkit.journal order by seq")]

    def all_at_once(self, who: dict[str, str], plan_ids: list[str]) -> list[Response]:
        """Somebody's attempts to enter these plans, none of which may end before all of them stand at a lock."""
        with ThreadPoolExecutor(len(plan_ids)) as clients:
            with self.units.begin(Cause("test")) as uow:
                uow.sql("select 1 from plan_intake where plan_id = any(%s) for update", (list(set(plan_ids)),))
                attempts = [clients.submit(self.enter, who, plan_id) for plan_id in plan_ids]
                self._await_waiting(len(plan_ids))
            return [attempt.result() for attempt in attempts]

    def _await_waiting(self, sessions: int) -> None:
        query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ends = time.monotonic() + 60
        pause = threading.Event()
        while self.rows(query)[0][0] < sessions:
            assert time.monotonic() < ends, f"fewer than {sessions} sessions came to a lock"
            pause.wait(0.02)

    def roster(self, body_id: str, plan_id: str, people_and_years: list[tuple[int, int]]) -> Response:
        """Enters these people with their years of work by a roster."""
        rows = [["测试甲", people.resident_id(number), people.PHONE, str(years)] for number, years in people_and_years]
        return self.upload(body_id, plan_id, [["姓名", "证件号码", "手机号码", "工作年限"], *rows])

    def upload(
        self,
        body_id: str,
        plan_id: str,
        rows: list[list[str]],
        kind: SheetKind = SheetKind.CSV,
        *,
        dry_run: bool = False,
    ) -> Response:
        """Sends a roster."""
        return self.upload_bytes(body_id, plan_id, write_sheet(kind, rows), f"a.{kind.value}", dry_run=dry_run)

    def upload_bytes(self, body_id: str, plan_id: str, content: bytes, name: str, *, dry_run: bool = False) -> Response:
        """Sends a file as a roster."""
        path = f"/v1/plans/{plan_id}/roster" + ("?dry_run=true" if dry_run else "")
        return self.client.post(path, headers=self.staff(body_id), files={"file": (name, content)})

    def issue_certificate(self, number: int, *, level: int | None, issued_on: date) -> UUID:
        """Has the service hear that a certificate was issued to a candidate."""
        certificate_id = new_id()
        issued = CertificateIssued(
            certificate_id=str(certificate_id),
            certificate_no=f"S000037000072{issued_on:%y}{level or 9}000001",
            candidate_id=str(people.uuid(number)),
            issued_on=issued_on.isoformat(),
        )
        if level:
            scheme = LevelScheme(occupation_code=people.ELECTRICIAN, occupation_name="电工", level=level)
            issued.level.CopyFrom(scheme)
        self._hear(certificate_id, issued, 1)
        return certificate_id

    def withdraw_certificate(self, certificate_id: UUID, on: date) -> None:
        """Has the service hear that a certificate was withdrawn."""
        gone = CertificateWithdrawn(certificate_id=str(certificate_id), withdrawn_on=on.isoformat())
        self._hear(certificate_id, gone, 2)

    def reinstate_certificate(self, certificate_id: UUID) -> None:
        """Has the service hear that a withdrawal was set aside."""
        again = CertificateReinstated(certificate_id=str(certificate_id), reinstated_on="2026-11-20")
        self._hear(certificate_id, again, 3)

    def suspend_certificate(self, certificate_id: UUID, on: date, version: int = 2) -> None:
        """Has the service hear that a certificate was suspended."""
        stopped = CertificateSuspended(certificate_id=str(certificate_id), suspended_on=on.isoformat())
        self._hear(certificate_id, stopped, version)

    def resume_certificate(self, certificate_id: UUID) -> None:
        """Has the service hear that a suspension ended."""
        again = CertificateResumed(certificate_id=str(certificate_id), resumed_on="2026-11-20")
        self._hear(certificate_id, again, 3)

    def _hear(self, aggregate_id: UUID, payload: Any, version: int) -> None:
        event: Received[Any] = Received(
            Event(), new_id(), aggregate_id, version, payload.DESCRIPTOR.name, payload, self.units.keyring
        )
        with self.units.begin(Cause("test")) as uow:
            SUBSCRIPTIONS.handlers[event.event_type](uow, [event])

    def set_clock(self, moment: datetime) -> None:
        """Moves the simulated clock and fires nothing."""
        set_clock(self.units, moment)

    def advance_to(self, moment: datetime) -> None:
        """Moves the simulated clock and fires what is due."""
        set_clock(self.units, moment)
        timers = Timers(TIMERS, self.units)
        while timers.fire_next():
            pass

    def places(self, plan_id: str) -> tuple[int, int]:
        """Places taken and accepted, and that the entries say the same."""
        ((taken, accepted),) = self.rows("select taken, accepted from plan_intake where plan_id = %s", plan_id)
        ((holding, sure),) = self.rows(
            "select count(*) filter (where state in ('SUBMITTED', 'NEEDS_DECISION', 'ACCEPTED')),"
            " count(*) filter (where state = 'ACCEPTED') from entry where plan_id = %s",
            plan_id,
        )
        assert (taken, accepted) == (holding, sure)
        return taken, accepted


def made(answer: Response, status: int = 201) -> Any:
    """The JSON of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    return answer.json()


def refusal(answer: Response, status: int = 422) -> str:
    """The code of a refusal that must have this status."""
    assert answer.status_code == status, answer.text
    return str(answer.json()["type"]).removeprefix("/problems/")


def set_clock(units: UnitsOfWork, moment: datetime) -> None:
    """Makes it that moment, by the demo's lead."""
    with units.begin(Cause("test")) as uow:
        uow.sql("update eventkit.simulated_clock set ahead = %s - clock_timestamp()", (moment,))


def write_keys(folder: Path) -> Ed25519PrivateKey:
    """A key ring and an issuer's public keys in the folder; the issuer's private key."""
    key = base64.b64encode(bytes(range(32))).decode()
    names = [f"{kind}-{year}" for kind in ("candidate", "certificate") for year in range(2025, 2030)]
    ring = {"keys": {name: {"key": key} for name in names}, "lookup": {"v1": key}, "current_lookup": "v1"}
    (folder / "keyring.json").write_text(json.dumps(ring), encoding="utf-8")
    signing = Ed25519PrivateKey.generate()
    public = base64.urlsafe_b64encode(signing.public_key().public_bytes_raw()).rstrip(b"=").decode()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": public, "kid": "test", "alg": "EdDSA", "use": "sig"}
    (folder / "jwks.json").write_text(json.dumps({"keys": [jwk]}), encoding="utf-8")
    return signing


@pytest.fixture
def service(database: DatabaseFactory, tmp_path: Path) -> Iterator[Service]:
    """A fresh service on the tests' day."""
    signing = write_keys(tmp_path)
    settings = settings_for(database(migrated), tmp_path)
    units = open_units(settings, pool_size=20)
    set_clock(units, TODAY)
    with start_blocking_portal() as portal:
        yield Service(Client(create(settings, units), portal), units, signing)
    units.engine.dispose()
