"""What people really send: spellings of numbers and names, old numbers, numbers of another authority."""

import httpx
import pytest

from tests.integration.certificate.door import Door
from tests.integration.certificate.rig import NAME, confirmed, level_plan

pytestmark = pytest.mark.anyio

NUMBER = "S000037000072263000001"


async def _found(client: httpx.AsyncClient, number: str, name: str) -> str:
    asked = {"certificate_no": number, "name": name, "purpose": "录用"}
    response = await client.post("/v1/verifications", json=asked)
    assert response.status_code == 200, response.text
    found: str = response.json()["answer"]["found"]
    return found


@pytest.mark.parametrize(
    "number",
    [
        "s000037000072263000001",
        " S000037 000072 263000001 ",
        "Ｓ０００037000072263000001",
        "ｓ000037000072263000001",
        "S0000　37000072263000001",
    ],
    ids=["lower case", "spaces", "full-width", "full-width lower case", "ideographic space"],
)
async def test_spellings_of_a_number_are_one_number(door: Door, client: httpx.AsyncClient, number: str) -> None:
    door.register.issue(confirmed(level_plan()))
    assert await _found(client, number, NAME) == "MATCH"


@pytest.mark.parametrize(
    "number",
    [
        "0S00037000072263000001",
        "S0000370000722630000O1",
        "S00003700007226300000١",
        "1537010000300001",
        "1600000000912345",
        "0001234567890",
        "RSN3701023263000001",
        "AB00003700007226300001",
        "X1234567890123",
    ],
    ids=[
        "letter in the wrong place",
        "letter O for a digit",
        "a digit of another script",
        "qualification",
        "special ability of old",
        "Shanghai of old",
        "pilot",
        "chief rank",
        "1+X of the education authority",
    ],
)
async def test_other_numbers_are_asked_and_not_found(door: Door, client: httpx.AsyncClient, number: str) -> None:
    door.register.issue(confirmed(level_plan()))
    assert await _found(client, number, NAME) == "NO_MATCH"


@pytest.mark.parametrize("dot", list("·•．.・"))
async def test_a_name_matches_in_each_spelling_of_its_dot(door: Door, client: httpx.AsyncClient, dot: str) -> None:
    register = door.register
    register.apply(register.arrive(confirmed(level_plan()), name="买买提·艾力"))
    assert await _found(client, NUMBER, f"买买提{dot}艾力") == "MATCH"
    assert await _found(client, NUMBER, "买买提艾力") == "NO_MATCH"


@pytest.mark.parametrize("name", ["𠮷野一", "\U000323af明", "㐂三"], ids=["extension B", "extension H", "extension A"])
async def test_a_rare_character_matches_itself_only(door: Door, client: httpx.AsyncClient, name: str) -> None:
    register = door.register
    register.apply(register.arrive(confirmed(level_plan()), name=name))
    assert await _found(client, NUMBER, name) == "MATCH"
    assert await _found(client, NUMBER, f"吉{name[1:]}") == "NO_MATCH"
