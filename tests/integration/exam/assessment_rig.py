"""The exam service's API in this process, with a token issuer of its own, and the short cuts of an assessment."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from luban.eventkit.ids import new_id
from luban.events.v1 import registration_pb2 as registration
from luban.events.v1.common_pb2 import PlanFacts
from luban.exam.entrypoints.api import create
from luban.webkit.authentication import Role
from tests.integration.exam.rig import ExamRig, plan_facts

ISSUER = "https://issuer.example"
START = datetime(2026, 12, 7, 1, tzinfo=UTC)
"""09:00 in Shanghai on the first exam day."""
CLOSED_ON = datetime(2026, 11, 30, 1, tzinfo=UTC)
AUTHOR, REVIEWER, STAFF, PROVINCE = (UUID(int=number) for number in range(101, 105))
RATERS = [UUID(int=number) for number in range(201, 208)]
BLUEPRINT = [
    {"type": "SINGLE", "count": 4, "points_tenths": 100},
    {"type": "MULTIPLE", "count": 2, "points_tenths": 200},
    {"type": "TRUE_FALSE", "count": 4, "points_tenths": 50},
]


@dataclass
class Assessment:
    """A client of the API and the rig under it. Every call names its caller's role and subject."""

    rig: ExamRig
    client: httpx.AsyncClient
    portal: BlockingPortal
    private: Ed25519PrivateKey

    def call(
        self,
        method: str,
        path: str,
        role: Role | None,
        subject: UUID = UUID(int=999),
        body_id: str | UUID | None = None,
        **arguments: Any,
    ) -> httpx.Response:
        """One request, with a token of one role."""
        headers = arguments.pop("headers", {})
        if role is not None:
            headers = headers | {"Authorization": f"Bearer {self._token(role, subject, body_id)}"}
        return self.portal.call(partial(self.client.request, method, f"/v1{path}", headers=headers, **arguments))

    def _token(self, role: Role, subject: UUID, body_id: str | UUID | None) -> str:
        claims = {
            "iss": ISSUER,
            "aud": "luban",
            "sub": str(subject),
            "exp": datetime.now(UTC) + timedelta(minutes=5),
            "roles": [role.value],
        }
        if body_id is not None:
            claims["body_id"] = str(body_id)
        return jwt.encode(claims, self.private, "EdDSA", {"kid": "k1"})

    def upload(
        self, content: bytes, bank: str = "theory", format_: str = "luban", author: UUID = AUTHOR
    ) -> httpx.Response:
        """An import of a file of items."""
        files = {"file": ("items.json", content, "application/json")}
        path = f"/banks/{bank}/imports?format={format_}"
        return self.call("POST", path, Role.ITEM_AUTHOR, author, files=files)

    def bank(self, items: Sequence[dict[str, Any]], bank: str = "theory") -> int:
        """Items imported and approved; the bank's version."""
        answer = self.upload(json.dumps({"items": items}).encode(), bank)
        assert answer.status_code == 201, answer.text
        approved = self.call("POST", f"/imports/{answer.json()['import_id']}/approve", Role.ITEM_REVIEWER, REVIEWER)
        assert approved.status_code == 200, approved.text
        return int(approved.json()["bank_version"])

    def plan(self, entries: int, *, closed: bool = True, **changes: Any) -> PlanFacts:
        """A plan with the first so many synthetic people, a week before its exam."""
        facts = plan_facts(new_id(), new_id(), **changes)
        self.rig.deliver(
            self.rig.event(registration.PlanPublished(plan=facts), UUID(facts.plan_id)),
            *(self.rig.accepted(facts, number) for number in range(entries)),
            *([self.rig.closed(facts, entries)] if closed else []),
        )
        self.rig.clock(CLOSED_ON)
        return facts

    def draw(self, facts: PlanFacts, **changes: Any) -> httpx.Response:
        """A form for the plan's theory."""
        body = {
            "bank": "theory",
            "plan_id": facts.plan_id,
            "subject_code": "THEORY",
            "seed": 7,
            "minutes": 90,
            "blueprint": BLUEPRINT,
        } | changes
        return self.call("POST", "/forms", Role.PROVINCE_STAFF, PROVINCE, json=body)

    def schedule(self, facts: PlanFacts, form_id: str | None, /, **changes: Any) -> httpx.Response:
        """A sitting of the plan's theory on the first exam day, 09:00 to 10:30 in Shanghai."""
        body = {
            "plan_id": facts.plan_id,
            "subject_code": "THEORY",
            "form_id": form_id,
            "starts_at": START.isoformat(),
            "ends_at": (START + timedelta(minutes=90)).isoformat(),
            "room": "1",
            "seats": 30,
        } | changes
        return self.as_staff("POST", "/sittings", facts, json=body)

    def as_staff(self, method: str, path: str, facts: PlanFacts, **arguments: Any) -> httpx.Response:
        """A call by the staff of the plan's own body."""
        return self.call(method, path, Role.BODY_STAFF, STAFF, facts.body.body_id, **arguments)

    def seat(self, facts: PlanFacts) -> tuple[str, dict[UUID, str]]:
        """A sitting with a form, its seats given: (sitting id, ticket by entry)."""
        self.bank(items())
        sitting = self.schedule(facts, self.draw(facts).json()["form_id"]).json()["sitting_id"]
        assert self.as_staff("POST", f"/sittings/{sitting}/seats", facts).status_code == 200
        seats = self.as_staff("GET", f"/sittings/{sitting}/seats", facts).json()["items"]
        return sitting, {UUID(seat["entry_id"]): seat["ticket_no"] for seat in seats}

    def start(self, candidate: UUID, ticket_no: str) -> httpx.Response:
        """A candidate's paper, started or resumed."""
        return self.call("POST", "/papers", Role.CANDIDATE, candidate, json={"ticket_no": ticket_no})

    def save(self, candidate: UUID, paper_id: str, position: int, response: object) -> httpx.Response:
        """One response, saved."""
        path = f"/papers/{paper_id}/responses/{position}"
        return self.call("PUT", path, Role.CANDIDATE, candidate, json={"response": response})

    def outcomes(self, facts: PlanFacts, subject_code: str = "THEORY") -> dict[UUID, tuple[str, int, str]]:
        """(outcome, tenths, source) by entry."""
        query = (
            "select entry_id, outcome, score_tenths, source from subject_outcome join entry using (entry_id)"
            " where plan_id = %s and subject_code = %s"
        )
        found = self.rig.rows(query, (facts.plan_id, subject_code))
        return {entry_id: (outcome, tenths, source) for entry_id, outcome, tenths, source in found}


def items(singles: int = 8, multiples: int = 4, judgements: int = 8) -> list[dict[str, Any]]:
    """Items whose right answer their options say: 对 is right, 错 is wrong."""
    single = [
        {
            "type": "SINGLE",
            "stem": f"单选{number}",
            "options": [{"key": key, "text": f"{'对' if key == 'B' else '错'}{key}"} for key in "ABCD"],
            "key": ["B"],
            "category": "law" if number % 2 else "safety",
        }
        for number in range(singles)
    ]
    multiple = [
        {
            "type": "MULTIPLE",
            "stem": f"多选{number}",
            "options": [{"key": key, "text": f"{'对' if key in 'AC' else '错'}{key}"} for key in "ABCD"],
            "key": ["A", "C"],
        }
        for number in range(multiples)
    ]
    judgement = [
        {"type": "TRUE_FALSE", "stem": f"判断{number}", "options": [], "key": True} for number in range(judgements)
    ]
    return [*single, *multiple, *judgement]


def right_answer(item: dict[str, Any]) -> str | list[str] | bool:
    """The answer that an item of `items` wants, found by its options' texts as a candidate would."""
    right = [option["key"] for option in item["options"] if option["text"].startswith("对")]
    match item["type"]:
        case "SINGLE":
            return str(right[0])
        case "MULTIPLE":
            return right
        case _:
            return True


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and problem code of a refusal."""
    return answer.status_code, str(answer.json()["type"]).removeprefix("/problems/")


@contextmanager
def running(rig: ExamRig, folder: Path) -> Iterator[Assessment]:
    """The API over a rig's database."""
    private = Ed25519PrivateKey.generate()
    public = json.loads(OKPAlgorithm.to_jwk(private.public_key()))
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [{**public, "kid": "k1"}]}), encoding="utf-8")
    settings = rig.settings.model_copy(update={"oidc_issuer": ISSUER, "oidc_jwks": str(jwks)})
    transport = httpx.ASGITransport(create(settings, rig.units))
    with start_blocking_portal() as portal:
        yield Assessment(rig, httpx.AsyncClient(transport=transport, base_url="http://luban.test"), portal, private)


@pytest.fixture
def assessment(rig: ExamRig, tmp_path: Path) -> Iterator[Assessment]:
    """The API over the test's own database."""
    with running(rig, tmp_path) as ready:
        yield ready
