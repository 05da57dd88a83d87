"""Sealed personal data opens only where it belongs."""

import json
from pathlib import Path

import pytest

from luban.eventkit.ids import new_id
from luban.eventkit.sealing import KeyRing, KeyRingError, UnsealError, associated_data, open_from_event, seal_for_event
from luban.events.v1.common_pb2 import PersonalData, SealedPersonalData

PERSON = PersonalData(name="测试甲", id_type="RESIDENT_ID", id_no="370102199003079010", phone="13800000000")
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER = "HxwdHhsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="


def ring(tmp_path: Path, **lookup: str) -> KeyRing:
    keys = {"candidate-2026": {"key": KEY}, "candidate-2027": {"key": OTHER}}
    versions = lookup or {"v1": KEY}
    content = {"keys": keys, "lookup": versions, "current_lookup": max(versions)}
    path = tmp_path / "ring.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return KeyRing.load(path)


def test_a_column_opens_for_its_owner_alone(tmp_path: Path) -> None:
    keys, owner = ring(tmp_path), new_id()
    sealed = keys.seal_column(PERSON, "candidate", 2026, owner)
    assert keys.open_column(sealed, owner) == PERSON
    assert "测试甲".encode() not in sealed
    with pytest.raises(UnsealError):
        keys.open_column(sealed, new_id())


def test_an_event_cannot_lend_its_sealed_message_to_another(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    mine, other = (associated_data(new_id(), "EntryAccepted", new_id()) for _ in range(2))
    sealed = seal_for_event(keys, PERSON, "candidate-2026", mine)
    assert open_from_event(keys, sealed, mine) == PERSON
    with pytest.raises(UnsealError):
        open_from_event(keys, sealed, other)


def test_what_a_destroyed_key_sealed_stays_shut(tmp_path: Path) -> None:
    keys, owner = ring(tmp_path), new_id()
    sealed = keys.seal_column(PERSON, "candidate", 2027, owner)
    del keys.sealing["candidate-2027"]
    with pytest.raises(UnsealError, match="candidate-2027"):
        keys.open_column(sealed, owner)


def test_nothing_is_sealed_under_a_year_without_key(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match=r"candidate-2031.*luban keys"):
        ring(tmp_path).seal_column(PERSON, "candidate", 2031, new_id())


def test_a_ring_says_which_keys_a_year_lacks(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    keys.sealing["certificate-2026"] = keys.sealing["candidate-2026"]
    assert keys.missing(2026) == []
    assert keys.missing(2027) == ["certificate-2027"]
    keys.require(2026)
    with pytest.raises(KeyRingError, match="candidate-2030, certificate-2030"):
        keys.require(2030)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read .*No such file"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"keys": {}}', "is damaged"),
        ('{"keys": {"candidate-2026": {"key": "c2hvcnQ="}}, "lookup": {}, "current_lookup": "v1"}', "is damaged"),
        ('{"keys": {}, "lookup": {}, "current_lookup": "v1"}', "lacks its current look-up key"),
    ],
)
def test_a_ring_that_is_missing_or_damaged_says_what_to_do(tmp_path: Path, content: str | None, why: str) -> None:
    path = tmp_path / "ring.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(KeyRingError, match=rf"{why}.*backup"):
        KeyRing.load(path)


def test_a_message_that_cannot_be_opened_names_its_key_and_nothing_else(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    with pytest.raises(UnsealError) as gone:
        keys.open_bytes("candidate-2031", b"0" * 12, b"x", b"")
    assert gone.value.code == "sealing-key-missing, key candidate-2031"
    with pytest.raises(UnsealError) as odd:
        keys.open_bytes(PERSON.id_no, b"0" * 12, b"x", b"")
    assert PERSON.id_no not in str(odd.value)
    nonce, sealed = keys.seal_bytes(b"\xff\xff", "candidate-2026", b"")
    with pytest.raises(UnsealError, match="sealed-message-unreadable, key candidate-2026"):
        open_from_event(keys, SealedPersonalData(key_id="candidate-2026", nonce=nonce, ciphertext=sealed), b"")
    with pytest.raises(UnsealError, match="sealed-message-changed"):
        keys.open_column(b"\xff\xff", new_id())


def test_a_look_up_hash_depends_on_every_part_and_on_the_key(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    assert keys.lookup_hash("RESIDENT_ID", "1") == keys.lookup_hash("RESIDENT_ID", "1")
    assert keys.lookup_hash("RESIDENT_ID", "1") != keys.lookup_hash("RESIDENT_ID1", "")
    assert keys.lookup_hash("a") != ring(tmp_path, v1=OTHER).lookup_hash("a")


def test_after_a_rotation_a_person_is_still_found_by_the_older_hash(tmp_path: Path) -> None:
    before = ring(tmp_path, v1=KEY).lookup_hash("a")
    after = ring(tmp_path, v1=KEY, v2=OTHER)
    assert after.lookup_hash("a") != before
    assert before in after.lookup_hashes("a")
