"""The ledger: whole lines only, one writer, and what was answered told from what is in doubt."""

from pathlib import Path

import pytest

from luban.cli.load.faults import LoadError
from luban.cli.load.ledger import FORMAT, Ledger
from luban.cli.load.reading import HEADER, plan_books, read_book, read_run


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A ledger with an acknowledged command, a refused one and one in doubt."""
    with Ledger.create(tmp_path / "ledger") as ledger:
        ledger.run.fact(HEADER, {"format": FORMAT})
        book = ledger.book("plans/00001")
        first = book.intend("entries", {"who": 1, "name": "王伟"})
        second = book.intend("entries", {"who": 2})
        book.intend("entries", {"who": 3})
        book.answered(second, 409, {"code": "entry-exists"})
        book.answered(first, 201, {"entry_id": "e1"})
        book.fact("seen", {"who": 1})
    return tmp_path / "ledger"


def test_what_was_answered_is_told_from_what_is_in_doubt(written: Path) -> None:
    record = read_book(written / "plans/00001.jsonl")
    first, second, third = record.of("entries")
    assert (first.acknowledged, first.got) == (True, {"entry_id": "e1"})
    assert (second.acknowledged, second.in_doubt, second.status) == (False, False, 409)
    assert (third.acknowledged, third.in_doubt) == (False, True)
    assert [fact["who"] for fact in record.facts_of("seen")] == [1]
    assert plan_books(written) == ["plans/00001"]


def test_an_intent_is_on_disk_before_anything_is_answered(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger") as ledger:
        op = ledger.book("plans/00001").intend("entries", {"who": 1})
        assert f'"op":"{op}"' in (tmp_path / "ledger/plans/00001.jsonl").read_text()


def test_every_operation_has_an_id_of_its_own_over_all_ledgers(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "a") as one, Ledger.create(tmp_path / "b") as other:
        ids = [ledger.next_op() for ledger in (one, other) for _ in range(100)]
    assert len(set(ids)) == 200
    assert all(each.isascii() and len(each) < 128 for each in ids)


@pytest.mark.parametrize("torn", [b'{"op":"x-9","do":"entr', b'{"fact":"seen","who":2}', b"{"])
def test_a_torn_last_line_is_nobodys(written: Path, torn: bytes) -> None:
    path = written / "plans/00001.jsonl"
    with path.open("ab") as file:
        file.write(torn)
    assert len(read_book(path).operations) == 3
    with Ledger.reopen(written) as ledger:
        ledger.book("plans/00001").fact("seen", {"who": 9})
    assert [fact["who"] for fact in read_book(path).facts_of("seen")] == [1, 9]


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b'{"op":"x-1","status":201,"got":{}}\n', b'{"do":"x"}\n'])
def test_a_line_that_is_none_of_ours_is_named(written: Path, line: bytes) -> None:
    path = written / "plans/00001.jsonl"
    path.write_bytes(line + path.read_bytes())
    with pytest.raises(LoadError, match=r"plans/00001\.jsonl, line 1"):
        read_book(path)


def test_a_directory_with_a_ledger_is_not_written_over(written: Path) -> None:
    with pytest.raises(LoadError, match="holds a ledger already"):
        Ledger.create(written)


def test_a_directory_without_one_is_not_compared(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="holds no ledger"):
        Ledger.reopen(tmp_path)
    with pytest.raises(LoadError, match="holds no ledger"):
        read_run(tmp_path)


def test_two_never_write_one_ledger(written: Path) -> None:
    with Ledger.reopen(written), pytest.raises(LoadError, match="another `luban load`"):
        Ledger.reopen(written)


def test_a_ledger_of_another_format_is_refused(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger") as ledger:
        ledger.run.fact(HEADER, {"format": FORMAT + 1})
    with pytest.raises(LoadError, match="no ledger that this version reads"):
        read_run(tmp_path / "ledger")


def test_a_full_disk_ends_the_load(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger") as ledger:
        (tmp_path / "ledger/plans/00001.jsonl").symlink_to("/dev/full")
        with pytest.raises(LoadError, match="nothing is sent unrecorded"):
            ledger.book("plans/00001").intend("entries", {"who": 1})
