"""The arrows between packages and layers, held by import-linter; and proof that it sees every file and says no."""

import os
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
SERVICES = ("registration", "exam", "certificate")

# (package, folder in it, import, the contract that it breaks)
FORBIDDEN = (
    ("exam", "domain", "import luban.exam.handlers", "Inside a service"),
    ("registration", "handlers", "import luban.registration.entrypoints", "Inside a service"),
    ("certificate", "adapters", "import luban.certificate.handlers", "Inside a service"),
    ("exam", "entrypoints", "import luban.certificate.domain", "Services and the command line"),
    ("cli", "", "import luban.registration.domain", "Services and the command line"),
    ("eventkit", "", "import luban.webkit", "Libraries know nothing"),
    ("webkit", "", "import luban.exam.domain", "Libraries know nothing"),
    ("reference", "", "import luban.events.v1", "The reference rules"),
    ("proofs", "", "import luban.events.v1", "What proves is checked"),
    ("credentials", "", "import httpx", "Credentials are made and checked"),
    ("exam", "handlers", "import fastapi", "know nothing of HTTP"),
    ("registration", "adapters", "from kafka import KafkaConsumer", "know nothing of HTTP"),
)


def lint(extra: Path | None = None) -> subprocess.CompletedProcess[str]:
    """import-linter over the product; packages below `extra` stand in for ours."""
    program = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": str(extra or ""), "COLUMNS": "200"}
    command = [str(program), "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    return subprocess.run(
        command, cwd=extra or ROOT, env=environment, capture_output=True, text=True, check=False, timeout=100
    )


def source_of(package: str) -> Path:
    """The folder of luban.<package>."""
    (folder,) = [*ROOT.glob(f"*/*/src/luban/{package}"), *ROOT.glob(f"*/src/luban/{package}")]
    return folder


def test_every_arrow_is_kept() -> None:
    finished = lint()
    assert finished.returncode == 0, finished.stdout[finished.stdout.find("Contracts") :] + finished.stderr


@pytest.fixture(scope="module")
def report_on_the_guilty(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of our packages in which every forbidden import stands once."""
    root = tmp_path_factory.mktemp("guilty")
    for number, (package, module, guilty, _) in enumerate(FORBIDDEN):
        copy = root / "luban" / package
        if not copy.exists():
            shutil.copytree(source_of(package), copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / module).mkdir(exist_ok=True)
        (copy / module / f"guilty_{number}.py").write_text(f"{guilty}\n", encoding="utf-8")
    finished = lint(root)
    assert finished.returncode != 0
    return finished.stdout


@pytest.mark.parametrize("number", range(len(FORBIDDEN)), ids=lambda number: " ".join(FORBIDDEN[number]))
def test_a_forbidden_import_is_found(report_on_the_guilty: str, number: int) -> None:
    package, module, _, broken = FORBIDDEN[number]
    sections = report_on_the_guilty.partition("Broken contracts")[2].split("\n---")
    importer = f"luban.{package}.{module + '.' if module else ''}guilty_{number} -> "
    told = [heading for heading, section in pairwise(sections) if importer in section]
    assert any(broken in heading for heading in told), report_on_the_guilty


@pytest.mark.parametrize("package", SETTINGS["root_packages"])
def test_the_linter_sees_every_file(package: str) -> None:
    folder = source_of(package.removeprefix("luban."))
    files = {path.relative_to(folder) for path in folder.rglob("*.py")}
    names = {".".join([package, *path.with_suffix("").parts]).removesuffix(".__init__") for path in files}
    unseen = {name for name in names - grimp.build_graph(package, cache_dir=None).modules if ".migrations." not in name}
    assert not unseen, f"a folder without __init__.py inside a package that has one: {sorted(unseen)}"


def test_every_package_of_ours_is_under_the_linter() -> None:
    packages = {f"luban.{path.name}" for path in ROOT.glob("*/*/src/luban/*") if path.is_dir()}
    assert packages | {"luban.cli"} == set(SETTINGS["root_packages"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_under_the_layers(service: str) -> None:
    layered = next(contract for contract in SETTINGS["contracts"] if contract["id"] == "inside")
    assert f"luban.{service}" in layered["containers"]
    assert layered["exhaustive"]
