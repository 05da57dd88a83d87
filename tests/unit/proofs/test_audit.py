"""An audit notices whatever is wrong with a log, and names the entry."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from luban.proofs.audit import Known, audit
from luban.proofs.audit_report import Report
from luban.proofs.checkpoint import Checkpoint, Policy, sign_checkpoint
from luban.proofs.local_key import LocalSigner
from luban.proofs.log_entry import Change, Entry
from luban.proofs.merkle import EMPTY_ROOT
from luban.proofs.note import NoteKey, SignatureType, cosign_note
from luban.proofs.tiles import TileTree, write_bundle
from tests.unit.proofs.trees import Files, filled

ORIGIN = "log.example.cn/register"
LOG = LocalSigner.generate()
POLICY = Policy(ORIGIN, (NoteKey(ORIGIN, LOG.public_key),))
START = datetime(2026, 5, 6, 2, tzinfo=UTC)
NOW = START + timedelta(days=1)
SIZE = 1000

Log = list[Entry]


def tag(number: int) -> bytes:
    return number.to_bytes(4) * 8


def sound_log() -> Log:
    """A thousand entries, a second apart; of each ten, the last two are of the certificate of the first."""
    log: Log = []
    for index in range(SIZE):
        first, place = index - index % 10, index % 10
        change = {8: Change.CORRECTED, 9: Change.WITHDRAWN}.get(place, Change.ISSUED)
        version, previous = {8: (2, first), 9: (3, index - 1)}.get(place, (1, None))
        owner = first if place >= 8 else index
        at = START + timedelta(seconds=index)
        log.append(Entry(change, version, at, at.date(), previous, tag(owner), bytes([index % 256]) * 32))
    return log


LOG_OF_1000 = sound_log()


def published(entries: Sequence[Entry | bytes]) -> Files:
    """A log's files with a signed checkpoint."""
    files = filled([bytes(entry) for entry in entries])
    files["checkpoint"] = signed(len(entries), TileTree(files, len(entries)).root())
    return files


def signed(size: int, root: bytes) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, root), ORIGIN, LOG)


FILES = published(LOG_OF_1000)


def codes(report: Report) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.index) for finding in report.findings.kept]


def audited(files: Callable[[str], bytes], *known: bytes, policy: Policy = POLICY) -> Report:
    return audit(files, policy, now=NOW, known=[Known(content, START) for content in known])


def found(files: Callable[[str], bytes], *known: bytes) -> list[tuple[str, int | None]]:
    report = audited(files, *known)
    assert not report.sound
    return codes(report)


def changed(index: int, **fields: object) -> Log:
    """The sound log with one entry otherwise."""
    log = list(LOG_OF_1000)
    log[index] = replace(log[index], **fields)  # type: ignore[arg-type]
    return log


def test_a_sound_log_passes_whatever_its_size() -> None:
    for size in (1, 255, 256, 257, 512, 999, 1000):
        report = audited(published(LOG_OF_1000[:size]))
        assert report.sound, report.words("en")
        assert report.checked == size
    assert sum(report.changes.values()) == SIZE
    assert report.changes["WITHDRAWN"] == 100


def test_an_empty_log_passes() -> None:
    report = audited(Files(checkpoint=signed(0, EMPTY_ROOT)))
    assert (report.sound, report.checked) == (True, 0)


def test_a_log_that_goes_on_from_known_checkpoints_passes() -> None:
    known = [published(LOG_OF_1000[:size])["checkpoint"] for size in (1, 256, 300, 512, 1000)]
    report = audited(FILES, *known)
    assert report.sound, report.words("en")


def test_a_changed_entry_is_named() -> None:
    files = Files(FILES)
    entries = [bytes(entry) for entry in LOG_OF_1000[256:512]]
    entries[44] = entries[44][:-1] + b"\xff"
    files["tile/entries/001"] = write_bundle(entries)
    assert found(files) == [("entry-changed", 300), ("root-differs", None), ("tile-wrong", 256)]


def test_a_changed_entry_with_its_hashes_does_not_have_the_signed_root() -> None:
    files = Files(published(changed(300, commitment=bytes(32))))
    files["checkpoint"] = FILES["checkpoint"]
    assert found(files) == [("root-differs", None)]


def test_a_changed_entry_that_is_signed_anew_is_not_what_was_known() -> None:
    files = published([*changed(300, commitment=bytes(32)), *LOG_OF_1000[:0]])
    assert found(files, FILES["checkpoint"]) == [("split-view", None)]
    for known in (301, 512, 999):
        report = found(files, published(LOG_OF_1000[:known])["checkpoint"])
        assert report == [("history-rewritten", None)]
    assert audited(files, published(LOG_OF_1000[:300])["checkpoint"]).sound


def test_a_removed_entry_is_noticed_by_what_was_known_and_by_its_successor() -> None:
    log = LOG_OF_1000[:308] + LOG_OF_1000[309:]  # the correction of certificate 300 is gone, its withdrawal is not
    files = published(log)
    told = found(files, published(LOG_OF_1000[:400])["checkpoint"])
    assert ("version-gap", 308) in told
    assert ("history-rewritten", None) in told


def test_a_removed_file_is_noticed() -> None:
    for path, index in (("tile/entries/001", 256), ("tile/0/002", 512), ("tile/1/000.p/3", None)):
        files = Files(FILES)
        del files[path]
        assert ("file-missing", index) in found(files)
        assert path in " ".join(audited(files).words("en"))
    assert found(Files()) == [("file-missing", None)]


def test_a_back_dated_entry_is_named() -> None:
    late = LOG_OF_1000[299].logged_at - timedelta(microseconds=1)
    assert found(published(changed(300, logged_at=late))) == [("back-dated", 300)]


def test_a_day_long_before_its_entry_is_named() -> None:
    eight = LOG_OF_1000[300].day - timedelta(days=8)
    assert found(published(changed(300, day=eight))) == [("back-dated", 300)]
    assert audited(published(changed(300, day=eight + timedelta(days=1)))).sound
    assert audited(published(changed(300, day=eight, change=Change.IMPORTED))).sound


def test_a_day_or_time_ahead_is_named() -> None:
    tomorrow = LOG_OF_1000[300].day + timedelta(days=1)
    assert found(published(changed(300, day=tomorrow))) == [("dated-ahead", 300)]
    after = NOW + timedelta(hours=1)
    told = found(published(changed(999, logged_at=after, day=after.date())))
    assert told == [("dated-ahead", 999)]


def test_an_entry_dated_before_a_checkpoint_that_lacked_it_is_named() -> None:
    first = published(LOG_OF_1000[:500])["checkpoint"]
    seen = Known(first, START + timedelta(hours=2))
    report = audit(FILES, POLICY, now=NOW, known=[seen])
    assert codes(report)[0] == ("back-dated", 500)
    assert len(codes(report)) == 500
    assert audit(FILES, POLICY, now=NOW, known=[Known(first, START + timedelta(hours=1))]).sound


def test_a_number_issued_twice_is_named_with_both_entries() -> None:
    report = audited(published(changed(777, tag=tag(5))))
    assert codes(report) == [("double-numbered", 777)]
    assert "777" in report.words("zh")[1]
    assert "第5条" in report.words("zh")[1]
    assert "entry 5 " in report.words("en")[1]


@pytest.mark.parametrize(
    ("index", "fields", "code"),
    [
        (309, {"version": 4}, "version-gap"),
        (309, {"version": 2}, "version-gap"),
        (309, {"previous": 307}, "previous-differs"),
        (308, {"change": Change.REINSTATED}, "change-impossible"),
        (309, {"tag": b"\x7f" * 32}, "version-gap"),
    ],
)
def test_a_broken_history_of_a_certificate_is_named(index: int, fields: dict[str, object], code: str) -> None:
    assert found(published(changed(index, **fields)))[0] == (code, index)


def test_nothing_but_a_reinstatement_changes_what_a_withdrawn_certificate_is() -> None:
    log = list(LOG_OF_1000)
    at = log[-1].logged_at
    after = Entry(Change.REISSUED, 4, at, at.date(), 309, tag(300), bytes(32))
    assert found(published([*log, after])) == [("change-impossible", 1000)]
    back = replace(after, change=Change.REINSTATED)
    again = replace(after, version=5, previous=1000)
    assert audited(published([*log, back, again])).sound


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ((Change.SUSPENDED, Change.REINSTATED, Change.SUSPENDED, Change.WITHDRAWN), None),
        ((Change.SUSPENDED, Change.CORRECTED, Change.WITHDRAWN, Change.REINSTATED, Change.REISSUED), None),
        ((Change.SUSPENDED, Change.SUSPENDED), 1),
        ((Change.REINSTATED,), 0),
        ((Change.SUSPENDED, Change.REISSUED), 1),
        ((Change.WITHDRAWN, Change.SUSPENDED), 1),
        ((Change.SUSPENDED, Change.REINSTATED, Change.REINSTATED), 2),
    ],
    ids=lambda value: "-".join(each.name for each in value) if isinstance(value, tuple) else None,
)
def test_a_suspension_follows_on_what_counts_and_ends_once(changes: tuple[Change, ...], wrong: int | None) -> None:
    at = LOG_OF_1000[-1].logged_at
    log = list(LOG_OF_1000)
    for place, change in enumerate(changes):  # of certificate 1, which has but its issue
        previous = len(log) - 1 if place else 1
        log.append(Entry(change, place + 2, at, at.date(), previous, tag(1), bytes(32)))
    report = audited(published(log))
    assert codes(report) == ([] if wrong is None else [("change-impossible", SIZE + wrong)])


def test_a_checkpoint_that_goes_back_is_noticed() -> None:
    files = published(LOG_OF_1000[:900])
    assert found(files, FILES["checkpoint"]) == [("checkpoint-goes-back", None)]


def test_two_views_of_one_size_are_noticed() -> None:
    other = published(changed(999, commitment=bytes(32)))
    assert found(FILES, other["checkpoint"]) == [("split-view", None)]


def test_a_checkpoint_of_another_log_or_key_or_of_10_mb_is_noticed() -> None:
    other = LocalSigner.generate()
    root = TileTree(FILES, SIZE).root()
    stranger = sign_checkpoint(Checkpoint(ORIGIN, SIZE, root), ORIGIN, other)
    elsewhere = sign_checkpoint(Checkpoint("other.example.cn", SIZE, root), "other.example.cn", LOG)
    for content, code in (
        (stranger, "checkpoint-unsigned"),
        (elsewhere, "checkpoint-origin"),
        (FILES["checkpoint"] * 50_000, "note-too-large"),
        (b"", "note-malformed"),
    ):
        assert found(Files(FILES | {"checkpoint": content})) == [(code, None)]
    assert found(FILES, stranger) == [("checkpoint-unsigned", None)]


def test_too_few_witnesses_are_noticed() -> None:
    witness = LocalSigner.generate()
    key = NoteKey("witness.example.cn", witness.public_key, SignatureType.COSIGNATURE_V1)
    policy = Policy(ORIGIN, POLICY.log_keys, (key,), 1)
    assert codes(audited(FILES, policy=policy)) == [("checkpoint-witnesses", None)]
    checkpoint = Checkpoint(ORIGIN, SIZE, TileTree(FILES, SIZE).root())
    line = cosign_note(checkpoint.text, key.name, witness, NOW)
    report = audited(Files(FILES | {"checkpoint": sign_checkpoint(checkpoint, ORIGIN, LOG, line)}), policy=policy)
    assert report.sound
    assert report.to_json()["witnessed"] == {"witness.example.cn": NOW.isoformat()}


@pytest.mark.parametrize("path", ["tile/0/001", "tile/0/003.p/232", "tile/1/000.p/3"])
def test_a_tile_of_another_size_is_noticed(path: str) -> None:
    for content in (FILES[path][:-32], FILES[path] + bytes(32), FILES[path][:-1], b""):
        told = found(Files(FILES | {path: content}))
        assert [code for code, _ in told] == ["tile-size"]


def test_a_wrong_upper_tile_is_noticed() -> None:
    path = "tile/1/000.p/3"
    files = Files(FILES | {path: FILES[path][:32] + bytes(32) + FILES[path][64:]})
    assert found(files) == [("tile-wrong", 256)]


@pytest.mark.parametrize("cut", [1, 91, 92, 23_000, 23_551])
def test_a_truncated_bundle_is_noticed(cut: int) -> None:
    path = "tile/entries/001"
    told = found(Files(FILES | {path: FILES[path][:-cut]}))
    assert told[0] == ("bundle-malformed", 256)
    assert "root-differs" not in [code for code, _ in told]


def test_a_bundle_that_is_too_long_is_noticed() -> None:
    path = "tile/entries/001"
    assert found(Files(FILES | {path: FILES[path] + b"\x00"}))[0] == ("bundle-malformed", 256)


@pytest.mark.parametrize("entry", [b"", b"short", bytes(90), b"\x01\x09" + bytes(88), bytes(200)])
def test_an_entry_that_is_none_is_named(entry: bytes) -> None:
    log: list[Entry | bytes] = list(LOG_OF_1000)
    log[305] = entry
    assert ("log-entry", 305) in found(published(log))


def test_files_may_be_fetched_ahead() -> None:
    asked: list[str] = []

    def read_many(paths: Iterable[str]) -> Iterator[bytes | None]:
        wanted = list(paths)
        asked.extend(wanted)
        return iter([FILES.get(path) for path in wanted])

    report = audit(FILES, POLICY, now=NOW, read_many=read_many)
    assert report.sound
    assert set(asked) == set(FILES) - {"checkpoint"}


def test_a_report_is_bounded_and_counts_the_rest() -> None:
    log = [replace(entry, day=entry.day - timedelta(days=30)) for entry in LOG_OF_1000] * 2
    report = audited(published(log))
    assert len(report.findings.kept) == 1000
    assert report.findings.count > 2000
    told = report.to_json()
    assert (told["sound"], told["findings_count"], len(told["findings"])) == (False, report.findings.count, 1000)
    assert told["checkpoint"].startswith(ORIGIN)


def test_progress_is_told() -> None:
    steps: list[int] = []
    audit(FILES, POLICY, now=NOW, progress=steps.append)
    assert steps == [256, 512, 768, 1000]
