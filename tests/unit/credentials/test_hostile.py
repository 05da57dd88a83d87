"""Whatever is changed in a credential, it is refused with a reason: no library's exception ever leaves."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from luban.credentials.data_model import validity
from luban.credentials.linked_data import canonical_quads
from luban.credentials.problems import Refused
from luban.credentials.sd_jwt_vc import verify_sd_jwt
from luban.credentials.status_list import entries_of
from luban.credentials.vc_api import verify_credential, verify_presentation
from tests.unit.credentials.material import ISSUER, NOW, SPECIAL_ABILITY, issued, presentation, resolver
from tests.unit.credentials.test_sd_jwt import presented
from tests.unit.credentials.test_vc_api import ISSUED

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = st.sampled_from(["id", "type", "@context", "proof", "@value", "@id", "issuer", "validFrom", "credentialStatus"])
VALUES = st.recursive(
    SCALARS | st.sampled_from([ISSUER, "did:key:z6Mk", "https://www.w3.org/ns/credentials/v2", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PRESENTED = presentation(issued(SPECIAL_ABILITY))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member and element."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from places(member, (*path, name))


def replaced(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    edited = copy.deepcopy(document)
    place: Any = edited
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return edited


def is_same(left: object, right: object) -> bool:
    """Whether two documents say the same: numbers as JSON has them, a set of one as its element."""
    return json.dumps(left, sort_keys=True, default=str) == json.dumps(right, sort_keys=True, default=str)


@settings(max_examples=150)
@given(st.sampled_from(["jcs", "rdfc"]), st.data())
def test_a_credential_with_anything_replaced_is_refused_with_a_reason(kind: str, data: st.DataObject) -> None:
    document = ISSUED[kind]
    path = data.draw(st.sampled_from(list(places(document))))
    edited = replaced(document, path, data.draw(VALUES))
    outcome = verify_credential(edited, resolver(), NOW)
    assert outcome.verified != bool(outcome.errors)
    if outcome.verified:
        assert outcome.credential is not None
        original = {name: value for name, value in document.items() if name != "proof"}
        assert kind == "rdfc" or is_same(outcome.credential, original)
        assert validity(outcome.credential) == validity(original)
        assert set(entries_of(outcome.credential)) == set(entries_of(original))
        assert canonical_quads(outcome.credential) == canonical_quads(original)


@settings(max_examples=100)
@given(st.data())
def test_a_presentation_with_anything_replaced_has_an_outcome(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(places(PRESENTED))))
    edited = replaced(PRESENTED, path, data.draw(VALUES))
    outcome = verify_presentation(edited, resolver(), "n-0S6_WzA2Mj", "employer.example", NOW)
    assert outcome.verified != bool(outcome.errors)


@settings(max_examples=100)
@given(VALUES)
def test_anything_at_all_has_an_outcome(document: Any) -> None:
    for value in (document, json.dumps(document, default=str)):
        assert not verify_credential(value, resolver(), NOW).verified


@settings(max_examples=100)
@given(st.data())
def test_an_issuers_document_may_hold_anything(data: st.DataObject) -> None:
    document = resolver()(ISSUER)
    assert isinstance(document, dict)
    path = data.draw(st.sampled_from(list(places(document))))
    edited = replaced(document, path, data.draw(VALUES))
    outcome = verify_credential(ISSUED["jcs"], {ISSUER: edited}.get, NOW)
    assert outcome.verified != bool(outcome.errors)


@settings(max_examples=150)
@given(st.data())
def test_a_broken_sd_jwt_is_refused(data: st.DataObject) -> None:
    text = str(presented())
    position = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("~.Aa0_-{é"))
    broken = text[:position] + letter + text[position + 1 :]
    try:
        verify_sd_jwt(broken, resolver(), NOW)
    except Refused:
        return
    assert broken == text or position >= text.rindex("~")
