"""Which servers the tests run against: chosen once by a run, said in pytest's header, and told to its workers.

`LUBAN_TEST_SERVERS` is `docker` or `embedded`; without it containers are used where a Docker engine answers.
`LUBAN_UP_BROKER` is the broker that this machine runs where it runs one: `embedded` or `apache`. Whoever names it means
it for every test, so that no container takes its place unless `docker` is named too.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePath

import pytest

from luban.cli.apache import java_program, kafka_jars
from luban.cli.processes import ProcessError
from luban.cli.stack import ENGINE_VARIABLE, Engine, StackError, default_engine
from tests import containers

SERVERS_VARIABLE = "LUBAN_TEST_SERVERS"
_CHOSEN = "LUBAN_TEST_SERVERS_CHOSEN"
_SERVERLESS = {"unit", "contract"}
BROKERS = {"embedded": "the embedded broker", "apache": f"Apache Kafka {containers.KAFKA_VERSION} from Maven's jars"}


@dataclass(frozen=True)
class Servers:
    """`containers`: PostgreSQL and Kafka come from Docker. `engine`: the broker that this machine runs otherwise."""

    containers: bool
    engine: Engine
    reason: str

    def __str__(self) -> str:
        ours = BROKERS[self.engine]
        if self.containers:
            images = " and ".join(containers.IMAGES)
            return f"servers: containers of {images} ({self.reason}); whole stacks run {ours}"
        return f"servers: PostgreSQL and {ours} as processes of this machine ({self.reason})"


def servers_of_run(config: pytest.Config) -> Servers | None:
    """Chosen by the first process of a run, told to the others. None where its tests need no server."""
    told = os.environ.get(_CHOSEN)
    if told and hasattr(config, "workerinput"):
        return Servers(**json.loads(told))
    if not _need_servers(config.args):
        return None
    try:
        chosen = choose()
    except (ProcessError, StackError) as error:
        raise pytest.UsageError(str(error)) from error
    os.environ[_CHOSEN] = json.dumps(asdict(chosen))
    return chosen


def choose() -> Servers:
    """Raises StackError or ProcessError where what was asked for cannot be had."""
    wanted = os.environ.get(SERVERS_VARIABLE) or ""
    if wanted not in {"", "docker", "embedded"}:
        raise StackError(f"{SERVERS_VARIABLE} is {wanted!r}; there are docker and embedded")
    engine = default_engine()
    if engine == "apache":
        java_program()
        kafka_jars(print)
    if wanted == "embedded":
        return Servers(False, engine, f"asked for by {SERVERS_VARIABLE}")
    if not wanted and os.environ.get(ENGINE_VARIABLE):
        return Servers(False, engine, f"asked for by {ENGINE_VARIABLE}")
    lacking = containers.what_is_lacking()
    if lacking and wanted:
        raise StackError(f"{SERVERS_VARIABLE} is docker, and {lacking}")
    return Servers(not lacking, engine, lacking or "a Docker engine answers")


def _need_servers(arguments: Iterable[str]) -> bool:
    """Whether a run reaches beyond the tests that have no I/O."""
    return any(_SERVERLESS.isdisjoint(PurePath(each.split("::")[0]).parts) for each in arguments)
