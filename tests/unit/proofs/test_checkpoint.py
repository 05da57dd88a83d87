"""Checkpoints: signed, witnessed, read strictly; and a log's proof around one."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from luban.proofs.checkpoint import Checkpoint, Policy, open_checkpoint, sign_checkpoint
from luban.proofs.local_key import LocalSigner
from luban.proofs.log_proof import LogProof, parse_log_proof
from luban.proofs.merkle import EMPTY_ROOT
from luban.proofs.note import NoteKey, NoteSignature, SignatureType, cosign_note, parse_note
from luban.proofs.signing import Algorithm
from luban.proofs.tiles import TileTree
from luban.reference.refusal import Invalid
from tests.unit.proofs.trees import filled

ORIGIN = "log.example.cn/register"
LOG = LocalSigner.generate()
LOG_KEY = NoteKey(ORIGIN, LOG.public_key)
WITNESSES = [LocalSigner.generate() for _ in range(3)]
WITNESS_KEYS = tuple(
    NoteKey(f"witness.example.cn/{number}", witness.public_key, SignatureType.COSIGNATURE_V1)
    for number, witness in enumerate(WITNESSES)
)
AT = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
CHECKPOINT = Checkpoint(ORIGIN, 5, bytes(range(32)))
POLICY = Policy(ORIGIN, (LOG_KEY,))
SIGNED = sign_checkpoint(CHECKPOINT, ORIGIN, LOG)


def cosignatures(*numbers: int, text: str = CHECKPOINT.text) -> list[NoteSignature]:
    return [cosign_note(text, WITNESS_KEYS[number].name, WITNESSES[number], AT) for number in numbers]


def code_of(content: bytes, policy: Policy = POLICY) -> str:
    with pytest.raises(Invalid) as refused:
        open_checkpoint(content, policy)
    return refused.value.code


def test_a_signed_checkpoint_opens() -> None:
    opened = open_checkpoint(SIGNED, POLICY)
    assert (opened.checkpoint, opened.content, opened.witnessed) == (CHECKPOINT, SIGNED, {})


def test_two_of_three_witnesses_suffice_and_say_when() -> None:
    policy = Policy(ORIGIN, (LOG_KEY,), WITNESS_KEYS, 2)
    content = sign_checkpoint(CHECKPOINT, ORIGIN, LOG, *cosignatures(0, 2))
    assert open_checkpoint(content, policy).witnessed == {WITNESS_KEYS[0].name: AT, WITNESS_KEYS[2].name: AT}
    assert code_of(sign_checkpoint(CHECKPOINT, ORIGIN, LOG, *cosignatures(1)), policy) == "checkpoint-witnesses"


def test_a_witness_of_another_checkpoint_is_noticed() -> None:
    policy = Policy(ORIGIN, (LOG_KEY,), WITNESS_KEYS, 1)
    other = Checkpoint(ORIGIN, 6, bytes(32)).text
    assert code_of(sign_checkpoint(CHECKPOINT, ORIGIN, LOG, *cosignatures(1, text=other)), policy) == "note-signature"


def test_one_witness_does_not_count_twice() -> None:
    policy = Policy(ORIGIN, (LOG_KEY,), WITNESS_KEYS, 2)
    twice = sign_checkpoint(CHECKPOINT, ORIGIN, LOG, *cosignatures(0), *cosignatures(0))
    assert code_of(twice, policy) == "note-signature"


@pytest.mark.parametrize("place", range(4, 76, 9))
def test_a_changed_cosignature_is_noticed(place: int) -> None:
    policy = Policy(ORIGIN, (LOG_KEY,), WITNESS_KEYS, 0)
    (line,) = cosignatures(0)
    raw = bytearray(line.key_id + line.content)
    raw[place] ^= 1
    changed = NoteSignature(line.name, bytes(raw[:4]), bytes(raw[4:]))
    assert code_of(sign_checkpoint(CHECKPOINT, ORIGIN, LOG, changed), policy) == "note-signature"


def test_cosignatures_are_added_once() -> None:
    note = parse_note(SIGNED)
    (line,) = cosignatures(0)
    assert note.with_signatures(line).with_signatures(line) == note.with_signatures(line)
    assert str(note.with_signatures(line)).encode() == sign_checkpoint(CHECKPOINT, ORIGIN, LOG, line)


def test_unknown_signatures_are_ignored_and_do_not_suffice() -> None:
    stranger = LocalSigner.generate()
    assert code_of(sign_checkpoint(CHECKPOINT, ORIGIN, stranger)) == "checkpoint-unsigned"
    assert open_checkpoint(sign_checkpoint(CHECKPOINT, ORIGIN, LOG, *cosignatures(0)), POLICY).witnessed == {}


def test_a_rotated_log_is_believed_by_its_old_and_new_key() -> None:
    new = LocalSigner.generate()
    policy = Policy(ORIGIN, (LOG_KEY, NoteKey(ORIGIN, new.public_key)))
    for signer in (LOG, new):
        assert open_checkpoint(sign_checkpoint(CHECKPOINT, ORIGIN, signer), policy).checkpoint == CHECKPOINT


def test_another_logs_checkpoint_is_refused() -> None:
    assert code_of(SIGNED, Policy("other.example.cn", (LOG_KEY,))) == "checkpoint-origin"


def test_a_checkpoint_of_10_mb_is_refused_unread() -> None:
    assert code_of(SIGNED + b"\xff" * 10_000_000) == "note-too-large"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        SIGNED[:-1],
        SIGNED.replace(b"\n\n", b"\n"),
        SIGNED.replace("— ".encode(), b"- "),
        SIGNED.replace(b"\n", b"\r\n"),
        SIGNED + b"\n",
        SIGNED[:-2] + b"\n",
        SIGNED.replace(b"example", b"exa\x00mple"),
        SIGNED.replace(b"example", b"exa\xffmple"),
        SIGNED + SIGNED.split(b"\n\n")[1] * 64,
    ],
)
def test_what_is_no_note_is_refused(content: bytes) -> None:
    assert code_of(content) == "note-malformed"


ROOT = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n5\n",
        f"{ORIGIN}\n05\n{ROOT}\n",
        f"{ORIGIN}\n-5\n{ROOT}\n",
        f"{ORIGIN}\n5 \n{ROOT}\n",
        f"{ORIGIN}\n٥\n{ROOT}\n",
        f"{ORIGIN}\n{2**63}\n{ROOT}\n",
        f"{ORIGIN}\n{10**40}\n{ROOT}\n",
        f"{ORIGIN}\n5\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n5\n{ROOT[:-2]}B=\n",
        f"{ORIGIN}\n5\n{b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n0\n{ROOT}\n",
        f"\n5\n{ROOT}\n",
        f"{ORIGIN}\n5\n{ROOT}\n\nextension\n",
        f"{ORIGIN}\n5\n{ROOT}\n" + "extension\n" * 17,
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="checkpoint-malformed"):
        Checkpoint.from_text(text)


def test_extension_lines_and_an_empty_log_are_read() -> None:
    for checkpoint in (Checkpoint(ORIGIN, 5, bytes(32), ("one", "two")), Checkpoint(ORIGIN, 0, EMPTY_ROOT)):
        assert Checkpoint.from_text(checkpoint.text) == checkpoint


def test_a_policy_that_cannot_be_kept_is_refused() -> None:
    again = NoteKey("another.name", WITNESS_KEYS[0].public_key, SignatureType.COSIGNATURE_V1)
    for keys, witnesses, needed in (
        ((), (), 0),
        ((LOG_KEY,), WITNESS_KEYS, 4),
        ((LOG_KEY,), WITNESS_KEYS, -1),
        ((LOG_KEY,), (WITNESS_KEYS[0], again), 2),
        ((LOG_KEY,), (LOG_KEY,), 1),
        ((WITNESS_KEYS[0],), (), 0),
    ):
        with pytest.raises(Invalid, match="witness-policy"):
            Policy(ORIGIN, keys, witnesses, needed)


def test_a_key_of_a_note_has_one_spelling() -> None:
    for key in (LOG_KEY, *WITNESS_KEYS):
        assert NoteKey.from_vkey(key.vkey) == key
    vkey = LOG_KEY.vkey
    for damaged in ("", vkey[:-1], vkey.replace(ORIGIN, "other"), vkey + "=", f"+{vkey}", vkey.replace("/", " ")):
        with pytest.raises(Invalid, match="note-key"):
            NoteKey.from_vkey(damaged)


def test_a_note_is_signed_with_ed25519_alone() -> None:
    with pytest.raises(Invalid, match="note-key"):
        sign_checkpoint(CHECKPOINT, ORIGIN, LocalSigner.generate(Algorithm.SM2))


ENTRIES = [f"entry {number}".encode() for number in range(300)]
TREE = TileTree(filled(ENTRIES), 300)
PROOF = LogProof(
    7, tuple(TREE.inclusion(7)), sign_checkpoint(Checkpoint(ORIGIN, 300, TREE.root()), ORIGIN, LOG), b"extra data"
)


@pytest.mark.parametrize("proof", [PROOF, LogProof(7, PROOF.hashes, PROOF.checkpoint)])
def test_a_proof_survives_and_holds_for_its_entry_alone(proof: LogProof) -> None:
    read = parse_log_proof(bytes(proof))
    assert read == proof
    assert read.check(ENTRIES[7], POLICY).checkpoint.size == 300
    with pytest.raises(Invalid, match="inclusion-proof"):
        read.check(ENTRIES[8], POLICY)
    with pytest.raises(Invalid, match="checkpoint-unsigned"):
        read.check(ENTRIES[7], Policy(ORIGIN, (NoteKey(ORIGIN, WITNESSES[0].public_key),)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n",
        bytes(PROOF).replace(b"@v1", b"@v2"),
        bytes(PROOF).replace(b"index 7", b"index 07"),
        bytes(PROOF).replace(b"index 7", b"index -7"),
        bytes(PROOF).replace(b"extra ", b"more "),
        bytes(PROOF).replace(b"\n\n", b"\nAAAA\n\n", 1),
        bytes(PROOF).replace(b"=\n\n", b"\n\n", 1),
        bytes(PROOF).replace(b"index 7\n", b"index 7\n" + (b64encode(bytes(32)) + b"\n") * 64),
        bytes(PROOF) + b" " * 200_000,
    ],
)
def test_what_is_no_proof_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="log-proof-malformed"):
        parse_log_proof(content)
