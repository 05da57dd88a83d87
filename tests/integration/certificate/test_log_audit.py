"""`luban log audit` against a log behind a web server, sound and tampered with by whoever holds its keys."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from luban.certificate.adapters.proving import Proving, load
from luban.certificate.entrypoints.log_keeper import LogKeeper
from luban.certificate.handlers.show_log import log_keys
from luban.certificate.handlers.suspend import Resumption, Suspension, resume, suspend
from luban.certificate.settings import ProofSettings
from luban.cli.main import app
from luban.eventkit.uow import Cause
from luban.proofs.checkpoint import Checkpoint, sign_checkpoint
from luban.proofs.local_key import LocalSigner
from luban.proofs.log_entry import Change, Entry, parse_entry
from luban.proofs.merkle import EMPTY_ROOT, leaf_hash
from luban.proofs.note import NoteKey, parse_note
from luban.proofs.tiles import ENTRIES, WIDTH, grow, read_bundle, tile_of, tiles_of, write_bundle
from tests.integration.certificate.door import Door
from tests.integration.certificate.rig import Register, confirmed, level_plan
from tests.integration.certificate.test_public_log import grow as grow_log
from tests.integration.certificate.test_public_log import withdraw
from tests.proof_keys import prove

pytestmark = pytest.mark.anyio
COUNT = 300
SIZE = COUNT + 3


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it serves."""

    def log_message(self, *_: Any) -> None:
        pass


@dataclass
class Mirror:
    """A copy of a log's files, served by a plain web server, with the power to sign for the log."""

    folder: Path
    proving: Proving
    url: str

    def put(self, path: str, content: bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def entries(self) -> list[Entry]:
        size = int((self.folder / "checkpoint").read_text(encoding="utf-8").split("\n")[1])
        tiles = [tile_of(ENTRIES, at, size) for at in range(-(-size // WIDTH))]
        return [
            parse_entry(each) for tile in tiles for each in read_bundle(tile, (self.folder / tile.path).read_bytes())
        ]

    def rewrite(self, entries: list[Entry]) -> None:
        """The whole log anew, its checkpoint signed by its own key: what only its keeper could do."""
        shutil.rmtree(self.folder / "tile")
        encoded = [bytes(entry) for entry in entries]
        growth = grow(lambda path: b"", 0, encoded, [leaf_hash(entry) for entry in encoded])
        for path, content in growth.files.items():
            self.put(path, content)
        checkpoint = Checkpoint(self.proving.origin, growth.size, growth.root)
        self.put("checkpoint", sign_checkpoint(checkpoint, self.proving.origin, self.proving.log.signer))

    def audit(self, *options: str) -> tuple[int, set[str]]:
        """Exit code and codes of what was found."""
        result = CliRunner().invoke(app, ["log", "audit", self.url, "--json", *options])
        return result.exit_code, {each["code"] for each in json.loads(result.stdout)["findings"]}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a web server on a folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def suspend_and_resume(register: Register, number: str) -> None:
    ((certificate_id,),) = register.rows("select certificate_id from certificate where certificate_no = %s", (number,))
    suspension = Suspension(certificate_id, "report", "有人举报", "核〔2026〕1号")
    register.units.run(Cause("province"), lambda uow: suspend(uow, suspension))
    register.units.run(Cause("province"), lambda uow: resume(uow, Resumption(certificate_id, "不实", "核〔2026〕2号")))


@pytest.fixture
async def mirror(register: Register, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every file that the running service serves, a suspension and a withdrawal among its entries."""
    prove(monkeypatch)
    proving = load(ProofSettings())
    keeper = LogKeeper(register.units, proving)
    keeper.grow()
    # published on the day they are logged: the log's day must not lie before the certificate's
    today = register.rows("select (eventkit.now() at time zone 'Asia/Shanghai')::date::text")[0][0]
    plan = level_plan()
    numbers = register.issue(*[confirmed(plan, on=today) for _ in range(COUNT)])
    grow_log(keeper)
    suspend_and_resume(register, numbers[8])
    withdraw(register, numbers[7])
    grow_log(keeper)
    folder = tmp_path / "mirror"
    async with door.client() as client:
        paths = ["checkpoint", "keys", *(tile.path for tile in tiles_of(SIZE))]
        paths += [tile_of(ENTRIES, at, SIZE).path for at in range(-(-SIZE // WIDTH))]
        found = {path: await client.get(f"/log/{path}") for path in paths}
    assert {answer.status_code for answer in found.values()} == {200}
    with served(folder) as url:
        made = Mirror(folder, proving, url)
        for path, answer in found.items():
            made.put(path, answer.content)
        yield made


async def test_a_sound_log_is_found_sound_and_goes_on(mirror: Mirror, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    assert mirror.audit("--keep", str(kept)) == (0, set())
    assert mirror.audit("--keep", str(kept)) == (0, set())
    assert len(json.loads(kept.read_text(encoding="utf-8"))["checkpoints"]) == 1
    words = CliRunner().invoke(app, ["log", "audit", mirror.url, "--language", "en"])
    assert words.stdout.strip() == f"{mirror.proving.origin}: nothing is wrong with its {SIZE} entries"


async def test_an_audit_that_kept_something_takes_the_key_of_a_rotated_log(mirror: Mirror, tmp_path: Path) -> None:
    kept, new, origin = str(tmp_path / "kept.json"), LocalSigner.generate(), mirror.proving.origin
    assert mirror.audit("--keep", kept) == (0, set())
    checkpoint = Checkpoint.from_text(parse_note((mirror.folder / "checkpoint").read_bytes()).text)
    mirror.put("checkpoint", sign_checkpoint(checkpoint, origin, new))
    assert mirror.audit("--keep", kept) == (1, {"checkpoint-unsigned"})
    assert mirror.audit("--keep", kept, "--key", NoteKey(origin, new.public_key).vkey) == (0, set())
    assert mirror.audit("--keep", kept) == (0, set())


def change_the_file_only(mirror: Mirror) -> None:
    tile = tile_of(ENTRIES, 0, SIZE)
    entries = read_bundle(tile, (mirror.folder / tile.path).read_bytes())
    entries[5] = bytes(replace(parse_entry(entries[5]), commitment=bytes(32)))
    mirror.put(tile.path, write_bundle(entries))


def change_and_sign_anew(mirror: Mirror) -> None:
    entries = mirror.entries()
    entries[5] = replace(entries[5], commitment=bytes(32))
    mirror.rewrite(entries)


def remove(mirror: Mirror) -> None:
    entries = mirror.entries()
    del entries[7]  # whose withdrawal still names it
    mirror.rewrite(entries)


def cut(mirror: Mirror) -> None:
    mirror.rewrite(mirror.entries()[:-1])


def back_date(mirror: Mirror) -> None:
    entries = mirror.entries()
    entries[-1] = replace(entries[-1], logged_at=entries[0].logged_at - timedelta(microseconds=1))
    mirror.rewrite(entries)


def back_date_the_day(mirror: Mirror) -> None:
    entries = mirror.entries()
    entries[-1] = replace(entries[-1], day=entries[-1].day - timedelta(days=30))
    mirror.rewrite(entries)


def number_twice(mirror: Mirror) -> None:
    entries = mirror.entries()
    entries[200] = replace(entries[200], tag=entries[100].tag)
    mirror.rewrite(entries)


def withdraw_twice(mirror: Mirror) -> None:
    entries = mirror.entries()
    last = entries[-1]
    mirror.rewrite([*entries, replace(last, version=3, previous=len(entries) - 1, change=Change.WITHDRAWN)])


def resume_without_a_suspension(mirror: Mirror) -> None:
    entries = mirror.entries()
    suspended = next(at for at, each in enumerate(entries) if each.change is Change.SUSPENDED)
    entries[suspended] = replace(entries[suspended], change=Change.CORRECTED)
    mirror.rewrite(entries)


def suspend_what_is_withdrawn(mirror: Mirror) -> None:
    entries = mirror.entries()
    last = entries[-1]
    mirror.rewrite([*entries, replace(last, version=3, previous=len(entries) - 1, change=Change.SUSPENDED)])


@pytest.mark.parametrize(
    ("tamper", "alone", "by_who_kept"),
    [
        (change_the_file_only, {"entry-changed", "root-differs", "tile-wrong"}, {"entry-changed", "root-differs"}),
        (change_and_sign_anew, set(), {"split-view"}),
        (remove, {"version-gap", "previous-differs"}, {"checkpoint-goes-back", "version-gap"}),
        (cut, set(), {"checkpoint-goes-back"}),
        (back_date, {"back-dated"}, {"back-dated", "split-view"}),
        (back_date_the_day, {"back-dated"}, {"back-dated", "split-view"}),
        (number_twice, {"double-numbered"}, {"double-numbered", "split-view"}),
        (withdraw_twice, {"change-impossible"}, {"change-impossible"}),
        (resume_without_a_suspension, {"change-impossible"}, {"change-impossible", "split-view"}),
        (suspend_what_is_withdrawn, {"change-impossible"}, {"change-impossible"}),
    ],
)
async def test_whatever_is_tampered_with_is_noticed(
    mirror: Mirror, tmp_path: Path, tamper: Callable[[Mirror], None], alone: set[str], by_who_kept: set[str]
) -> None:
    kept = tmp_path / "kept.json"
    assert mirror.audit("--keep", str(kept)) == (0, set())
    tamper(mirror)
    assert mirror.audit() == (1 if alone else 0, alone)
    code, found = mirror.audit("--keep", str(kept))
    assert code == 1
    assert found >= by_who_kept, found


async def test_another_log_under_the_same_address_is_not_believed(mirror: Mirror, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    mirror.audit("--keep", str(kept))
    other = LocalSigner.generate()
    checkpoint = Checkpoint(mirror.proving.origin, 0, EMPTY_ROOT)
    mirror.put("checkpoint", sign_checkpoint(checkpoint, mirror.proving.origin, other))
    assert mirror.audit("--keep", str(kept)) == (1, {"checkpoint-unsigned"})


async def test_witnesses_are_asked_for(mirror: Mirror) -> None:
    result = CliRunner().invoke(app, ["log", "audit", mirror.url, "--witnesses", "1"])
    assert result.exit_code == 1  # the log names none
    assert "policy" in result.stderr or "策略" in result.stderr
    assert log_keys(mirror.proving)["witnesses"] == []


async def test_a_missing_file_and_a_server_that_is_none(mirror: Mirror) -> None:
    (mirror.folder / tile_of(0, 0, SIZE).path).unlink()
    assert mirror.audit() == (1, {"file-missing"})
    refused = CliRunner().invoke(app, ["log", "audit", "http://127.0.0.1:9/log"])
    assert refused.exit_code == 1
    assert "cannot be read" in refused.stderr
