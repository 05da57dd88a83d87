"""The service's HTTP door in this process, with people of every role at it."""

import asyncio
import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from jwt.algorithms import OKPAlgorithm

from luban.eventkit.ids import new_id
from luban.events.v1.common_pb2 import PlanFacts
from luban.exam.entrypoints.api import create
from luban.webkit.authentication import Role
from luban.webkit.sheets import SheetKind, read_sheet, write_sheet
from tests.integration.exam.rig import ExamRig

Table = list[list[str]]


@dataclass(frozen=True)
class Person:
    """Somebody with a token."""

    subject: UUID
    role: Role
    body_id: UUID | None = None
    division: str | None = None


@dataclass
class Desk:
    """Asks the application, without a network."""

    app: FastAPI
    rig: ExamRig
    issuer: Ed25519PrivateKey

    def ask(self, method: str, path: str, person: Person | None = None, **sent: Any) -> httpx.Response:
        """One request."""
        headers = {**(self.token(person) if person else {}), **sent.pop("headers", {})}
        address = sent.pop("address", "192.0.2.1")

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(address, 40000), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://exam") as client:
                return await client.request(method, f"/v1{path}", headers=headers, **sent)

        return asyncio.run(once())

    def get(self, path: str, person: Person | None = None, **sent: Any) -> httpx.Response:
        """GET."""
        return self.ask("GET", path, person, **sent)

    def post(self, path: str, person: Person | None = None, **sent: Any) -> httpx.Response:
        """POST."""
        return self.ask("POST", path, person, **sent)

    def token(self, person: Person) -> dict[str, str]:
        """The header of a caller."""
        claims: dict[str, Any] = {"iss": "urn:test", "aud": "luban", "sub": str(person.subject)}
        claims |= {"roles": [person.role.value], "exp": int(time.time()) + 600}
        claims |= {"body_id": str(person.body_id)} if person.body_id else {}
        claims |= {"division": person.division} if person.division else {}
        return {"Authorization": f"Bearer {jwt.encode(claims, self.issuer, 'EdDSA', {'kid': 'test'})}"}

    def upload(
        self, plan: PlanFacts, person: Person, content: bytes, name: str = "results.csv", **sent: Any
    ) -> httpx.Response:
        """Posts a file of results."""
        return self.post(f"/plans/{plan.plan_id}/results/file", person, files={"file": (name, content)}, **sent)


def open_desk(rig: ExamRig) -> Desk:
    """The application over the rig's database."""
    issuer = Ed25519PrivateKey.generate()
    public = {**OKPAlgorithm.to_jwk(issuer.public_key(), as_dict=True), "kid": "test", "alg": "EdDSA"}
    rig.settings.keyring.with_name("jwks.json").write_text(json.dumps({"keys": [public]}), encoding="utf-8")
    return Desk(create(rig.settings, rig.units), rig, issuer)


def staff_of(plan: PlanFacts) -> Person:
    """Somebody of the plan's body, another person at each call."""
    return Person(new_id(), Role.BODY_STAFF, UUID(plan.body.body_id))


def province() -> Person:
    """Somebody of the province."""
    return Person(new_id(), Role.PROVINCE_STAFF)


def candidate(entry_id: UUID) -> Person:
    """The candidate of an entry; the rig gives both one id."""
    return Person(entry_id, Role.CANDIDATE)


def filled(desk: Desk, plan: PlanFacts, marks: Mapping[int, Sequence[str]] | None = None) -> Table:
    """The plan's own template, everybody with 70 and 80.5 but for the places (from 1) that `marks` names."""
    response = desk.get(f"/plans/{plan.plan_id}/results/template?format=csv", staff_of(plan))
    assert response.status_code == 200, response.text
    table = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    for place, row in enumerate(table[1:], 1):
        row[4:6] = (marks or {}).get(place, ("70", "80.5"))
    return table


def as_csv(table: Table) -> bytes:
    """The bytes of a csv file."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(table)
    return out.getvalue().encode()


def as_xlsx(table: Table) -> bytes:
    """The bytes of an xlsx file."""
    return write_sheet(SheetKind.XLSX, table)


def read_back(content: bytes) -> Table:
    """The rows of a sheet."""
    return [row.cells for row in read_sheet(content).rows]


def submitted(desk: Desk, plan: PlanFacts, marks: Mapping[int, Sequence[str]] | None = None) -> str:
    """Results posted by somebody of the body; the submission's id."""
    response = desk.upload(plan, staff_of(plan), as_csv(filled(desk, plan, marks)))
    assert response.status_code == 201, response.text
    return str(response.json()["submission_id"])


def publicised(desk: Desk, plan: PlanFacts, marks: Mapping[int, Sequence[str]] | None = None) -> str:
    """Results posted by one person and confirmed by another; when their publicity ends."""
    response = desk.post(f"/submissions/{submitted(desk, plan, marks)}/confirm", staff_of(plan))
    assert response.status_code == 200, response.text
    return str(response.json()["publicity"]["ends_at"])


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and stable code of a problem."""
    return response.status_code, response.json()["type"].removeprefix("/problems/")
