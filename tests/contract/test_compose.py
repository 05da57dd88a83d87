"""docker-compose.yml and the Dockerfiles keep what services ask for and deploy/README.md promises; without Docker."""

import re
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from luban.cli.compose import IMAGE_ACCOUNT, prepare, read_environment
from luban.cli.stack import SERVICE_NAMES
from luban.contracts.catalogue import TOPICS
from luban.eventkit.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: Mapping[str, Any] = yaml.safe_load(TEXT)
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
OFFICIAL = {"postgres": "postgres:18", "kafka": "apache/kafka:4.3.1"}
COMMANDS = ("migrate", "api", "worker")
OURS = [f"{name}-{command}" for name in SERVICE_NAMES for command in COMMANDS]
DOCKERFILES = [*(f"services/{name}/Dockerfile" for name in SERVICE_NAMES), "cli/Dockerfile"]
MONITORING = {"LUBAN_METRICS_HOST", "LUBAN_METRICS_PORT"}
TUNING = {
    "LUBAN_READY_LAG", "LUBAN_GROUP_PREFIX", "LUBAN_RELAY_BATCH", "LUBAN_CONSUMER_BATCH", "LUBAN_RELAY_SHARD",
    "LUBAN_RELAY_SHARDS",
}  # fmt: skip
HTTP = {"LUBAN_HTTP_HOST", "LUBAN_HTTP_PORT", "LUBAN_TRUSTED_PROXIES"}
PROVING = {"LUBAN_PROOF_KEYS", "LUBAN_KEY_PASSPHRASE_FILE"}
VARIABLE = re.compile(r"\$\{([A-Z_]+)([^}]*)\}")


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The .env of a stack that is no demo."""
    directory = tmp_path_factory.mktemp("compose")
    prepare(directory, demo=False)
    return read_environment(directory / ".env")


def own_settings(service: str) -> list[type[BaseSettings]]:
    """What a service reads beyond every service's settings."""
    name = f"luban.{service}.settings"
    found = vars(import_module(name)).values() if find_spec(name) else ()
    return [
        each for each in found if isinstance(each, type) and issubclass(each, BaseSettings) and each.__module__ == name
    ]


def names(settings: type[BaseSettings], *, required: bool = False) -> set[str]:
    """The environment variables of a settings class."""
    prefix = settings.model_config["env_prefix"]
    fields = settings.model_fields.items()
    return {(prefix + name).upper() for name, field in fields if field.is_required() or not required}


def filled(value: str, variables: Mapping[str, str]) -> str:
    """A value of the compose file as a container gets it."""
    return VARIABLE.sub(lambda match: variables[match[1]], value)


def test_exactly_the_services_of_the_product_are_started() -> None:
    assert set(SERVICES) == {*OURS, *OFFICIAL, "topics"}
    assert set(COMPOSE) <= {"services", "volumes", "secrets"} | {key for key in COMPOSE if key.startswith("x-")}


def test_every_variable_is_made_by_the_preparation_and_none_has_a_default(variables: Mapping[str, str]) -> None:
    used = [(match[1], match[2]) for match in VARIABLE.finditer(TEXT)]
    assert {name for name, _ in used} | {"COMPOSE_PROJECT_NAME"} == set(variables)
    assert not [name for name, rest in used if not rest.startswith(":?")]


def test_no_secret_stands_in_the_file() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            secret = re.search(r"PASSWORD|SECRET|KEY$", variable) and not value.startswith("/run/secrets/")
            assert not secret or VARIABLE.fullmatch(value), f"{name} {variable}"
            assert not re.search(r"://[^/:]*:[^$/][^@/]*@", value), f"{name} {variable}"


@pytest.mark.parametrize("service", SERVICE_NAMES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_container_is_told_exactly_what_its_program_reads(service: str, command: str) -> None:
    own = {name for each in own_settings(service) for name in names(each, required=True)}
    wanted = names(Settings) - TUNING - HTTP - MONITORING | (own | HTTP if command == "api" else set())
    wanted |= MONITORING if command != "migrate" else set()
    wanted |= PROVING if service == "certificate" and command != "migrate" else set()
    wanted |= {"LUBAN_LOG_MARK"} if (service, command) == ("certificate", "worker") else set()
    assert set(SERVICES[f"{service}-{command}"]["environment"]) == wanted


def test_how_far_the_log_was_signed_is_kept_where_the_worker_may_write() -> None:
    worker = SERVICES["certificate-worker"]
    folder = str(Path(worker["environment"]["LUBAN_LOG_MARK"]).parent)
    assert f"log-mark:{folder}" in worker["volumes"]
    image = (ROOT / "services/certificate/Dockerfile").read_text(encoding="utf-8")
    assert f"mkdir {folder} && chown luban:luban {folder}" in image


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_the_settings_take_what_the_container_is_told(
    service: str, variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SERVICES[f"{service}-api"]["environment"].items():
        monkeypatch.setenv(name, filled(value, variables))
    settings = Settings()
    assert settings.database == (
        f"postgresql://luban_{service}:{variables[f'LUBAN_PASSWORD_{service.upper()}']}@postgres:5432/luban_{service}"
    )
    assert (settings.profile, settings.demo, settings.http_host) == ("production", False, "0.0.0.0")
    for each in own_settings(service):
        each()


@pytest.mark.parametrize("container", OURS)
def test_the_files_that_a_container_is_told_of_are_mounted(container: str, variables: Mapping[str, str]) -> None:
    environment = SERVICES[container]["environment"].values()
    told = {filled(value, variables) for value in environment}
    mounted = {f"/run/secrets/{name}" for name in SERVICES[container]["secrets"]}
    assert {value for value in told if value.startswith("/run/secrets/")} == mounted
    for name in SERVICES[container]["secrets"]:
        assert Path(filled(COMPOSE["secrets"][name]["file"], variables)).is_file()


@pytest.mark.parametrize("container", SERVICES)
def test_every_image_has_a_version(container: str) -> None:
    image, _, tag = SERVICES[container]["image"].rpartition(":")
    assert image
    assert tag not in ("", "latest")
    assert container not in OFFICIAL or OFFICIAL[container] == f"{image}:{tag}"


@pytest.mark.parametrize("container", [*OURS, "topics"])
def test_our_containers_have_no_root_no_capability_and_nothing_to_write_to(container: str) -> None:
    service = SERVICES[container]
    assert service["user"].startswith("${LUBAN_UID:?")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_no_container_runs_as_root() -> None:
    assert SERVICES["postgres"]["user"] == "postgres"
    assert "user" not in SERVICES["kafka"], "its image names its own account"


@pytest.mark.parametrize("container", SERVICES)
def test_everything_that_answers_has_a_health_check_and_everything_that_stays_is_started_anew(container: str) -> None:
    job = container == "topics" or container.endswith("-migrate")
    assert SERVICES[container]["restart"] == ("no" if job else "unless-stopped")
    assert ("healthcheck" in SERVICES[container]) == (not job)


@pytest.mark.parametrize("container", SERVICES)
def test_every_published_port_is_on_the_loopback_address(container: str) -> None:
    for port in SERVICES[container].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{LUBAN_PORT_[A-Z]+:\?\}:[0-9]+", port)


@pytest.mark.parametrize("container", [each for each in OURS if not each.endswith("-migrate")])
def test_what_a_process_tells_its_operators_is_published_to_nobody(container: str) -> None:
    port = SERVICES[container]["environment"]["LUBAN_METRICS_PORT"]
    assert not [each for each in SERVICES[container].get("ports", []) if each.endswith(f":{port}")]
    asked = "8000" if container.endswith("-api") else port
    assert f'HTTPConnection("127.0.0.1", {asked}, ' in SERVICES[container]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("container", OURS)
def test_a_service_starts_after_what_it_needs(container: str) -> None:
    service, _, command = container.partition("-")
    needs = {
        "migrate": {"postgres": "service_healthy"},
        "api": {f"{service}-migrate": "service_completed_successfully"},
        "worker": {
            f"{service}-migrate": "service_completed_successfully",
            "topics": "service_completed_successfully",
        },
    }
    found = {name: each["condition"] for name, each in SERVICES[container]["depends_on"].items()}
    assert found == needs[command]


def test_the_brokers_internal_topics_fit_one_broker_and_no_topic_makes_itself() -> None:
    kafka = SERVICES["kafka"]["environment"]
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert {value for name, value in kafka.items() if name.endswith(("REPLICATION_FACTOR", "MIN_ISR"))} == {"1"}
    assert f"kafka:{kafka['KAFKA_LOG_DIRS']}" in SERVICES["kafka"]["volumes"]
    assert SERVICES["topics"]["command"][-4:] == ["--profile", "production", "--replication", "1"]
    assert {topic.partitions("production") for topic in TOPICS} == {1, 12}


def test_the_init_script_knows_every_service() -> None:
    script = (ROOT / "deploy/postgres/10-services.sh").read_text(encoding="utf-8")
    assert f"for service in {' '.join(SERVICE_NAMES)}; do" in script


@pytest.mark.parametrize("path", DOCKERFILES)
def test_an_image_is_pinned_and_not_roots(path: str) -> None:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")}
    assert bases == {"python:3.12-slim", "requirements"}
    installs = [line for line in lines if "install" in line]
    assert all("--require-hashes" in line or "--no-deps --no-index" in line for line in installs)
    assert "USER luban" in lines[-3:]
    assert f"useradd --system --uid {IMAGE_ACCOUNT[0]} " in "\n".join(lines)
    assert "--mount" not in "\n".join(lines), "the classic builder has no RUN --mount"


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_a_services_image_takes_no_other_services_source(service: str) -> None:
    text = (ROOT / "services" / service / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE)
    assert set(copied) == {
        *("requirements/build.txt", "requirements/service.txt", f"requirements/{service}.txt"),
        *("libs", f"services/{service}"),
    }
    assert f'ENTRYPOINT ["python", "-m", "luban.{service}"]' in text
    build = SERVICES[f"{service}-migrate"]["build"]
    assert build == {"context": ".", "dockerfile": f"services/{service}/Dockerfile"}
    images = {SERVICES[f"{service}-{command}"]["image"].split(":")[0] for command in COMMANDS}
    assert images == {f"luban-{service}"}
