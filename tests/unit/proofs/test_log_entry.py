"""Entries of the log, and what opens them: to whom it may, and to nobody else."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.proofs.disclosure import Disclosure, commit_facts, commit_holder, new_salt
from luban.proofs.local_key import KeyFileError
from luban.proofs.log_entry import ENTRY_BYTES, LAYOUT, NO_ENTRY, Change, Entry, instant_of, parse_entry
from luban.proofs.number_tag import TagKey, holds
from luban.reference.refusal import Invalid

AT = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
KEY = TagKey.generate()
NUMBER = "S000037000072264000001"
PASSPHRASE = b"sixteen bytes or more"

ENTRIES = st.builds(
    Entry,
    change=st.sampled_from([Change.CORRECTED, Change.WITHDRAWN, Change.SIGNED_ANEW]),
    version=st.integers(2, 2**32 - 1),
    logged_at=st.integers(0, 2**52).map(instant_of),
    day=st.dates(date(1970, 1, 1), date(2200, 1, 1)),
    previous=st.integers(0, NO_ENTRY - 1),
    tag=st.binary(min_size=32, max_size=32),
    commitment=st.binary(min_size=32, max_size=32),
)


@given(ENTRIES)
def test_an_entry_reads_as_it_was_written(entry: Entry) -> None:
    assert len(bytes(entry)) == ENTRY_BYTES == 90
    assert parse_entry(bytes(entry)) == entry


def test_an_entrys_bytes_stay_what_they_are() -> None:
    first = Entry(Change.ISSUED, 1, AT, date(2026, 5, 6), None, bytes(range(32)), bytes(range(32, 64)))
    assert bytes(first).hex() == (
        "01" + "01" + "00000001" + "00065120d37b0a80" + "00005063" + "f" * 16 + bytes(range(64)).hex()
    )


def packed(**changed: int) -> bytes:
    """The bytes of a sound first entry, with some fields changed."""
    fields = {"form": 1, "change": 1, "version": 1, "logged_at": 1, "day": 1, "previous": NO_ENTRY} | changed
    return LAYOUT.pack(*fields.values(), bytes(32), bytes(32))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        packed()[:-1],
        packed() + b"\x00",
        packed(form=2),
        packed(change=0),
        packed(change=9),
        packed(version=0),
        packed(version=2),
        packed(version=2, previous=1),
        packed(previous=1),
        packed(change=3),
        packed(change=3, version=2),
        packed(logged_at=2**63),
        packed(day=2**31),
    ],
)
def test_what_is_no_entry_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="log-entry"):
        parse_entry(content)
    assert parse_entry(packed()).version == 1
    assert parse_entry(packed(change=5, version=2, previous=0)).previous == 0


def test_equal_numbers_have_equal_tags_and_others_have_others() -> None:
    assert KEY.tag(NUMBER) == KEY.tag(NUMBER)
    tags = {KEY.tag(f"S000037000072264{sequence:06d}") for sequence in range(200)}
    assert len(tags) == 200
    assert TagKey.generate().tag(NUMBER) != KEY.tag(NUMBER)


def test_a_tag_is_proven_for_its_number_alone() -> None:
    proof, tag = KEY.prove(NUMBER), KEY.tag(NUMBER)
    assert holds(KEY.public, NUMBER, tag, proof)
    assert not holds(KEY.public, NUMBER[:-1] + "2", tag, proof)
    assert not holds(KEY.public, NUMBER, KEY.tag(NUMBER[:-1] + "2"), proof)
    assert not holds(TagKey.generate().public, NUMBER, tag, proof)


def test_a_tag_key_survives_its_file() -> None:
    pem = KEY.to_pem(PASSPHRASE)
    assert TagKey.from_pem(pem, PASSPHRASE).tag(NUMBER) == KEY.tag(NUMBER)
    for damaged, passphrase in ((pem, b"another passphrase"), (b"", PASSPHRASE), (pem[:-80], PASSPHRASE)):
        with pytest.raises(KeyFileError):
            TagKey.from_pem(damaged, passphrase)


HOLDER_SALT = new_salt()
FACTS: dict[str, Any] = {
    "certificate_no": NUMBER,
    "level": 4,
    "occupation_name": "劳动关系协调师",
    "issued_on": "2026-05-06",
    "state": "VALID",
    "holder": commit_holder("测试甲", "RESIDENT_ID", "370102199003079010", HOLDER_SALT),
}
SALT = new_salt()
ENTRY = Entry(Change.ISSUED, 1, AT, date(2026, 5, 6), None, KEY.tag(NUMBER), commit_facts(FACTS, SALT))
DISCLOSURE = Disclosure.of(FACTS, SALT, KEY)


def test_a_disclosure_opens_its_entry() -> None:
    again = Disclosure.from_json(DISCLOSURE.to_json())
    assert again == DISCLOSURE
    assert again.check(bytes(ENTRY), KEY.public) == ENTRY


def test_no_other_facts_salt_or_number_open_it() -> None:
    for changed in (
        replace(DISCLOSURE, facts={**FACTS, "level": 3}),
        replace(DISCLOSURE, facts={**FACTS, "more": None}),
        replace(DISCLOSURE, salt=new_salt()),
    ):
        with pytest.raises(Invalid, match="disclosure-commitment"):
            changed.check(bytes(ENTRY), KEY.public)
    with pytest.raises(Invalid, match="disclosure-tag"):
        replace(DISCLOSURE, tag_proof=KEY.prove("another")).check(bytes(ENTRY), KEY.public)
    with pytest.raises(Invalid, match="disclosure-tag"):
        DISCLOSURE.check(bytes(replace(ENTRY, tag=KEY.tag("another"))), KEY.public)


def test_an_entry_shows_nothing_without_its_salt() -> None:
    later = replace(ENTRY, logged_at=AT + timedelta(days=1), commitment=commit_facts(FACTS, new_salt()))
    assert later.commitment != ENTRY.commitment
    assert NUMBER.encode() not in bytes(ENTRY)
    assert commit_facts(FACTS, bytes(32)) != ENTRY.commitment


def test_the_holder_is_opened_apart() -> None:
    assert commit_holder("测试甲", "RESIDENT_ID", "370102199003079010", HOLDER_SALT) == FACTS["holder"]
    assert commit_holder("测试乙", "RESIDENT_ID", "370102199003079010", HOLDER_SALT) != FACTS["holder"]
    assert commit_holder("测试甲", "RESIDENT_ID", "370102199003079010", new_salt()) != FACTS["holder"]


def test_what_cannot_be_committed_is_refused() -> None:
    for facts, salt in (({}, SALT), ({"certificate_no": 5}, SALT), (FACTS, b""), ({**FACTS, "a": "x" * 9000}, SALT)):
        with pytest.raises(Invalid, match="disclosure-malformed"):
            commit_facts(facts, salt)
    with pytest.raises(Invalid, match="disclosure-malformed"):
        commit_holder("测试甲", "RESIDENT_ID", "370102199003079010", b"short")


@pytest.mark.parametrize(
    "changed",
    [{"facts": []}, {"salt": 5}, {"salt": "AAAA"}, {"tag_proof": "AAAA"}, {"more": 1}],
)
def test_what_is_no_disclosure_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="disclosure-malformed"):
        Disclosure.from_json(DISCLOSURE.to_json() | changed)
    raws: list[object] = [None, [], {}]
    for raw in raws:
        with pytest.raises(Invalid, match="disclosure-malformed"):
            Disclosure.from_json(raw)
