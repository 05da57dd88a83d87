"""Canonical RDF: no context is fetched, no graph takes for ever, and the bundled contexts say what they must."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from luban.credentials.contexts import BUNDLED, context_document
from luban.credentials.linked_data import canonical_quads
from luban.credentials.problems import Refused
from tests.unit.credentials.material import changed, unsigned

CREDENTIALS = "https://www.w3.org/2018/credentials#"
READ_BY_US = {
    "validFrom",
    "validUntil",
    "credentialStatus",
    "issuer",
    "credentialSubject",
    "holder",
    "verifiableCredential",
}
EXAMPLES = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]


@pytest.mark.parametrize("url", sorted(BUNDLED))
def test_every_bundled_context_is_the_published_one(url: str) -> None:
    assert "@context" in context_document(url)


def test_a_context_that_is_not_bundled_is_refused_and_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        pytest.fail("somebody tried to connect")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    for url in ("https://schema.org/", "https://www.w3.org/2018/credentials/v1", "file:///etc/passwd", "v2"):
        with pytest.raises(Refused, match="context-unknown"):
            canonical_quads({**unsigned(), "@context": [url]})


def terms(value: object) -> Iterator[tuple[str, str]]:
    """(term, IRI) of every definition in a context, scoped ones too."""
    if isinstance(value, dict):
        for name, definition in value.items():
            yield name, str(definition.get("@id") if isinstance(definition, dict) else definition)
            yield from terms(definition)


def test_what_we_read_has_one_name_in_all_bundled_contexts() -> None:
    """Else a signed member could stand under its other name, and not be seen."""
    for url in BUNDLED:
        for name, iri in terms(context_document(url)["@context"]):
            if iri.removeprefix(CREDENTIALS) in READ_BY_US and not name.startswith("@"):
                assert name == iri.removeprefix(CREDENTIALS), (url, name, iri)


def test_the_order_of_members_and_of_sets_does_not_matter() -> None:
    document = unsigned()
    turned = {name: document[name] for name in reversed(document)}
    turned["type"] = document["type"][::-1]
    assert canonical_quads(turned) == canonical_quads(document)
    assert canonical_quads(changed(document, lambda it: it.update(name="x"))) != canonical_quads(document)


def poisoned(width: int) -> dict[str, Any]:
    """Two nodes that nothing tells apart, each with as many children that nothing tells apart."""
    alike: list[Any] = [{"a": [{"b": [{}]} for _ in range(width)]} for _ in range(2)]
    return {"@context": EXAMPLES, "type": "VerifiableCredential", "knows": alike}


@pytest.mark.parametrize("width", [7, 20, 300])
def test_a_graph_made_to_be_slow_is_refused_soon(width: int) -> None:
    begun = time.process_time()
    with pytest.raises(Refused, match="graph-too-complex"):
        canonical_quads(poisoned(width))
    assert time.process_time() - begun < 20, "the limit on work did not hold"


def test_an_array_that_takes_long_is_refused() -> None:
    for elements, refused in ((500, False), (501, True)):
        document = {"@context": EXAMPLES, "type": "VerifiableCredential", "knows": [str(n) for n in range(elements)]}
        if refused:
            with pytest.raises(Refused, match="graph-too-complex"):
                canonical_quads(document)
        else:
            assert canonical_quads(document).count("\n") == 501


def test_a_few_alike_nodes_are_no_poison() -> None:
    assert canonical_quads(poisoned(3)).count("\n") == 1 + 2 + 6 + 6


@pytest.mark.parametrize(
    "edit",
    [
        {"grade": 1},
        {"knows": {"@value": "x", "@language": "not a language"}},
        {"id": "_:b0"},
        {"@graph": []},
        {"cred:validUntil": "x"},
        {"knows": None},
        {"knows": [{"id": "relative"}]},
        {"knows": [{"id": "urn:a b"}]},
        {"name": {"@value": "x", "type": "relative"}},
        {"knows": {"@value": {}}},
        {"type": 7},
        {"id": []},
    ],
)
def test_what_rdf_would_leave_out_or_rename_is_refused(edit: dict[str, Any]) -> None:
    context = EXAMPLES[:1] if edit.keys() & {"grade", "name"} else EXAMPLES
    with pytest.raises(Refused):
        canonical_quads({"@context": context, "type": "VerifiableCredential", **edit})
