"""How far the public log was signed is kept outside its database, and a database that has less is not signed."""

import json
import logging
import threading
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from luban.certificate.adapters.proving import Proving, load
from luban.certificate.entrypoints.log_keeper import LogKeeper
from luban.certificate.settings import ProofSettings
from luban.cli.fsck.public_log import check_log
from luban.proofs.log_mark import LogMark
from luban.reference.refusal import Conflict
from tests.integration.certificate.rig import Register, confirmed, level_plan
from tests.proof_keys import prove


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LUBAN_LOG_MARK", str(tmp_path / "log-mark.json"))
    prove(monkeypatch)
    return tmp_path / "log-mark.json"


@pytest.fixture
def proving(mark: Path) -> Proving:
    return load(ProofSettings())


def grown(register: Register, proving: Proving, passes: int) -> LogKeeper:
    keeper = LogKeeper(register.units, proving)
    keeper.grow()
    register.issue(*[confirmed(level_plan()) for _ in range(passes)])
    while keeper.grow():
        pass
    return keeper


def told(mark: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(mark.read_text(encoding="ascii"))
    return found


def sizes(register: Register) -> list[int]:
    return [size for (size,) in register.rows("select size from log_checkpoint order by size")]


def says_more(mark: Path) -> None:
    mark.write_text(json.dumps(told(mark) | {"size": 7}), encoding="ascii")


def says_another(mark: Path) -> None:
    mark.write_text(json.dumps(told(mark) | {"root": b64encode(bytes(32)).decode()}), encoding="ascii")


def sound(register: Register, mark: Path) -> bool:
    (found,) = [each for each in check_log(register.settings.database, mark) if "goes on" in each.name]
    return found.ok


def test_it_follows_the_log(register: Register, proving: Proving, mark: Path) -> None:
    grown(register, proving, 3)
    ((size, root),) = register.rows("select size, root from log_checkpoint order by size desc limit 1")
    kept = LogMark(mark).read()
    assert kept is not None
    assert (kept.origin, kept.size, kept.root) == (proving.origin, size, root)
    assert sound(register, mark)
    grown(register, load(ProofSettings()), 1)
    assert told(mark)["size"] == 4


@pytest.mark.parametrize("spoil", [says_more, says_another])
def test_a_log_of_the_past_is_not_signed_under_its_name(
    register: Register, proving: Proving, mark: Path, spoil: Any
) -> None:
    grown(register, proving, 2)
    spoil(mark)
    before, kept = sizes(register), told(mark)
    register.issue(confirmed(level_plan()))
    with pytest.raises(Conflict, match="log-gone-back"):
        LogKeeper(register.units, proving).grow()
    assert (sizes(register), told(mark)) == (before, kept)
    assert not sound(register, mark)
    renamed = replace(proving, origin="luban.example/log-2")
    assert LogKeeper(register.units, renamed).grow() == 1
    assert told(mark)["origin"] == "luban.example/log-2"
    assert sound(register, mark)


def test_the_worker_says_so_and_goes_on(
    register: Register, proving: Proving, mark: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = grown(register, proving, 1)
    says_more(mark)
    stop, said = threading.Event(), threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.set()

    logger, listener = logging.getLogger("luban.public_log"), Listener(logging.ERROR)
    logger.addHandler(listener)
    thread = threading.Thread(target=keeper.run, args=(stop,))
    thread.start()
    heard = said.wait(20)
    alive = thread.is_alive()
    stop.set()
    thread.join(20)
    logger.removeHandler(listener)
    assert (heard, alive, thread.is_alive()) == (True, True, False)
    assert "signed 7 entries that this database has not" in caplog.text
