"""Notes and checkpoints that others signed: Go's checksum database, and the example of Go's note package."""

import pytest

from luban.proofs.checkpoint import Policy, open_checkpoint
from luban.proofs.note import NoteKey, parse_note
from luban.reference.refusal import Invalid

# The public key of sum.golang.org, and a checkpoint of it that the address witness's README in
# google/trillian-examples prints (Apache-2.0)
SUM_GOLANG_ORG = NoteKey.from_vkey("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
CHECKPOINT = """\
go.sum database tree
15067302
gJyioq6dwR9n+NjEWORfYmH+ubeYm3kH42BBQ0bTpYI=

— sum.golang.org Az3grp1rvWOs5NKlr/xR4GLN/CDyzzakmt1o61uSxYKpK1SerqOP2ClbX/peKUZjYnyomH5Xz7GZG3TpB7OeKn4E2ww=
— test.example.com qTGhC/xIPQ0AXKHK6Y+9ypRfuvMZWPjRXM8NiOg5M1WREn07VQXyuIXM3NRNav3ieVFLUqDRK77PWDmL6w8w84UqeAw=
"""

# golang.org/x/mod/sumdb/note, package documentation (BSD-3-Clause)
NEUMANN = NoteKey.from_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
NEUMANNS_NOTE = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""

# C2SP signed-note, and C2SP tlog-cosignature: their keys are not published
QUASIMODOS_NOTE = """\
Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""  # noqa: E501


def test_a_checkpoint_of_the_go_checksum_database_opens() -> None:
    policy = Policy("go.sum database tree", (SUM_GOLANG_ORG,))
    assert open_checkpoint(CHECKPOINT.encode(), policy).checkpoint.size == 15067302
    with pytest.raises(Invalid, match="note-signature"):
        open_checkpoint(CHECKPOINT.replace("15067302", "15067303").encode(), policy)


def test_the_example_of_gos_note_package_opens() -> None:
    assert parse_note(NEUMANNS_NOTE.encode()).is_signed_by(NEUMANN)
    with pytest.raises(Invalid, match="note-signature"):
        parse_note(NEUMANNS_NOTE.replace("answer", "question").encode()).is_signed_by(NEUMANN)


def test_the_example_of_the_specification_reads() -> None:
    note = parse_note(QUASIMODOS_NOTE.encode())
    assert note.text.count("\n") == 4
    assert note.signatures[0].name == "quasimodo.example/salvatore"
    assert str(note) == QUASIMODOS_NOTE


def test_a_public_key_is_written_as_it_was_read() -> None:
    assert SUM_GOLANG_ORG.vkey == "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
