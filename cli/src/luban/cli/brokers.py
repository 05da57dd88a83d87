"""Which broker a stack has: one that it runs itself, or one that runs already."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args

from luban.cli.apache import ApacheBroker
from luban.cli.broker import Broker, EmbeddedBroker
from luban.cli.stack import Engine, StackError, default_engine

HELP = "embedded, apache (needs Java 17 and Maven), or host:port[,host:port…] of brokers that run already."
_ADDRESSES = r"[^\s,:]+:[0-9]{1,5}(,[^\s,:]+:[0-9]{1,5})*"


def choose(broker: str | None) -> tuple[Engine, str | None]:
    """The engine to run, and the address instead of it if one was named. Raises StackError where it is neither."""
    if broker is None:
        return default_engine(), None
    if broker in get_args(Engine):
        return cast("Engine", broker), None
    if re.fullmatch(_ADDRESSES, broker):
        return default_engine(), broker
    raise StackError(f"--broker {broker} is none of: {HELP}")


def broker_of(
    engine: Engine, directory: Path, *, port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Broker:
    """A broker of ours, not started. Each engine has a directory of its own in `directory`."""
    if engine == "apache":
        return ApacheBroker(directory / "kafka", port=port, log=log, environment=environment)
    return EmbeddedBroker(directory / "broker", port=port, log=log, environment=environment)
