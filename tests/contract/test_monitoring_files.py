"""Scrape configuration, alarms and dashboard are sound by themselves, and ask only for what our code counts."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from luban.cli.stack import SERVICE_NAMES, STAYING

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
GRAFANA = ROOT / "deploy/grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards/luban.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")


def promtool(*arguments: str) -> str:
    """What it says of our files; fails where it does."""
    assert PROMTOOL
    done = subprocess.run([PROMTOOL, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def panels() -> Iterator[Any]:
    """Those that show something."""
    return (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


@needs_promtool
def test_the_configuration_is_valid() -> None:
    said = promtool("check", "config", "prometheus.yml")
    assert f"{len(RULES)} rules found" in said


@needs_promtool
@pytest.mark.parametrize("file", ["alerts_test.yml", "alerts_december_test.yml"])
def test_every_alarm_rings_when_it_must_and_only_then(file: str) -> None:
    assert "SUCCESS" in promtool("test", "rules", file)


def test_every_alarm_is_shown_to_ring() -> None:
    files = (PROMETHEUS / "alerts_test.yml", PROMETHEUS / "alerts_december_test.yml")
    tests = [test for file in files for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]
    rung = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")}
    assert rung == {rule["alert"] for rule in RULES}


def test_every_process_of_the_containers_is_scraped() -> None:
    targets = json.loads((PROMETHEUS / "compose-targets.json").read_text())
    scraped = {(each["labels"]["service"], each["labels"]["process"], each["targets"][0]) for each in targets}
    assert scraped == {(service, role, f"{service}-{role}:9000") for service in SERVICE_NAMES for role in STAYING}


def test_every_panel_has_a_place_of_its_own_a_question_and_a_unit() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        columns, lines = (range(place[at], place[at] + place[size]) for at, size in (("x", "w"), ("y", "h")))
        cells = {(x, y) for x in columns for y in lines}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["targets"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] == "${datasource}"
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_alarms_that_the_dashboard_names_exist() -> None:
    named = {name for panel in panels() for name in re.findall(r"Luban[A-Z]\w+", panel["description"])}
    assert named
    assert named <= {rule["alert"] for rule in RULES}


def test_grafana_is_told_where_its_dashboard_and_its_data_are() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/luban.yml").read_text())["providers"]
    assert provider["type"] == "file"
