"""The demo as a newcomer runs it: one command, the whole cycle, every figure what its seed implies."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from luban.cli.demo.figures import expected
from luban.cli.demo.people import make_people
from luban.reference.track import Track

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
CANDIDATES, SEED = 30, 7
SECONDS = 420


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What stands in its JSON file, and what it says."""
    report = tmp_path_factory.mktemp("demo") / "build" / "demo.json"
    command = [sys.executable, "-m", "luban.cli.main", "demo", "--json", str(report)]
    options = ["--candidates", str(CANDIDATES), "--seed", str(SEED)]
    run = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return json.loads(report.read_text(encoding="utf-8")), run.stdout


def test_every_track_has_the_figures_its_people_imply(demo: tuple[dict[str, Any], str]) -> None:
    figures, _ = demo
    due = {track.value: expected(make_people(track, CANDIDATES, SEED)).as_json() for track in Track}
    assert figures["tracks"] == due


def test_every_certificate_was_checked_and_every_wrong_question_missed(demo: tuple[dict[str, Any], str]) -> None:
    figures, _ = demo
    tracks = figures["tracks"].values()
    assert figures["verifications"]["match"] == 2 * sum(track["certificates"] for track in tracks)
    assert figures["verifications"]["withdrawn"] == 2 * sum(track["withdrawn"] for track in tracks) > 0
    assert figures["verifications"]["no_match"] > 0


def test_every_invariant_holds(demo: tuple[dict[str, Any], str]) -> None:
    figures, _ = demo
    assert figures["fsck"]["ok"]
    assert figures["fsck"]["checks"]
    assert all(check["ok"] and check["violations"] == 0 for check in figures["fsck"]["checks"])


def test_what_it_cost_was_measured(demo: tuple[dict[str, Any], str]) -> None:
    figures, _ = demo
    assert figures["seconds"] == pytest.approx(sum(figures["stages"].values()), abs=0.1)
    assert figures["cpu_seconds"] > 1
    assert 100 < figures["peak_rss_mb"] < 1536


def test_a_person_can_read_it(demo: tuple[dict[str, Any], str]) -> None:
    _, said = demo
    for text in ("SPECIAL_ABILITY", "剪纸", "refused by staff", '"found": "MATCH"', "not vocational", "fsck:"):
        assert text in said
    assert "Every figure is what the seed implies." in said
